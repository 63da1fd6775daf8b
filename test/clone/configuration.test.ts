import { describeConfiguration } from '../../src/clone/configuration';
import { planClone } from '../../src/clone/plan';
import { facts, type Patch, vm, vmi, withTemplateSpec } from './objects';

const describeVm = (patch: Patch, instance: Patch = {}) =>
  describeConfiguration(vm(patch), { vmi: vmi(instance), revisions: [] }, []);
const templateMetadata = (metadata: Patch) => ({ spec: { template: { metadata } } });

test('console.md, The modal: everything as it is written there', () => {
  const source = withTemplateSpec({
    domain: {
      devices: {
        disks: [
          { name: 'root', disk: {} },
          { name: 'logs', bootOrder: 1, disk: {} },
        ],
        interfaces: [
          { name: 'nic1' },
          { name: 'nic2', model: 'e1000e', macAddress: '02:00:00:00:00:02' },
          { name: 'nic3' },
        ],
      },
    },
  });
  const { configuration } = planClone(
    facts({ source, vmi: vmi({ status: { interfaces: [{ name: 'nic1', mac: '02:00:00:00:00:01' }] } }) }),
  );
  expect(configuration).toEqual({
    os: null,
    flavor: '2 CPU, 4 GiB memory',
    workload: null,
    nics: [
      'nic1 – VirtIO – 02:00:00:00:00:01',
      'nic2 – e1000e – 02:00:00:00:00:02',
      'nic3 – VirtIO – no fixed MAC',
    ],
    disks: ['root – 10 GiB – fast – CSI clone', 'logs (Bootable) – 2 GiB – fast – CSI clone'],
  });
});

test('without a boot order the first disk boots', () =>
  expect(planClone(facts()).configuration.disks[0]).toBe('root (Bootable) – 10 GiB – fast – CSI clone'));

test.each<[string, Patch, Patch, string | null]>([
  [
    'guest agent',
    templateMetadata({ annotations: { 'vm.kubevirt.io/os': 'rhel9' } }),
    { status: { guestOSInfo: { prettyName: 'Fedora Linux 42' } } },
    'Fedora Linux 42',
  ],
  ["template's annotation", templateMetadata({ annotations: { 'vm.kubevirt.io/os': 'rhel9' } }), {}, 'rhel9'],
  ["VM's annotation", { metadata: { annotations: { 'vm.kubevirt.io/os': 'rhel9' } } }, {}, 'rhel9'],
  [
    'label of a common template',
    { metadata: { labels: { 'os.template.kubevirt.io/rhel8.4': 'true' } } },
    {},
    'rhel8.4',
  ],
  ['preference', { spec: { preference: { name: 'fedora' } } }, {}, 'fedora'],
  ['nobody', {}, {}, null],
])('operating system, as told by: %s', (_who, patch, instance, os) =>
  expect(describeVm(patch, instance).os).toBe(os),
);

const domain = (patch: Patch) => ({ spec: { template: { spec: { domain: patch } } } });
test.each<[string, Patch, Patch, string]>([
  [
    'cores, sockets and threads',
    domain({ cpu: { cores: 2, sockets: 2, threads: 2 } }),
    {},
    '8 CPU, 4 GiB memory',
  ],
  [
    'requests',
    domain({ cpu: undefined, memory: undefined, resources: { requests: { cpu: '1500m', memory: '512Mi' } } }),
    {},
    '2 CPU, 512 MiB memory',
  ],
  ['nothing said', domain({ cpu: undefined, memory: undefined }), {}, '1 CPU'],
  [
    "a template's flavor",
    templateMetadata({ annotations: { 'vm.kubevirt.io/flavor': 'large' } }),
    {},
    'Large – 2 CPU, 4 GiB memory',
  ],
  [
    'an instancetype of a running VM',
    { spec: { instancetype: { name: 'u1.medium' } } },
    { spec: { domain: { cpu: { cores: 1, sockets: 4 }, memory: { guest: '8Gi' } } } },
    'u1.medium – 4 CPU, 8 GiB memory',
  ],
])('flavor: %s', (_what, patch, instance, flavor) => expect(describeVm(patch, instance).flavor).toBe(flavor));

test('flavor: an instancetype of a VM that is off', () =>
  expect(
    describeConfiguration(vm({ spec: { instancetype: { name: 'u1.medium' } } }), { revisions: [] }, [])
      .flavor,
  ).toBe('u1.medium'));

test('flavor: an instancetype of a VM that is off, by its revision', () => {
  const source = vm({
    spec: { instancetype: { name: 'u1.medium' } },
    status: { instancetypeRef: { name: 'u1.medium', controllerRevisionRef: { name: 'r' } } },
  });
  const data = { spec: { cpu: { guest: 2 }, memory: { guest: '4Gi' } } };
  const revisions = [{ metadata: { name: 'r' }, revision: 0, data }];
  expect(describeConfiguration(source, { revisions }, []).flavor).toBe('u1.medium – 2 CPU, 4 GiB memory');
});

test('workload profile', () =>
  expect(
    describeVm(templateMetadata({ annotations: { 'vm.kubevirt.io/workload': 'server' } })).workload,
  ).toBe('server'));
