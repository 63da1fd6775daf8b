import type { VirtualMachine } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { answerOf, blankTemplate, VmCluster, vmNamed, volumesOf } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start();
  namespace = await cluster.makeNamespace();
});
afterAll(() => cluster.close());

const denied = (why: string, webhook = 'virtualmachine-validator') =>
  `422 admission webhook "${webhook}.kubevirt.io" denied the request: ${why}`;

const disks = volumesOf({ root: { dataVolume: 'vm-root' } });
const network = { networks: [{ name: 'default', pod: {} }] };
const nic = (macAddress: string) => ({
  ...network,
  domain: { devices: { interfaces: [{ name: 'default', masquerade: {}, macAddress }] } },
});

type Case = [what: string, change: (vm: VirtualMachine) => object, answer: string];

describe('a new VM', () => {
  it.each<Case>([
    ['one that is complete', () => ({}), '202'],
    [
      'both forms of the run strategy',
      () => ({ running: true }),
      denied(
        'Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead',
      ),
    ],
    ['no run strategy', () => ({ runStrategy: undefined }), denied('RunStrategy must be specified')],
    [
      'an unknown run strategy',
      () => ({ runStrategy: 'Sometimes' }),
      denied('Invalid RunStrategy (Sometimes)'),
    ],
    [
      'an unknown field',
      () => ({ colour: 'red' }),
      denied('spec.colour in body is a forbidden property', 'virtualmachines-mutator'),
    ],
    [
      'no template',
      () => ({ template: undefined }),
      denied('spec.template in body is required', 'virtualmachines-mutator'),
    ],
    [
      'no devices',
      () => ({ template: { spec: { domain: {} } } }),
      denied('spec.template.spec.domain.devices in body is required', 'virtualmachines-mutator'),
    ],
    [
      'a template that no volume names',
      () => ({ dataVolumeTemplates: [blankTemplate('other', 'standard')] }),
      denied(
        "DataVolumeTemplate entry spec.dataVolumeTemplate[0] must be referenced in the VMI template's 'volumes' list",
      ),
    ],
    [
      'a template that a volume names',
      () => ({ template: { spec: disks }, dataVolumeTemplates: [blankTemplate('vm-root', 'standard')] }),
      '202',
    ],
    [
      'a disk without a volume',
      () => ({ template: { spec: { ...disks, volumes: [] } } }),
      denied("spec.template.spec.domain.devices.disks[0].Name 'root' not found."),
    ],
    ['a volume without a disk', () => ({ template: { spec: { ...disks, domain: { devices: {} } } } }), '202'],
    [
      'two volumes of one name',
      () => ({ template: { spec: { ...disks, volumes: [...disks.volumes, ...disks.volumes] } } }),
      denied('spec.template.spec.volumes[1] and spec.template.spec.volumes[0] must not have the same Name.'),
    ],
    [
      'a volume with two sources',
      () => ({
        template: {
          spec: {
            ...disks,
            volumes: [{ name: 'root', emptyDisk: { capacity: '1Gi' }, dataVolume: { name: 'a' } }],
          },
        },
      }),
      denied('spec.template.spec.volumes[0] must have exactly one source type set'),
    ],
    ['a MAC address', () => ({ template: { spec: nic('02:00:00:00:00:01') } }), '202'],
    [
      'a bad MAC address',
      () => ({ template: { spec: nic('02:00:00:00:00') } }),
      denied(
        'interface spec.template.spec.domain.devices.interfaces[0].name has malformed MAC address (02:00:00:00:00).',
      ),
    ],
    [
      'a MAC address of eight bytes',
      () => ({ template: { spec: nic('02:00:00:00:00:00:00:01') } }),
      denied(
        'interface spec.template.spec.domain.devices.interfaces[0].name has too long MAC address (02:00:00:00:00:00:00:01).',
      ),
    ],
    [
      'an interface without a network',
      () => ({ template: { spec: { ...nic('02:00:00:00:00:01'), networks: [] } } }),
      denied(
        "Masquerade interface only implemented with pod network, spec.template.spec.domain.devices.interfaces[0].name 'default' not found.",
      ),
    ],
  ])('with %s', async (_what, change, answer) => {
    const vm = vmNamed(namespace, 'vm', { runStrategy: 'Halted' });
    const made = cluster.client.create(Kinds.VirtualMachine, { ...vm, spec: { ...vm.spec, ...change(vm) } });
    expect(await answerOf(made)).toBe(answer);
    if (answer !== '202') return;
    await cluster.client.delete(Kinds.VirtualMachine, { namespace, name: 'vm' });
    await cluster.untilGone(Kinds.VirtualMachine, { namespace, name: 'vm' });
  });

  it.each(['a'.repeat(64), 'with.dots'])('may be called %s', async (name) => {
    expect(await answerOf(cluster.makeVm(namespace, name, { runStrategy: 'Halted' }))).toBe('202');
  });

  it('keeps the firmware that it brings, also one that another VM has', async () => {
    const firmware = { uuid: '11111111-2222-4333-8444-555555555555', serial: 'S1' };
    for (const name of ['first', 'second']) {
      const template = { domain: { firmware, devices: {} } };
      const { spec } = await cluster.makeVm(namespace, name, { runStrategy: 'Halted' }, { template });
      expect(spec.template.spec.domain.firmware).toEqual(firmware);
    }
  });
});

it('the run strategy cannot be written onto a VM of the deprecated form', async () => {
  await cluster.makeVm(namespace, 'legacy', { running: false });
  const patch = cluster.client.patchMerge(
    Kinds.VirtualMachine,
    { namespace, name: 'legacy' },
    { spec: { runStrategy: 'Always' } },
  );
  expect(await answerOf(patch)).toMatch(/^422 .*Running and RunStrategy are mutually exclusive/);
});

it('nobody but KubeVirt changes a VMI: its spec is refused, its status put back', async () => {
  const ref = { namespace, name: 'running' };
  await cluster.runVm(namespace, 'running', { runStrategy: 'Always' });
  const changed = cluster.client.patchMerge(Kinds.VirtualMachineInstance, ref, {
    spec: { hostname: 'other' },
  });
  expect(await answerOf(changed)).toBe(
    denied('update of VMI object is restricted', 'virtualmachineinstances-update-validator'),
  );
  const patched = await cluster.client.patchMerge(Kinds.VirtualMachineInstance, ref, {
    metadata: { labels: { mine: 'yes' } },
    status: { phase: 'Succeeded' },
  });
  expect(patched.metadata.labels?.mine).toBe('yes');
  expect(patched.status?.phase).toBe('Running');
});
