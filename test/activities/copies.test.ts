import { KubeVirtKinds } from '../../simulator/controllers/kubevirt/kinds';
import type { KubernetesResource, Secret, VirtualMachine } from '../../src/clone/resources';
import { MARKS } from '../../src/contract';
import { type Kind, Kinds } from '../../src/kubernetes';
import type { Clone } from '../support/environment';
import { refuse } from '../support/faults';
import { tracesOf } from '../support/invariants';
import { makeMachine } from '../support/machines';
import { crashesAt, finalFailure, useStage } from './stage';
import { StagedClone } from './staged-clone';

const stage = useStage();
const LAB = 'lab';
const PASSWORD = Buffer.from('hunter2').toString('base64');

/** A source that is off, names a Secret and a ConfigMap, and is cloned to another namespace with copies of both. */
async function ready(name: string): Promise<StagedClone> {
  const { environment } = stage;
  const source = await makeMachine(environment, name, { power: { runStrategy: 'Halted' } });
  await environment.client.create(Kinds.Namespace, { metadata: { name: LAB } }).catch(() => undefined);
  await make(
    Kinds.Secret,
    { ...source, name: `${name}-keys` },
    { type: 'Opaque', data: { password: PASSWORD } },
  );
  await make(Kinds.ConfigMap, { ...source, name: `${name}-answers` }, { data: { 'unattend.xml': '<x/>' } });
  const add = (path: string, value: unknown) => ({
    op: 'add' as const,
    path: `/spec/template/spec${path}`,
    value,
  });
  await environment.client.patchJson(Kinds.VirtualMachine, source, [
    add('/volumes/-', { name: 'keys', secret: { secretName: `${name}-keys` } }),
    add('/volumes/-', { name: 'answers', sysprep: { configMap: { name: `${name}-answers` } } }),
    add('/domain/devices/disks/-', { name: 'keys', disk: {} }),
    add('/domain/devices/disks/-', { name: 'answers', cdrom: { bus: 'sata' } }),
  ]);
  const wish = { target: { namespace: LAB, name: `${name}-clone` }, options: { copySecrets: true } };
  return StagedClone.again(stage, source, wish);
}

function make(kind: Kind, { namespace, name }: { namespace: string; name: string }, held: object) {
  return stage.environment.client.create(kind, { metadata: { namespace, name }, ...held });
}

/** The clone's copies, by what they are copies of. */
async function copiesOf(clone: StagedClone): Promise<(KubernetesResource | undefined)[]> {
  return Promise.all(
    clone.copies.map(({ kind, name }) => stage.get(Kinds[kind] as Kind, { namespace: LAB, name })),
  );
}

test('a clone in another namespace gets a Secret and a ConfigMap of its own, which hold the same', async () => {
  const clone = await (await ready('own')).off();
  const result = await stage.run('createTarget', clone.createInput);
  const uid = clone.input.cloneUid.slice(0, 8);
  expect(clone.copies).toEqual([
    { kind: 'Secret', from: 'own-keys', name: `own-clone-own-keys-${uid}` },
    { kind: 'ConfigMap', from: 'own-answers', name: `own-clone-own-answers-${uid}` },
  ]);
  const vm = (await clone.targetVm()) as VirtualMachine;
  const [secret, answers] = await copiesOf(clone);
  expect(secret).toMatchObject({ type: 'Opaque', data: { password: PASSWORD } });
  expect(answers).toMatchObject({ data: { 'unattend.xml': '<x/>' } });
  for (const copy of [secret, answers]) {
    expect(copy?.metadata.ownerReferences).toMatchObject([{ kind: 'VirtualMachine', uid: vm.metadata.uid }]);
    expect(copy?.metadata.labels).toEqual({
      [MARKS.cloneUid]: clone.input.cloneUid,
      [MARKS.installation]: clone.input.installation,
    });
  }
  expect(vm.spec.template.spec.volumes).toEqual([
    expect.objectContaining({ name: 'root' }),
    { name: 'keys', secret: { secretName: secret?.metadata.name } },
    { name: 'answers', sysprep: { configMap: { name: answers?.metadata.name } } },
  ]);
  expect(JSON.stringify([result, clone.copies])).not.toContain(PASSWORD);
});

test('run twice: the same, nothing written again', async () => {
  const clone = await (await ready('again')).off();
  const planned = { disks: clone.disks, copies: clone.copies };
  await stage.crash('createTarget', clone.createInput, 3, 'taken');
  const before = (await copiesOf(clone)).map((copy) => copy?.metadata.uid);
  await stage.run('createTarget', clone.createInput);
  expect({ disks: clone.disks, copies: clone.copies }).toEqual(planned);
  expect((await copiesOf(clone)).map((copy) => copy?.metadata.uid)).toEqual(before);
  const writes = await stage.writesOf(() => stage.run('createTarget', clone.createInput));
  expect(writes).toEqual([]);
});

test('what is to be copied was deleted meanwhile: final, and told', async () => {
  const clone = await (await ready('lost')).off();
  await stage.environment.client.delete(Kinds.Secret, { ...clone.source, name: 'lost-keys' });
  await expect(stage.run('createTarget', clone.createInput)).rejects.toMatchObject(
    finalFailure('SourceChanged', 'Secret demo/lost-keys, which the clone needs, is gone'),
  );
});

test("a Secret of the copy's name is somebody's: it stays as it is, also in the undo", async () => {
  const clone = await (await ready('foreign')).off();
  const name = clone.copies[0]?.name as string;
  const made = await make(Kinds.Secret, { namespace: LAB, name }, { data: { theirs: PASSWORD } });
  await expect(stage.run('createTarget', clone.createInput)).rejects.toMatchObject(
    finalFailure('NameTaken', `Secret ${LAB}/${name} exists and is not ours`),
  );
  await stage.run('deleteTarget', { ...clone.scope, record: undefined });
  await stage.run('proveCleanUp', { ...clone.scope, record: undefined, deadline: Date.now() + 20_000 });
  const after = (await stage.get(Kinds.Secret, { namespace: LAB, name })) as Secret;
  expect(after.metadata).toMatchObject({ uid: made.metadata.uid });
  expect(after.data).toEqual({ theirs: PASSWORD });
});

test('the undo leaves none of them, and the source keeps its own', async () => {
  const clone = await (await ready('undone')).created();
  await stage.run('deleteTarget', clone.scope);
  await stage.run('proveCleanUp', { ...clone.scope, deadline: Date.now() + 20_000 });
  expect(await copiesOf(clone)).toEqual([undefined, undefined]);
  expect(await stage.get(Kinds.Secret, { ...clone.source, name: 'undone-keys' })).toBeDefined();
});

test('its frozen plan is gone, and a copy is missing: the clone is not whole', async () => {
  const clone = await (await ready('partly')).created();
  await stage.run('createTarget', clone.createInput);
  const name = clone.copies[1]?.name as string;
  await stage.environment.client.delete(Kinds.ConfigMap, { namespace: LAB, name });
  await expect(stage.run('createTarget', clone.createInput)).rejects.toMatchObject({ type: 'SourceDeleted' });
});

test('a copy that the namespace would not take is known before anything is touched', async () => {
  const clone = await ready('forbidden');
  const allow = refuse(
    stage.environment,
    ({ kind, namespace }) => kind.kind === 'Secret' && namespace === LAB,
  );
  const writes = await stage.writesOf(async () => {
    await expect(stage.run('planClone', clone.input)).rejects.toMatchObject(
      finalFailure('PlanBlocked', 'The cluster would refuse the clone'),
    );
  });
  allow();
  expect(writes).toEqual([]);
});

test.each([true, false])(
  'what a finished clone owns stays, its labels on or off (on: %p)',
  async (labelled) => {
    const clone = await (await ready(`finished-${labelled}`)).copied();
    await stage.run('finishTarget', clone.finishInput);
    const { client } = stage.environment;
    const labels = { [MARKS.cloneUid]: null, [MARKS.installation]: null };
    if (!labelled) await client.patchMerge(Kinds.VirtualMachine, clone.target, { metadata: { labels } });
    const before = [...(await copiesOf(clone)), await clone.dataVolume('root'), await clone.targetVm()];
    // As a run that was reset to before it knew what it made.
    const scope = { ...clone.scope, record: undefined, runId: 'another' };
    const { uids } = await stage.run('deleteTarget', scope);
    await stage.run('proveCleanUp', { ...scope, uids, deadline: Date.now() + 2_000 });
    const after = [...(await copiesOf(clone)), await clone.dataVolume('root'), await clone.targetVm()];
    expect(after.map((each) => each?.metadata.uid)).toEqual(before.map((each) => each?.metadata.uid));
    expect(after.every((each) => each && !each.metadata.deletionTimestamp)).toBe(true);
  },
);

test('Secrets are read one by one, and never listed', async () => {
  const clone = await ready('listed');
  stage.environment.clearRequests();
  await (await clone.off()).created();
  await stage.run('deleteTarget', clone.scope);
  await stage.run('proveCleanUp', { ...clone.scope, deadline: Date.now() + 20_000 });
  const verbs = stage.environment
    .workerRequests()
    .filter(({ path }) => path.includes('/secrets'))
    .map(({ verb }) => verb);
  expect(verbs).toContain('get');
  expect(verbs.filter((verb) => !['create', 'get', 'delete'].includes(verb))).toEqual([]);
});

test('the proof takes away a copy that nothing else takes away', async () => {
  const clone = await (await ready('loose')).created();
  const { client } = stage.environment;
  const [copy] = clone.copies;
  const ref = { namespace: LAB, name: copy?.name as string };
  await client.patchMerge(Kinds.Secret, ref, { metadata: { ownerReferences: null } });
  await stage.run('deleteTarget', clone.scope);
  await stage.run('proveCleanUp', { ...clone.scope, deadline: Date.now() + 20_000 });
  expect(await stage.get(Kinds.Secret, ref)).toBeUndefined();
});

describe('the revision of a preference, without which the webhook refuses the VM', () => {
  /** A source whose secure boot needs the SMM that its preference gives it. */
  async function typed(name: string): Promise<StagedClone> {
    const { environment } = stage;
    await environment.client
      .create(KubeVirtKinds.ClusterPreference, {
        metadata: { name: 'windows' },
        spec: { features: { preferredSmm: {} } },
      } as never)
      .catch(() => undefined);
    const source = await makeMachine(environment, name, {
      power: { runStrategy: 'Halted' },
      more: ({ spec }) => {
        spec.preference = { name: 'windows' };
        spec.template.spec.domain.firmware = { bootloader: { efi: {} } };
      },
    });
    await environment.untilVm(source, (vm) => vm?.status?.preferenceRef?.controllerRevisionRef !== undefined);
    return StagedClone.again(stage, source);
  }

  const revisionOf = async (clone: StagedClone) =>
    stage.get(Kinds.ControllerRevision, { ...clone.target, name: clone.copies[0]?.name as string });

  test('is there before the VM, and owned by it in the end', async () => {
    const clone = await typed('sealed');
    await stage.run('planClone', clone.input);
    await (await clone.off()).created();
    const vm = (await clone.targetVm()) as VirtualMachine;
    expect(vm.spec.preference).toEqual({ name: 'windows', revisionName: clone.copies[0]?.name });
    const revision = await revisionOf(clone);
    expect(revision?.metadata.ownerReferences).toMatchObject([{ uid: vm.metadata.uid, controller: true }]);
    expect(revision?.metadata.labels).toMatchObject({ 'instancetype.kubevirt.io/object-name': 'windows' });
  });

  test.each(crashesAt(5))(
    'its process ends at write %i, %s: the next attempt goes on',
    async (write, how) => {
      const clone = await (await typed(`on-${write}-${how}`)).off();
      await stage.crash('createTarget', clone.createInput, write, how);
      const before = (await revisionOf(clone))?.metadata.uid;
      const record = await stage.run('createTarget', clone.createInput);
      const revision = await revisionOf(clone);
      if (before) expect(revision?.metadata.uid).toBe(before);
      expect(revision?.metadata.ownerReferences).toMatchObject([{ uid: record.vmUid }]);
    },
  );

  test.each(crashesAt(5))('its process ends at write %i, %s: the undo leaves nothing', async (write, how) => {
    const clone = await (await typed(`off-${write}-${how}`)).off();
    await stage.crash('createTarget', clone.createInput, write, how);
    const scope = { ...clone.scope, record: undefined };
    const { uids } = await stage.run('deleteTarget', scope);
    await stage.run('proveCleanUp', { ...scope, uids, deadline: Date.now() + 20_000 });
    expect(await tracesOf(stage.environment, { input: clone.input } as Clone)).toEqual([]);
  });
});
