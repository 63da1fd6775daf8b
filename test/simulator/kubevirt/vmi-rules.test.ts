import type { VmiSpec } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { answerOf, VmCluster, vmNamed } from '../vm-cluster';

let cluster: VmCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await VmCluster.start();
  namespace = await cluster.makeNamespace();
});
afterAll(() => cluster.close());

const denied = (why: string) =>
  `422 admission webhook "virtualmachine-validator.kubevirt.io" denied the request: ${why}`;
const at = (path: string) => `spec.template.spec.${path}`;

/** A VM is made and goes again, or is refused with these words. */
async function expectAnswer(
  template: Partial<VmiSpec>,
  why: string | undefined,
  metadata: { labels?: Record<string, string> } = {},
): Promise<void> {
  const vm = vmNamed(namespace, 'vm', { runStrategy: 'Halted' }, { template });
  vm.spec.template.metadata = metadata;
  const answer = await answerOf(cluster.client.create(Kinds.VirtualMachine, vm));
  expect(answer).toBe(why === undefined ? '202' : denied(why));
  if (why !== undefined) return;
  await cluster.client.delete(Kinds.VirtualMachine, { namespace, name: 'vm' });
  await cluster.untilGone(Kinds.VirtualMachine, { namespace, name: 'vm' });
}

/** Read by rest parameters: Jest takes a parameter that a row doesn't fill for its callback. */
type Case = [what: string, template: Partial<VmiSpec>, why?: string];

const scratch = { emptyDisk: { capacity: '1Gi' } };
const disk = (more: object, name = 'root'): Partial<VmiSpec> => ({
  domain: { devices: { disks: [{ name, ...more }] } },
  volumes: [{ name, ...scratch }],
});
const disks = at('domain.devices.disks');
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe('disks', () => {
  it.each<Case>([
    ['a serial', disk({ serial: 'S-1_a.b+c' })],
    ['a serial of 256 characters', disk({ serial: 's'.repeat(256) })],
    [
      'a serial of 257',
      disk({ serial: 's'.repeat(257) }),
      `${disks}[0] must be less than or equal to 256 in length, if specified`,
    ],
    [
      'a serial with a blank',
      disk({ serial: 'a b' }),
      `${disks}[0] must be made up of the following characters [A-Za-z0-9_.+-], if specified`,
    ],
    ['a name of 63 characters', disk({}, 'r'.repeat(63))],
    ['a name of 64 characters', disk({}, 'r'.repeat(64)), 'must be no more than 63 characters'],
    ['a name with a dot', disk({}, 'a.b'), LABEL_RULE],
    [
      'two kinds at once',
      disk({ disk: {}, cdrom: {} }),
      `${disks}[0] can only have a single target type defined`,
    ],
    ['boot order 0', disk({ bootOrder: 0 }), `${disks}[0] must have a boot order > 0, if supplied`],
    [
      'an unknown bus',
      disk({ disk: { bus: 'nvme' } }),
      `${disks}[0] is set with an unrecognized bus nvme, must be one of: [virtio scsi sata usb]`,
    ],
    ['IDE', disk({ disk: { bus: 'ide' } }), 'IDE bus is not supported'],
    [
      'a CD-ROM on virtio',
      disk({ cdrom: { bus: 'virtio' } }),
      'Bus type virtio is invalid for CD-ROM device',
    ],
    ['a cache mode of its own', disk({ cache: 'most' }), `${disks}[0].cache has invalid value most`],
    [
      'a LUN of an empty disk',
      disk({ lun: {} }),
      `${disks}[0].lun can only be mapped to a DataVolume or PersistentVolumeClaim volume.`,
    ],
    [
      'a CD-ROM without a volume',
      { domain: { devices: { disks: [{ name: 'cd', cdrom: {} }] } } },
      'DeclarativeHotplugVolumes feature gate not enabled, cannot define an empty CD-ROM disk',
    ],
    ['a volume that no disk shows', { volumes: [{ name: 'a', ...scratch }] }],
    [
      'a volume that a file system shows',
      {
        domain: { devices: { filesystems: [{ name: 'a', virtiofs: {} }] } },
        volumes: [{ name: 'a', configMap: { name: 'c' } }],
      },
    ],
    [
      'GPUs and host devices',
      {
        domain: {
          devices: {
            gpus: [{ name: 'g', deviceName: 'nvidia.com/T4' }],
            hostDevices: [{ name: 'h', deviceName: 'v.com/d' }],
          },
        },
      },
    ],
  ])('%s', (...[, template, why]) => expectAnswer(template, why));
});

const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] });
const v = at('volumes[0]');

describe('volumes', () => {
  it.each<Case>([
    ['cloud-init from text', volume({ cloudInitNoCloud: { userData: '#cloud-config' } })],
    ['cloud-init from a Secret', volume({ cloudInitNoCloud: { secretRef: { name: 's' } } })],
    ['cloud-init for the network alone', volume({ cloudInitConfigDrive: { networkData: 'x' } })],
    [
      'cloud-init from two places',
      volume({ cloudInitNoCloud: { userData: 'x', secretRef: { name: 's' } } }),
      `${v}.cloudInitNoCloud must have only one userdatasource set.`,
    ],
    [
      'cloud-init from nowhere',
      volume({ cloudInitConfigDrive: {} }),
      `${v}.cloudInitConfigDrive must have at least one userdatasource or one networkdatasource set.`,
    ],
    [
      'cloud-init with networks from two places',
      volume({ cloudInitNoCloud: { networkData: 'x', networkDataBase64: 'eA==' } }),
      `${v}.cloudInitNoCloud must have only one networkdata source set.`,
    ],
    ['cloud-init of 2,048 bytes', volume({ cloudInitNoCloud: { userData: 'x'.repeat(2048) } })],
    [
      'cloud-init of 2,049 bytes',
      volume({ cloudInitNoCloud: { userData: 'x'.repeat(2049) } }),
      `${v}.cloudInitNoCloud userdata exceeds 2048 byte limit. Should use UserDataSecretRef for larger data.`,
    ],
    [
      'cloud-init in no base64',
      volume({ cloudInitNoCloud: { userDataBase64: '***' } }),
      `${v}.cloudInitNoCloud.userDataBase64.cloudInitNoCloud.userDataBase64 is not a valid base64 value.`,
    ],
    ['a Secret', volume({ secret: { secretName: 's' } })],
    ['a Secret without a name', volume({ secret: {} }), `${v}.secret.secretName is a required field`],
    ['a ConfigMap without a name', volume({ configMap: {} }), `${v}.configMap.name is a required field`],
    [
      'a service account without a name',
      volume({ serviceAccount: {} }),
      `${v}.serviceAccount.serviceAccountName is a required field`,
    ],
    [
      'two service accounts',
      {
        volumes: ['a', 'b'].map((name) => ({ name, serviceAccount: { serviceAccountName: 'default' } })),
      },
      `${at('volumes')} must have max one serviceAccount volume set`,
    ],
    [
      'two memory dumps',
      { volumes: ['a', 'b'].map((name) => ({ name, memoryDump: { claimName: name } })) },
      `${at('volumes')} must have max one memory dump volume set`,
    ],
    [
      'a host disk of no kind',
      volume({ hostDisk: { path: '/d' } }),
      `${v}.hostDisk.type has invalid value '', allowed are 'Disk' or 'DiskOrCreate'`,
    ],
    ['a volume of no source', volume({}), `${v} must have exactly one source type set`],
  ])('%s', (...[, template, why]) => expectAnswer(template, why));
});

const source = { secret: { secretName: 'keys' } };
const credential = (entry: object, more: Partial<VmiSpec> = {}) => ({ accessCredentials: [entry], ...more });
const noCloud = volume({ cloudInitNoCloud: { userData: 'x' } });
const a = at('accessCredentials[0]');

describe('access credentials', () => {
  const viaAgent = { qemuGuestAgent: { users: ['root'] } };
  it.each<Case>([
    ['a key through the agent', credential({ sshPublicKey: { source, propagationMethod: viaAgent } })],
    [
      'a password through the agent',
      credential({ userPassword: { source, propagationMethod: { qemuGuestAgent: {} } } }),
    ],
    [
      'a key through cloud-init',
      credential({ sshPublicKey: { source, propagationMethod: { noCloud: {} } } }, noCloud),
    ],
    [
      'a key through cloud-init that is not there',
      credential({ sshPublicKey: { source, propagationMethod: { noCloud: {} } } }),
      `${a} requires a noCloud volume to exist when the noCloud propagationMethod is in use.`,
    ],
    [
      'a key through the drive that is another one',
      credential({ sshPublicKey: { source, propagationMethod: { configDrive: {} } } }, noCloud),
      `${a} requires a configDrive volume to exist when the configDrive propagationMethod is in use.`,
    ],
    [
      'a key for nobody',
      credential({ sshPublicKey: { source, propagationMethod: { qemuGuestAgent: { users: [] } } } }),
      `${a} requires at least one user to be present in the users list`,
    ],
    [
      'a key of nothing in no way',
      credential({ sshPublicKey: { source: {}, propagationMethod: {} } }),
      `${a} must have exactly one source set, ${a} must have exactly one propagationMethod set`,
    ],
    ['nothing', credential({}), `${a} must have exactly one access credential type set`],
  ])('%s', (...[, template, why]) => expectAnswer(template, why));
});

const nics = (interfaces: object[], networks: object[] = [{ name: 'default', pod: {} }]) => ({
  domain: { devices: { interfaces: interfaces as never } },
  networks: networks as never,
});
const nic = at('domain.devices.interfaces[0]');

describe('networks', () => {
  const pod = { name: 'default', masquerade: {} };
  const bridge = { name: 'lan', bridge: {} };
  const lan = { name: 'lan', multus: { networkName: 'br0' } };
  it.each<Case>([
    ['the pod’s', nics([pod])],
    ['a bridge', nics([bridge], [lan])],
    [
      'two of one name',
      nics([bridge, bridge], [lan]),
      'Only one interface can be connected to one specific network',
    ],
    [
      'an interface without a binding',
      nics([{ name: 'default' }]),
      'logical default interface must have exactly one binding method or binding plugin',
    ],
    [
      'a network without an interface',
      nics([pod], [{ name: 'default', pod: {} }, lan]),
      `${at('networks[1].name')} 'lan' not found.`,
    ],
    ['a network of no kind', nics([{ ...bridge, name: 'x' }], [{ name: 'x' }]), 'should have a network type'],
    [
      'the pod’s twice',
      nics(
        [pod, { name: 'b', masquerade: {} }],
        [
          { name: 'default', pod: {} },
          { name: 'b', pod: {} },
        ],
      ),
      `more than one interface is connected to a pod network in ${at('interfaces')}`,
    ],
    [
      'an unknown model',
      nics([{ ...pod, model: 'ne1' }]),
      `interface ${nic}.name uses model ne1 that is not supported.`,
    ],
    [
      'the MAC address of the bridge inside the pod',
      nics([{ ...pod, macAddress: '02:00:00:00:00:00' }]),
      'The requested MAC address is reserved for the in-pod bridge. Please choose another one.',
    ],
  ])('%s', (...[, template, why]) => expectAnswer(template, why));

  it('the MAC address of another VM is taken', async () => {
    const template = nics([{ ...pod, macAddress: '02:11:22:33:44:55' }]);
    for (const name of ['one', 'other']) {
      expect(await answerOf(cluster.makeVm(namespace, name, { runStrategy: 'Halted' }, { template }))).toBe(
        '202',
      );
    }
  });
});

describe('the machine', () => {
  const firmware = (bootloader: object, features?: object) => ({
    domain: { devices: {}, firmware: { bootloader }, ...(features && { features }) },
  });
  it.each<Case>([
    ['a hostname', { hostname: 'web-1' }],
    [
      'a hostname with a dot',
      { hostname: 'web.1' },
      `${at('hostname')} does not conform to the kubernetes DNS_LABEL rules : ${LABEL_RULE}`,
    ],
    ['EFI with SMM', firmware({ efi: {} }, { smm: {} })],
    ['EFI without secure boot', firmware({ efi: { secureBoot: false } })],
    [
      'EFI alone',
      firmware({ efi: {} }),
      `${at('domain')} has EFI SecureBoot enabled. SecureBoot requires SMM, which is currently disabled.`,
    ],
    [
      'EFI and BIOS',
      firmware({ efi: { secureBoot: false }, bios: {} }),
      `${at('domain.firmware.bootloader')} has both EFI and BIOS configured, but they are mutually exclusive.`,
    ],
    [
      'a firmware serial of any form',
      { domain: { devices: {}, firmware: { serial: 'a b / ü'.repeat(50) } } },
    ],
    [
      'more sockets than allowed',
      { domain: { devices: {}, cpu: { sockets: 4, maxSockets: 2 } } },
      'Number of sockets in CPU topology is greater than the maximum sockets allowed',
    ],
    [
      'two service accounts',
      { serviceAccountName: 'one', ...volume({ serviceAccount: { serviceAccountName: 'two' } }) },
      'spec.serviceAccountName "one" and serviceAccount volume "two" must reference the same service account',
    ],
  ])('%s', (...[, template, why]) => expectAnswer(template, why));
});

describe('labels of the template', () => {
  const reserved = 'creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited';
  it.each([
    ['kubevirt.io/domain', undefined],
    ['vm.kubevirt.io/name', undefined],
    ['kubevirt.io/vm', undefined],
    ['kubevirt.io/created-by', reserved],
    ['kubevirt.io/nodeName', reserved],
    ['kubevirt.io/migrationJobUID', reserved],
    ['kubevirt.io/migrationTargetNodeName', reserved],
    ['kubevirt.io/schedulable', reserved],
    ['kubevirt.io/install-strategy', reserved],
  ])('%s', (...[label, why]) => expectAnswer({}, why, { labels: { [label]: 'x' } }));

  it('on a VMI that runs, the reserved ones stay as they are', async () => {
    await cluster.runVm(namespace, 'running', { runStrategy: 'Always' });
    const labels = { 'kubevirt.io/nodeName': 'node-9' };
    const change = cluster.client.patchMerge(
      Kinds.VirtualMachineInstance,
      { namespace, name: 'running' },
      { metadata: { labels } },
    );
    expect(await answerOf(change)).toMatch(
      /^422 .*modification of the following reserved kubevirt.io\/ labels/,
    );
  });
});
