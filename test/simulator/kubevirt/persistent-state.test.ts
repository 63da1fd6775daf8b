import { KubeVirtKinds } from '../../../simulator/controllers/kubevirt/kinds';
import type { PersistentVolumeClaim } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { VmCluster } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start();
});
beforeEach(async () => {
  namespace = await cluster.makeNamespace();
});
afterAll(() => cluster.close());

const LABEL = 'persistent-state-for';
const tpm = { domain: { devices: { tpm: { persistent: true } } } };
const efi = {
  domain: { devices: {}, firmware: { bootloader: { efi: { persistent: true, secureBoot: false } } } },
};

async function statesOf(name: string): Promise<PersistentVolumeClaim[]> {
  const labelSelector = `${LABEL}=${name}`;
  return (await cluster.client.list(Kinds.PersistentVolumeClaim, { namespace, labelSelector })).items;
}

it('without a default storage class the VM does not start', async () => {
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Always' }, { template: tpm });
  const vmi = await cluster.untilVmi(namespace, 'vm', ({ status }) =>
    Boolean(status?.conditions?.some(({ type }) => type === 'Synchronized')),
  );
  expect(vmi.status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'Synchronized',
      status: 'False',
      reason: 'FailedBackendStorageCreate',
      message: 'no default storage class found',
    }),
  );
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  const metadata = { name: 'default', annotations };
  await cluster.client.create(Kinds.StorageClass, { metadata, provisioner: 'sim.csi' });
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
});

it.each([
  ['TPM', tpm],
  ['EFI variables', efi],
])('a lasting %s has a claim, made at the first start and found at the second', async (_what, template) => {
  await cluster.makeVm(namespace, 'vm', { runStrategy: 'Halted' }, { template });
  await cluster.untilVm(namespace, 'vm', ({ status }) => Boolean(status?.conditions));
  await cluster.untilReconciled(namespace, 'vm');
  expect(await statesOf('vm')).toEqual([]);
  await cluster.client.act({ namespace, name: 'vm' }, 'start');
  const { metadata } = await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  const [claim, ...others] = await statesOf('vm');
  expect(others).toEqual([]);
  expect(claim?.metadata.name).toMatch(/^persistent-state-for-vm-[a-z0-9]{5}$/);
  expect(claim?.metadata.ownerReferences).toEqual([
    expect.objectContaining({ kind: 'VirtualMachine', uid: metadata.uid, controller: true }),
  ]);
  expect(claim?.spec).toMatchObject({
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '10Mi' } },
    storageClassName: 'default',
    volumeMode: 'Filesystem',
  });
  const vmi = await cluster.untilVmi(namespace, 'vm', () => true);
  expect(vmi.status?.volumeStatus).toContainEqual(
    expect.objectContaining({
      name: 'persistent-state-for-this-vm',
      persistentVolumeClaimInfo: expect.objectContaining({ claimName: claim?.metadata.name }),
    }),
  );
  const { items } = await cluster.client.list(Kinds.Pod, { namespace });
  expect(items[0]?.spec?.volumes).toContainEqual({
    name: 'persistent-state-for-this-vm',
    persistentVolumeClaim: { claimName: claim?.metadata.name },
  });
  await cluster.client.act({ namespace, name: 'vm' }, 'stop');
  await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
  await cluster.client.act({ namespace, name: 'vm' }, 'start');
  await cluster.untilVm(namespace, 'vm', ({ status }) => status?.ready === true);
  expect((await statesOf('vm')).map((state) => state.metadata.uid)).toEqual([claim?.metadata.uid]);
  await cluster.client.delete(Kinds.VirtualMachine, { namespace, name: 'vm' });
  await cluster.untilGone(Kinds.PersistentVolumeClaim, {
    namespace,
    name: claim?.metadata.name as string,
  });
});

it('a preference for a lasting TPM makes one too', async () => {
  await cluster.client.create(KubeVirtKinds.Preference, {
    metadata: { namespace, name: 'windows' },
    spec: { devices: { preferredTPM: { persistent: true } } },
  });
  const preference = { name: 'windows', kind: 'VirtualMachinePreference' };
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { spec: { preference } });
  expect(await statesOf('vm')).toHaveLength(1);
});

it.each([
  ['a TPM that forgets', { domain: { devices: { tpm: {} } } }],
  ['one that is turned off', { domain: { devices: { tpm: { persistent: true, enabled: false } } } }],
])('%s has none', async (_what, template) => {
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { template });
  expect(await statesOf('vm')).toEqual([]);
});

it('the claim of a VM that has stopped to need it goes at the next start', async () => {
  await cluster.runVm(namespace, 'vm', { runStrategy: 'Always' }, { template: tpm });
  const [claim] = await statesOf('vm');
  await cluster.client.act({ namespace, name: 'vm' }, 'stop');
  await cluster.untilVm(namespace, 'vm', ({ status }) => !status?.created);
  const spec = { template: { spec: { domain: { devices: { tpm: { persistent: false } } } } } };
  await cluster.client.patchMerge(Kinds.VirtualMachine, { namespace, name: 'vm' }, { spec });
  await cluster.client.act({ namespace, name: 'vm' }, 'start');
  await cluster.untilGone(Kinds.PersistentVolumeClaim, { namespace, name: claim?.metadata.name as string });
});
