import type { VirtualMachine, VirtualMachineInstance, VmiSpec, Volume } from '../../src/clone';
import type { ControllerRevision, KubernetesResource, Secret } from '../../src/clone/resources';
import type { CloneInput, FinalDocument, VmRef } from '../../src/contract';
import { type Kind, Kinds } from '../../src/kubernetes';
import { type Environment, startEnvironment } from '../support/environment';
import { powerOf } from '../support/invariants';
import { type DiskOptions, makeClass, makeMachine, makeNamespace } from '../support/machines';

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment?.stop());

const HALTED = { runStrategy: 'Halted' } as const;
const instancetypes = (plural: string, kind: string): Kind => ({
  group: 'instancetype.kubevirt.io',
  version: 'v1beta1',
  plural,
  kind,
  namespaced: !plural.includes('cluster'),
});
const Instancetype = instancetypes('virtualmachineinstancetypes', 'VirtualMachineInstancetype');
const ClusterPreference = instancetypes(
  'virtualmachineclusterpreferences',
  'VirtualMachineClusterPreference',
);

/** Clones a source that comes back as it was. */
async function cloned(source: VmRef, wish: Partial<CloneInput> = {}, target?: VmRef): Promise<FinalDocument> {
  const before = await powerOf(environment, source);
  const clone = await environment.clone(source, target ?? { ...source, name: `${source.name}-clone` }, wish);
  const last = await clone.result();
  expect(last.outcome).toBe('Completed');
  expect(await powerOf(environment, source)).toEqual(before);
  return last;
}

const get = <T extends KubernetesResource>(kind: Kind<T>, ref: VmRef) => environment.client.get(kind, ref);
/** What CDI makes on the way, and takes away again. */
async function temporary(): Promise<string[]> {
  const kinds = [Kinds.PersistentVolumeClaim, Kinds.VolumeSnapshot];
  const lists = await Promise.all(
    kinds.map((kind) => environment.client.list<KubernetesResource>(kind, { namespace: 'demo' })),
  );
  return lists
    .flatMap(({ items }) => items.map(({ metadata }) => metadata.name))
    .filter((name) => name.startsWith('tmp-'));
}

const of = (source: VmRef, namespace = source.namespace): VmRef => ({
  namespace,
  name: `${source.name}-clone`,
});

describe('disks', () => {
  test.each<[string, DiskOptions[], Partial<CloneInput['options']>, string[]]>([
    ['a snapshot', [{ name: 'root', class: 'snap' }], {}, ['snapshot']],
    ['one that binds late', [{ name: 'root', class: 'late' }], {}, ['csi-clone']],
    ['a block device', [{ name: 'root', block: true }], {}, ['csi-clone']],
    ['a block device over the network', [{ name: 'root', block: true, class: 'standard' }], {}, ['copy']],
    [
      'one that is plugged in',
      [{ name: 'root' }, { name: 'more', hotpluggable: true }],
      {},
      ['csi-clone', 'csi-clone'],
    ],
    [
      'ten',
      Array.from({ length: 10 }, (_, n) => ({ name: `d${n}`, class: n % 2 ? 'standard' : 'csi' }) as const),
      {},
      Array.from({ length: 10 }, (_, n) => (n % 2 ? 'copy' : 'csi-clone')),
    ],
    ['one of a very long name', [{ name: 'x'.repeat(62) }], {}, ['csi-clone']],
    ['to another class of the driver', [{ name: 'root' }], { storageClass: 'late' }, ['csi-clone']],
    ["to another driver's class", [{ name: 'root' }], { storageClass: 'elsewhere' }, ['copy']],
  ])('%s', async (what, disks, options, methods) => {
    for (const name of ['late', 'elsewhere'] as const) await makeClass(environment, name);
    const source = await makeMachine(environment, nameFor(what), { power: HALTED, disks });
    const { disks: copied } = await cloned(source, { options });
    expect(copied.map(({ phase, percent }) => `${phase} ${percent}`)).toEqual(
      methods.map(() => 'Succeeded 100'),
    );
    await environment.untilRunning(of(source));
    const { volumes = [] } = (await get(Kinds.VirtualMachine, of(source)))?.spec.template.spec ?? {};
    expect(volumes).toHaveLength(disks.length);
    for (const [index, { dataVolume }] of volumes.entries()) {
      expect(dataVolume?.name.length).toBeLessThanOrEqual(63);
      expect(dataVolume?.hotpluggable ?? false).toBe(disks[index]?.hotpluggable ?? false);
      const claim = await get(Kinds.PersistentVolumeClaim, { ...source, name: dataVolume?.name as string });
      expect(claim?.spec).toMatchObject({
        storageClassName: options.storageClass ?? disks[index]?.class ?? 'csi',
        volumeMode: disks[index]?.block ? 'Block' : 'Filesystem',
        accessModes: [disks[index]?.block ? 'ReadWriteMany' : 'ReadWriteOnce'],
      });
      expect(claim?.metadata.annotations?.['cdi.kubevirt.io/cloneType']).toBe(methods[index]);
    }
    await environment.poll(async () => (await temporary()).length === 0 || undefined);
  });
});

describe('an instancetype and a preference', () => {
  const typed = (spec: VirtualMachine['spec']) => {
    delete spec.template.spec.domain.memory;
    spec.instancetype = { name: 'big', kind: 'VirtualMachineInstancetype' };
    spec.preference = { name: 'linux' };
  };
  const cores = async (vm: VirtualMachine | undefined) => {
    const revision = await environment.client.get(Kinds.ControllerRevision, {
      namespace: vm?.metadata.namespace,
      name: vm?.spec.instancetype?.revisionName as string,
    });
    return (revision as ControllerRevision & { data: { spec: { cpu: { guest: number } } } }).data.spec.cpu
      .guest;
  };

  beforeAll(async () => {
    await makeNamespace(environment, 'demo');
    await makeNamespace(environment, 'lab');
    const spec = { cpu: { guest: 4 }, memory: { guest: '2Gi' } };
    await environment.client.create(Instancetype, {
      metadata: { namespace: 'demo', name: 'big' },
      spec,
    } as never);
    await environment.client.create(ClusterPreference, { metadata: { name: 'linux' }, spec: {} } as never);
  });

  test.each([
    ['in the same namespace', 'demo', 4],
    ['in another one, where the type does not exist', 'lab', 4],
  ])('the clone keeps the revision of its source: %s', async (what, namespace, guest) => {
    const source = await makeMachine(environment, `typed-${namespace}`, {
      power: HALTED,
      more: ({ spec }) => typed(spec),
    });
    // A virtual-machine controller that does not see yet what it has recorded would record it again.
    const seen = environment.simulator.context.cache(Kinds.VirtualMachine);
    const isRecorded = (vm?: VirtualMachine) =>
      vm?.status?.preferenceRef?.controllerRevisionRef !== undefined;
    await environment.until(seen, source, isRecorded);
    await environment.simulator.restartController('virt-controller');
    await environment.client.patchMerge(
      Instancetype,
      { namespace: 'demo', name: 'big' },
      {
        spec: { cpu: { guest: what.length } },
      },
    );
    const target = of(source, namespace);
    await cloned(source, { startAfterClone: true }, target);
    await environment.client.delete(Kinds.VirtualMachine, source);
    await environment.untilVm(source, (vm) => vm === undefined);
    await environment.untilRunning(target);
    const vm = (await get(Kinds.VirtualMachine, target)) as VirtualMachine;
    expect(await cores(vm)).toBe(guest);
    const vmi = (await get(Kinds.VirtualMachineInstance, target)) as VirtualMachineInstance;
    const { domain } = vmi.spec as VmiSpec;
    expect((domain.cpu?.sockets ?? 1) * (domain.cpu?.cores ?? 1)).toBe(guest);
    expect(vm.status?.instancetypeRef?.controllerRevisionRef?.name).toBe(vm.spec.instancetype?.revisionName);
    await environment.client.patchMerge(
      Instancetype,
      { namespace: 'demo', name: 'big' },
      { spec: { cpu: { guest: 4 } } },
    );
  });
});

test('a clone in another namespace with copies of its Secrets runs there, and takes them along when it is deleted', async () => {
  await makeNamespace(environment, 'lab');
  const source = await makeMachine(environment, 'secretive', {
    more: ({ spec }) => {
      spec.template.spec.volumes?.push({ name: 'init', cloudInitNoCloud: { secretRef: { name: 'init' } } });
      spec.template.spec.domain.devices?.disks?.push({ name: 'init', disk: { bus: 'virtio' } });
    },
  });
  await environment.client.create(Kinds.Secret, {
    metadata: { namespace: 'demo', name: 'init' },
    data: { userdata: 'IyEvYmluL3No' },
  });
  const refused = await environment.clone(source, of(source, 'lab'));
  await expect(refused.result()).rejects.toMatchObject({ cause: { type: 'PlanBlocked' } });
  await cloned(source, { options: { copySecrets: true }, startAfterClone: true }, of(source, 'lab'));
  await environment.untilRunning(of(source, 'lab'));
  const vm = (await get(Kinds.VirtualMachine, of(source, 'lab'))) as VirtualMachine;
  const [, init] = vm.spec.template.spec.volumes as Volume[];
  const { secretRef } = (init as Volume).cloudInitNoCloud as { secretRef: { name: string } };
  const copy = (await get(Kinds.Secret, { namespace: 'lab', name: secretRef.name })) as Secret;
  expect(copy.data).toEqual({ userdata: 'IyEvYmluL3No' });
  await environment.client.delete(Kinds.VirtualMachine, of(source, 'lab'));
  await environment.poll(
    async () => !(await get(Kinds.Secret, { namespace: 'lab', name: secretRef.name })) || undefined,
  );
});

test('a persistent TPM is refused, or begins empty on a claim of its own', async () => {
  await makeClass(environment, 'csi');
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await environment.client.patchMerge(Kinds.StorageClass, { name: 'csi' }, { metadata: { annotations } });
  const source = await makeMachine(environment, 'sealed', {
    more: ({ spec }) => {
      (spec.template.spec.domain.devices as { tpm?: object }).tpm = { persistent: true };
    },
  });
  const refused = await environment.clone(source, of(source));
  await expect(refused.result()).rejects.toMatchObject({ cause: { type: 'PlanBlocked' } });
  const { warnings } = await cloned(source, { options: { persistentState: 'empty' }, startAfterClone: true });
  expect(warnings.map(({ type }) => type)).toContain('PersistentStateEmpty');
  await environment.untilRunning(of(source));
  const claims = await environment.client.list(Kinds.PersistentVolumeClaim, { namespace: 'demo' });
  const kept = claims.items.flatMap(({ metadata }) => metadata.labels?.['persistent-state-for'] ?? []);
  expect(kept.sort()).toEqual(['sealed', 'sealed-clone']);
});

function nameFor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '-')
    .slice(0, 30);
}
