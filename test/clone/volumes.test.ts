import { planClone } from '../../src/clone/plan';
import { referencesOf } from '../../src/clone/references';
import { buildTarget } from '../../src/clone/target';
import { treatVolumes } from '../../src/clone/volumes';
import {
  acrossNamespaces,
  claim,
  facts,
  type Patch,
  targetRequest,
  withTemplateSpec,
  withVolume,
} from './objects';

const extraClaim = claim('shop-extra');
const identity = { firmware: { uuid: 'u', serial: 's' }, macs: {} };

describe('every kind of volume (kubevirt-rules, Volumes, rules 20-29)', () => {
  test.each<[string, Patch, Patch, 'copied' | 'dropped' | 'kept' | string]>([
    ['22 dataVolume', { dataVolume: { name: 'shop-extra' } }, {}, 'copied'],
    ['22 persistentVolumeClaim', { persistentVolumeClaim: { claimName: 'shop-extra' } }, {}, 'copied'],
    ['23 hot-plugged, persistent', { dataVolume: { name: 'shop-extra', hotpluggable: true } }, {}, 'copied'],
    ['22 CD-ROM on a claim', { persistentVolumeClaim: { claimName: 'shop-extra' } }, { cdrom: {} }, 'copied'],
    ['22 LUN without reservation', { dataVolume: { name: 'shop-extra' } }, { lun: {} }, 'copied'],
    ['24 memoryDump', { memoryDump: { claimName: 'dump' } }, {}, 'dropped'],
    ['25 cloudInitNoCloud', { cloudInitNoCloud: { userData: '#' } }, {}, 'kept'],
    ['25 cloudInitConfigDrive', { cloudInitConfigDrive: { userData: '#' } }, {}, 'kept'],
    ['25 sysprep', { sysprep: { secret: { name: 's' } } }, {}, 'kept'],
    ['25 secret', { secret: { secretName: 's' } }, {}, 'kept'],
    ['25 configMap', { configMap: { name: 'c' } }, {}, 'kept'],
    ['26 containerDisk', { containerDisk: { image: 'i' } }, {}, 'kept'],
    ['26 emptyDisk', { emptyDisk: { capacity: '1Gi' } }, {}, 'kept'],
    ['26 downwardAPI', { downwardAPI: {} }, {}, 'kept'],
    ['26 downwardMetrics', { downwardMetrics: {} }, {}, 'kept'],
    ['27 serviceAccount', { serviceAccount: { serviceAccountName: 'a' } }, {}, 'kept'],
    ['28 ephemeral', { ephemeral: { persistentVolumeClaim: { claimName: 'x' } } }, {}, 'EphemeralVolume'],
    ['28 hostDisk', { hostDisk: { path: '/x' } }, {}, 'HostDisk'],
    ['28 containerPath', { containerPath: { path: '/x' } }, {}, 'ContainerPath'],
    ['28 shareable', { dataVolume: { name: 'shop-extra' } }, { shareable: true }, 'ShareableDisk'],
    [
      '28 LUN with reservation',
      { dataVolume: { name: 'shop-extra' } },
      { lun: { reservation: true } },
      'LunReservation',
    ],
    ['a kind of a later KubeVirt', { quantumDisk: {} }, {}, 'UnknownVolumeKind'],
  ])('%s', (_rule, volume, disk, expected) => {
    const source = withVolume(volume, disk);
    const all = facts({ source });
    const plan = planClone({ ...all, sourceClaims: [...all.sourceClaims, extraClaim] });
    if (!['copied', 'dropped', 'kept'].includes(expected)) {
      expect(plan.blockers).toEqual([{ type: expected, message: expect.stringContaining('extra') }]);
      return;
    }
    expect(plan.blockers).toEqual([]);
    expect(plan.disks.some(({ name }) => name === 'extra')).toBe(expected === 'copied');
    const { vm, dataVolumes } = buildTarget({ source, plan, request: targetRequest(), identity });
    const made = vm.spec.template.spec.volumes?.find(({ name }) => name === 'extra');
    const shown = vm.spec.template.spec.domain.devices?.disks?.some(({ name }) => name === 'extra');
    expect(shown).toBe(expected !== 'dropped');
    expect(dataVolumes).toHaveLength(expected === 'copied' ? 3 : 2);
    if (expected === 'kept') expect(made).toEqual({ name: 'extra', ...volume });
    if (expected === 'dropped') expect(made).toBeUndefined();
    if (expected === 'copied') {
      const hotpluggable = (volume.dataVolume as { hotpluggable?: boolean } | undefined)?.hotpluggable;
      expect(made).toEqual({
        name: 'extra',
        dataVolume: { name: 'db-clone-extra', ...(hotpluggable && { hotpluggable }) },
      });
    }
  });

  test('a VM without volumes has nothing to copy', () =>
    expect(treatVolumes({ domain: {} })).toEqual({ copied: [], dropped: [], blockers: [] }));

  test('29 persistent TPM and EFI state is never left behind silently', () => {
    const source = withTemplateSpec({
      domain: {
        devices: { tpm: { persistent: true } },
        firmware: { bootloader: { efi: { persistent: true } } },
      },
    });
    expect(planClone(facts({ source })).blockers).toEqual([
      { type: 'PersistentState', message: expect.stringContaining('TPM and EFI') },
    ]);
  });

  test.each([
    ['TPM that forgets', { devices: { tpm: {} } }],
    ['EFI that forgets', { firmware: { bootloader: { efi: { secureBoot: false } } } }],
  ])('29 a %s does not stand against it', (_what, domain) =>
    expect(planClone(facts({ source: withTemplateSpec({ domain }) })).blockers).toEqual([]),
  );
});

describe('what a VM names in its namespace (rules 25, 27, 32)', () => {
  const secret = (name: string) => ({ secretRef: { name } });
  test.each<[string, Patch, string[]]>([
    [
      'cloudInitNoCloud',
      { cloudInitNoCloud: { ...secret('a'), networkDataSecretRef: { name: 'b' } } },
      ['Secret a', 'Secret b'],
    ],
    ['cloudInitConfigDrive', { cloudInitConfigDrive: secret('a') }, ['Secret a']],
    ['inline cloud-init', { cloudInitNoCloud: { userData: '#' } }, []],
    ['sysprep of a Secret', { sysprep: { secret: { name: 'a' } } }, ['Secret a']],
    ['sysprep of a ConfigMap', { sysprep: { configMap: { name: 'a' } } }, ['ConfigMap a']],
    ['secret', { secret: { secretName: 'a' } }, ['Secret a']],
    ['optional secret', { secret: { secretName: 'a', optional: true } }, []],
    ['configMap', { configMap: { name: 'a' } }, ['ConfigMap a']],
    ['serviceAccount', { serviceAccount: { serviceAccountName: 'a' } }, ['ServiceAccount a']],
    ['default serviceAccount', { serviceAccount: { serviceAccountName: 'default' } }, []],
    ['image pull secret', { containerDisk: { image: 'i', imagePullSecret: 'a' } }, ['Secret a']],
  ])('%s blocks in another namespace, and only there', (_kind, volume, expected) => {
    const source = withVolume(volume);
    const blockers = planClone(acrossNamespaces(source)).blockers;
    expect(
      blockers.map(({ type, message }) => `${type.replace('NotAvailable', '')} ${message.split(/[ ,]+/)[1]}`),
    ).toEqual(expected);
    expect(planClone(facts({ source })).blockers).toEqual([]);
  });

  test('access credentials and kernel images count too', () => {
    const { spec } = withTemplateSpec({
      accessCredentials: [
        { sshPublicKey: { source: { secret: { secretName: 'keys' } }, propagationMethod: {} } },
        { userPassword: { source: { secret: { secretName: 'passwords' } } } },
      ],
      domain: { firmware: { kernelBoot: { container: { imagePullSecret: 'pull' } } } },
    }).spec.template;
    expect(referencesOf(spec).map(({ name }) => name)).toEqual(['keys', 'passwords', 'pull']);
  });
});
