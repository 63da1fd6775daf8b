import { isDeepStrictEqual } from 'node:util';
import { Kinds } from '../../../src/kubernetes';
import { DiskCluster } from '../disks';

const SLOW = { annotations: { 'simulator.vm-clone.io/copy-seconds': '0.4' } };

let cluster: DiskCluster;
beforeEach(async () => {
  cluster = await DiskCluster.start();
});
afterEach(() => cluster.close());

async function uidOf(name: string): Promise<string> {
  const claim = await cluster.until(Kinds.PersistentVolumeClaim, { namespace: 'demo', name }, () => true);
  return claim.metadata.uid ?? '';
}

/** The temporary claim and the two pods of the clone `name`, by the names that CDI gives them. */
async function temporaries(name: string) {
  const claim = { namespace: 'demo', name: `tmp-pvc-${await uidOf(name)}` };
  const { metadata } = await cluster.until(Kinds.PersistentVolumeClaim, claim, () => true);
  return {
    claim,
    upload: { namespace: 'demo', name: `cdi-upload-${claim.name}` },
    source: { namespace: 'demo', name: `${metadata.uid}-source-pod` },
  };
}

const isRunning = ({ status }: { status?: { phase?: string } }) => status?.phase === 'Running';

test('goes through the phases, words and objects of a recorded copy, in their order', async () => {
  await cluster.makeDisk('src', { content: 'a system' });
  const recording = await cluster.record();
  await cluster.clone('src', 'c1', SLOW);
  const { claim, upload, source } = await temporaries('c1');
  const dataVolume = await cluster.untilPhase('c1', 'Succeeded');
  await cluster.untilGone(Kinds.PersistentVolumeClaim, claim);
  await cluster.untilGone(Kinds.Pod, source);

  const phases = recording.field('DV', 'c1', 'phase').filter((phase) => phase !== 'Pending');
  expect(phases.filter((phase) => phase !== 'RebindInProgress')).toEqual([
    '',
    'CloneScheduled',
    'CloneInProgress',
    'Succeeded',
  ]);
  const progress = recording.field('DV', 'c1', 'progress');
  expect(progress.slice(0, 2)).toEqual(['', 'N/A']);
  expect(progress.at(-1)).toBe('100.0%');
  const numbers = progress.slice(2, -1);
  expect(numbers.length).toBeGreaterThan(0);
  for (const number of numbers) expect(number).toMatch(/^\d{1,3}\.\d\d%$/);
  expect([...numbers].sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b))).toEqual(numbers);
  expect(dataVolume.status).toMatchObject({ claimName: 'c1' });
  expect(recording.of('DV', 'c1')).toContain(
    'phase=CloneInProgress progress=N/A restarts= claim=c1 Bound=False(Pending) Ready=False(TransferRunning) Running=True(Pod is running)',
  );

  const order = [
    'DV c1 phase= ',
    'PVC c1 phase=Pending volume=no source=VolumeCloneSource',
    `PVC ${claim.name} phase=Pending volume=no source=`,
    `Pod ${upload.name} phase=Pending`,
    `PVC ${claim.name} phase=Pending volume=yes`,
    `PVC ${claim.name} phase=Bound`,
    `Pod ${upload.name} phase=Running`,
    `Pod ${source.name} phase=Pending`,
    `Pod ${source.name} phase=Running`,
    `Pod ${source.name} phase=Succeeded`,
    `Pod ${upload.name} phase=Succeeded`,
    `Pod ${upload.name} GONE`,
    'PVC c1 phase=Pending volume=yes',
    'PVC c1 phase=Bound',
    `PVC ${claim.name} GONE`,
  ].map((line) => recording.at(line));
  expect([...order].sort((a, b) => a - b)).toEqual(order);
  expect(recording.at(`PVC ${claim.name} phase=Lost`)).toBeGreaterThan(
    recording.at('PVC c1 phase=Pending volume=yes'),
  );
});

test('marks the claims and pods as CDI does, so that the clean-up of others can find them', async () => {
  await cluster.makeDisk('src');
  const { metadata } = await cluster.clone('src', 'c1', SLOW);
  const { claim, upload, source } = await temporaries('c1');
  await cluster.until(Kinds.Pod, source, isRunning);
  const target = await cluster.client.get(Kinds.PersistentVolumeClaim, { namespace: 'demo', name: 'c1' });
  expect(target?.metadata).toMatchObject({
    labels: { app: 'containerized-data-importer' },
    annotations: {
      'cdi.kubevirt.io/createdForDataVolume': metadata.uid,
      'simulator.vm-clone.io/copy-seconds': '0.4',
      'cdi.kubevirt.io/cloneType': 'copy',
    },
    finalizers: ['kubernetes.io/pvc-protection', 'cdi.kubevirt.io/clonePopulator'],
    ownerReferences: [{ kind: 'DataVolume', uid: metadata.uid, controller: true, blockOwnerDeletion: true }],
  });
  expect(target?.spec.dataSourceRef).toEqual({
    apiGroup: 'cdi.kubevirt.io',
    kind: 'VolumeCloneSource',
    name: `volume-clone-source-${metadata.uid}`,
  });
  const temporary = await cluster.client.get(Kinds.PersistentVolumeClaim, claim);
  expect(temporary?.metadata).toMatchObject({
    labels: { 'cdi.kubevirt.io/OwnedByUID': target?.metadata.uid },
    annotations: {
      'cdi.kubevirt.io/createdForDataVolume': metadata.uid,
      'k8s.io/CloneRequest': 'demo/src',
    },
    finalizers: ['kubernetes.io/pvc-protection', 'cdi.kubevirt.io/cloneSource'],
  });
  expect(temporary?.metadata.ownerReferences).toBeUndefined();
  const pods = await Promise.all([upload, source].map((ref) => cluster.client.get(Kinds.Pod, ref)));
  expect(pods.map((pod) => pod?.spec?.volumes?.[0]?.persistentVolumeClaim?.claimName)).toEqual([
    claim.name,
    'src',
  ]);
});

test('the clone holds what was on the source when the copy began', async () => {
  const disk = await cluster.makeDisk('src', { content: 'before' });
  await cluster.clone('src', 'c1', SLOW);
  await cluster.until(
    Kinds.DataVolume,
    { namespace: 'demo', name: 'c1' },
    ({ status }) => Number.parseFloat(status?.progress ?? '') > 10,
  );
  await cluster.writeContent(disk, 'after');
  await cluster.untilPhase('c1', 'Succeeded');
  const clone = await cluster.client.get(Kinds.PersistentVolumeClaim, { namespace: 'demo', name: 'c1' });
  expect(clone && (await cluster.contentOf(clone))).toBe('before');
  expect(await cluster.contentOf(disk)).toBe('after');
});

test('waits while a pod uses the source, names it in an Event, and goes on when it is gone', async () => {
  await cluster.makeDisk('src');
  await cluster.usePod('virt-launcher-src', 'src');
  await cluster.clone('src', 'c1');
  const message = 'pod demo/virt-launcher-src using PersistentVolumeClaim src';
  const { items } = await untilEvent('CloneSourceInUse');
  expect(items).toContainEqual(
    expect.objectContaining({
      message,
      type: 'Warning',
      involvedObject: expect.objectContaining({ kind: 'PersistentVolumeClaim', name: 'c1' }),
    }),
  );
  const { status } = await cluster.untilPhase('c1', 'CloneInProgress');
  expect(status?.progress).toBe('N/A');
  const { source } = await temporaries('c1');
  expect(await cluster.client.get(Kinds.Pod, source)).toBeUndefined();
  const untilBound = (condition: object) =>
    cluster.until(Kinds.DataVolume, { namespace: 'demo', name: 'c1' }, (dataVolume) => {
      const bound = dataVolume.status?.conditions?.find(({ type }) => type === 'Bound');
      return isDeepStrictEqual({ ...bound, ...condition }, bound);
    });
  const told = `target PVC c1 Pending and ${message}`;
  await untilBound({ status: 'False', reason: 'Pending', message: told });
  await cluster.endPod('virt-launcher-src');
  await cluster.untilPhase('c1', 'Succeeded');
  await untilBound({ status: 'True', reason: 'Bound', message: 'PVC c1 Bound' });
});

test('does not notice a source that is started in mid-copy', async () => {
  await cluster.makeDisk('src');
  await cluster.clone('src', 'c1', SLOW);
  const { source } = await temporaries('c1');
  await cluster.until(Kinds.Pod, source, isRunning);
  await cluster.usePod('virt-launcher-src', 'src');
  await cluster.untilPhase('c1', 'Succeeded');
  const { items } = await cluster.client.list(Kinds.Event, { namespace: 'demo' });
  expect(items.map(({ reason }) => reason)).not.toContain('CloneSourceInUse');
});

test('a copy that crashes twice starts again from nothing, counts its restarts, and succeeds', async () => {
  await cluster.makeDisk('src');
  const recording = await cluster.record();
  const annotations = { ...SLOW.annotations, 'simulator.vm-clone.io/copy': 'crash:2' };
  await cluster.clone('src', 'c1', { annotations });
  const { status } = await cluster.untilPhase('c1', 'Succeeded');
  expect(status?.restartCount).toBe(2);
  const numbers = recording
    .field('DV', 'c1', 'progress')
    .map(Number.parseFloat)
    .filter((number) => !Number.isNaN(number));
  expect(numbers.some((number, index) => number < (numbers[index - 1] ?? 0))).toBe(true);
  expect(
    recording.of('DV', 'c1').some((line) => /Ready=False Running=False\(Pod is running\)/.test(line)),
  ).toBe(true);
});

test('a copy that always crashes stays in progress, with ever more restarts', async () => {
  await cluster.makeDisk('src');
  const recording = await cluster.record();
  const annotations = { 'simulator.vm-clone.io/copy-seconds': '0.1', 'simulator.vm-clone.io/copy': 'fail' };
  await cluster.clone('src', 'c1', { annotations });
  await cluster.until(
    Kinds.DataVolume,
    { namespace: 'demo', name: 'c1' },
    ({ status }) => (status?.restartCount ?? 0) >= 3,
  );
  expect(recording.field('DV', 'c1', 'phase').at(-1)).toBe('CloneInProgress');
  expect(recording.field('DV', 'c1', 'phase')).not.toContain('Failed');
  expect(recording.field('DV', 'c1', 'restarts')).toEqual(expect.arrayContaining(['1', '2', '3']));
});

test('a copy that stalls stays where it is', async () => {
  await cluster.makeDisk('src');
  const annotations = { ...SLOW.annotations, 'simulator.vm-clone.io/copy': 'stall:40' };
  const ref = { namespace: 'demo', name: 'c1' };
  await cluster.clone('src', 'c1', { annotations });
  await cluster.until(Kinds.DataVolume, ref, ({ status }) => status?.progress === '40.00%');
  const { source } = await temporaries('c1');
  expect((await cluster.client.get(Kinds.Pod, source))?.status?.phase).toBe('Running');
  expect((await cluster.client.get(Kinds.DataVolume, ref))?.status?.phase).toBe('CloneInProgress');
});

test('the DataVolume deleted in mid-copy takes all with it, and the source stays', async () => {
  await cluster.makeDisk('src');
  await cluster.clone('src', 'c1', { annotations: { 'simulator.vm-clone.io/copy-seconds': '60' } });
  const { claim, upload, source } = await temporaries('c1');
  await cluster.until(Kinds.Pod, source, isRunning);
  await cluster.client.delete(Kinds.DataVolume, { namespace: 'demo', name: 'c1' });
  await cluster.untilGone(Kinds.PersistentVolumeClaim, claim);
  await cluster.untilGone(Kinds.PersistentVolumeClaim, { namespace: 'demo', name: 'c1' });
  await cluster.untilGone(Kinds.Pod, upload);
  await cluster.untilGone(Kinds.Pod, source);
  const left = await cluster.client.get(Kinds.PersistentVolumeClaim, { namespace: 'demo', name: 'src' });
  expect(left?.metadata.deletionTimestamp).toBeUndefined();
});

test('a copy deleted while cdi-controller is down hangs on its finalizers until it is back', async () => {
  await cluster.makeDisk('src');
  await cluster.clone('src', 'c1', { annotations: { 'simulator.vm-clone.io/copy-seconds': '60' } });
  const { claim, source } = await temporaries('c1');
  await cluster.until(Kinds.Pod, source, isRunning);
  await cluster.stopPart('cdi');
  await cluster.client.delete(Kinds.DataVolume, { namespace: 'demo', name: 'c1' });
  const target = await cluster.until(
    Kinds.PersistentVolumeClaim,
    { namespace: 'demo', name: 'c1' },
    ({ metadata }) =>
      metadata.deletionTimestamp !== undefined &&
      metadata.finalizers?.join() === 'cdi.kubevirt.io/clonePopulator',
  );
  expect(target.metadata.finalizers).toEqual(['cdi.kubevirt.io/clonePopulator']);
  expect(
    (await cluster.client.get(Kinds.PersistentVolumeClaim, claim))?.metadata.deletionTimestamp,
  ).toBeUndefined();
  expect((await cluster.client.get(Kinds.Pod, source))?.status?.phase).toBe('Running');
  await cluster.startPart('cdi');
  await cluster.untilGone(Kinds.PersistentVolumeClaim, { namespace: 'demo', name: 'c1' });
  await cluster.untilGone(Kinds.PersistentVolumeClaim, claim);
  await cluster.untilGone(Kinds.Pod, source);
});

test('cdi-controller stopped and started in mid-copy: the copy succeeds', async () => {
  await cluster.makeDisk('src', { content: 'a system' });
  await cluster.clone('src', 'c1', SLOW);
  const { source } = await temporaries('c1');
  await cluster.until(Kinds.Pod, source, isRunning);
  await cluster.stopPart('cdi');
  await cluster.until(Kinds.Pod, source, ({ status }) => status?.phase === 'Succeeded');
  await cluster.startPart('cdi');
  await cluster.untilPhase('c1', 'Succeeded');
});

test('the source deleted in mid-copy is held until the copy has ended', async () => {
  await cluster.makeDisk('src', { content: 'a system' });
  const recording = await cluster.record();
  await cluster.clone('src', 'c1', SLOW);
  const { source } = await temporaries('c1');
  await cluster.until(Kinds.Pod, source, isRunning);
  await cluster.client.delete(Kinds.DataVolume, { namespace: 'demo', name: 'src' });
  await cluster.untilPhase('c1', 'Succeeded');
  await cluster.untilGone(Kinds.PersistentVolumeClaim, { namespace: 'demo', name: 'src' });
  expect(recording.at('PVC src phase=Bound volume=yes source=VolumeImportSource DELETING')).toBeLessThan(
    recording.at(`Pod ${source.name} phase=Succeeded`),
  );
  expect(recording.at('PVC src GONE')).toBeGreaterThan(recording.at(`Pod ${source.name} GONE`));
});

async function untilEvent(reason: string) {
  await cluster.untilTrue(Kinds.Event, async () => {
    const { items } = await cluster.client.list(Kinds.Event, { namespace: 'demo' });
    return items.some((event) => event.reason === reason);
  });
  return cluster.client.list(Kinds.Event, { namespace: 'demo' });
}

test('what is said of the temporary claim is said of the clone’s claim too, with its name', async () => {
  await cluster.makeDisk('src');
  await cluster.clone('src', 'c1', { annotations: { 'simulator.vm-clone.io/provision': 'never' } });
  const uid = await uidOf('c1');
  await cluster.untilTrue(Kinds.Event, async () =>
    (await cluster.client.list(Kinds.Event)).items.some(
      ({ involvedObject, reason, message }) =>
        involvedObject.uid === uid &&
        reason === 'ProvisioningFailed' &&
        message?.startsWith(`[tmp-pvc-${uid}] : failed to provision volume`),
    ),
  );
});
