import type { PlanFacts } from '../../../src/clone/plan';
import { claim, facts, type Patch, vmi, withTemplateSpec, withVolume } from '../objects';
import { asked, blockersOf, byOwnUid, cloned, ELSEWHERE, type Rule, warningsOf } from './rule';

/** A source with one volume more, whose claim is there. */
function plus(volume: Patch, disk?: Patch): Partial<PlanFacts> {
  return { source: withVolume(volume, disk), sourceClaims: [...facts().sourceClaims, claim('extra')] };
}

/** The extra volume in the clone. */
function volumeOf(given: Partial<PlanFacts>) {
  const { spec } = cloned(given).made.spec.template;
  return spec.volumes?.find(({ name }) => name === 'extra');
}

/** A volume of that kind is in the clone as it was. */
function stays(volume: Patch): void {
  expect(blockersOf(plus(volume))).toEqual([]);
  expect(volumeOf(plus(volume))).toEqual({ name: 'extra', ...volume });
}

function blocks(volume: Patch, expected: string, disk?: Patch): () => void {
  return () => expect(blockersOf(plus(volume, disk))).toEqual([expected]);
}

const ON_CLAIM = { persistentVolumeClaim: { claimName: 'extra' } };
const NAMING: Patch[] = [
  { cloudInitNoCloud: { secretRef: { name: 'a' } } },
  { cloudInitConfigDrive: { secretRef: { name: 'a' } } },
  { sysprep: { secret: { name: 'a' } } },
  { secret: { secretName: 'a' } },
  { containerDisk: { image: 'i', imagePullSecret: 'a' } },
];
const CREDENTIALS = withTemplateSpec({
  accessCredentials: [{ sshPublicKey: { source: { secret: { secretName: 'a' } } } }],
});
const SECRET = { kind: 'Secret', name: 'a' } as const;
const persistent = withTemplateSpec({ domain: { devices: { tpm: { persistent: true } } } });

export const VOLUMES: readonly Rule[] = [
  {
    rule: '22a',
    what: 'the claim is copied, whatever the DataVolume was once made from',
    check: () => {
      const { dataVolumes } = cloned();
      expect(dataVolumes.map(({ spec }) => spec.source)).toEqual([
        { pvc: { namespace: 'shop', name: 'db-root' } },
        { pvc: { namespace: 'shop', name: 'db-logs' } },
      ]);
    },
  },
  {
    rule: '22b',
    what: 'the clone has no dataVolumeTemplates',
    check: () => expect(cloned().made.spec).not.toHaveProperty('dataVolumeTemplates'),
  },
  {
    rule: '22c',
    what: 'disks are named after the clone, in 63 characters, always the same',
    check: () => {
      const named = (name: string) =>
        cloned(asked({ target: { namespace: 'shop', name } })).plan.disks.map((disk) => disk.dataVolume);
      expect(named('copy')).toEqual(['copy-root', 'copy-logs']);
      const long = named('a'.repeat(63));
      expect(new Set(long).size).toBe(2);
      expect(long.every(({ length }) => length <= 63)).toBe(true);
      expect(named('a'.repeat(63))).toEqual(long);
    },
  },
  {
    rule: '23a',
    what: 'a hot-plugged disk of the VM is copied, and stays pluggable',
    check: () => {
      const given = plus({ dataVolume: { name: 'extra', hotpluggable: true } });
      expect(volumeOf(given)?.dataVolume).toEqual({ name: 'db-clone-extra', hotpluggable: true });
    },
  },
  {
    rule: '23b',
    what: 'one that is in the VMI alone is not, and is told of',
    check: () => {
      const volumes = [{ name: 'extra', dataVolume: { name: 'x', hotpluggable: true } }];
      expect(warningsOf({ vmi: vmi({ spec: { volumes } }) })).toEqual(['HotplugVolumeNotCopied']);
    },
  },
  {
    rule: '24',
    what: 'a memory dump goes, with its disk',
    check: () => {
      const { spec } = cloned(plus({ memoryDump: { claimName: 'dump' } })).made.spec.template;
      expect(spec.volumes?.map(({ name }) => name)).toEqual(['root', 'logs']);
      expect(spec.domain.devices?.disks?.map(({ name }) => name)).toEqual(['root', 'logs']);
    },
  },
  {
    rule: '25a',
    what: 'in the same namespace the clone names the same Secrets and ConfigMaps',
    check: () => {
      for (const volume of [...NAMING, { configMap: { name: 'c' } }]) stays(volume);
      expect(blockersOf({ source: CREDENTIALS })).toEqual([]);
    },
  },
  {
    rule: '25b',
    what: 'in another namespace they must exist',
    check: () => {
      for (const source of [...NAMING.map((volume) => withVolume(volume)), CREDENTIALS]) {
        expect(blockersOf({ source, ...asked(ELSEWHERE) })).toEqual(['SecretNotAvailable']);
        expect(blockersOf({ source, ...asked(ELSEWHERE), availableInTarget: [SECRET] })).toEqual([]);
      }
    },
  },
  {
    rule: '25c',
    what: 'they are copied on request alone, under a name of the clone’s own',
    check: () => {
      const source = withVolume({ secret: { secretName: 'a' } });
      const given = { source, availableInSource: [SECRET], availableInTarget: [SECRET] };
      expect(byOwnUid(given, ELSEWHERE).plan.copies).toEqual([]);
      const { plan, made } = byOwnUid(given, { ...ELSEWHERE, options: { copySecrets: true } });
      expect(plan.copies).toEqual([{ kind: 'Secret', from: 'a', name: 'db-clone-a-0f0f0f0f' }]);
      expect(made.spec.template.spec.volumes?.at(-1)?.secret).toEqual({ secretName: 'db-clone-a-0f0f0f0f' });
    },
  },
  {
    rule: '26',
    what: 'what a VM’s pod brings along stays as it is',
    check: () => {
      for (const kind of ['containerDisk', 'emptyDisk', 'downwardAPI', 'downwardMetrics'])
        stays({ [kind]: {} });
    },
  },
  {
    rule: '27a',
    what: 'a service account stays as it is',
    check: () => stays({ serviceAccount: { serviceAccountName: 'a' } }),
  },
  {
    rule: '27b',
    what: 'it must exist where the clone goes, and is never copied',
    check: () => {
      const given = { ...plus({ serviceAccount: { serviceAccountName: 'a' } }) };
      const wish = asked({ ...ELSEWHERE, options: { copySecrets: true } });
      expect(blockersOf({ ...given, ...wish })).toEqual(['ServiceAccountNotAvailable']);
      const availableInTarget = [{ kind: 'ServiceAccount', name: 'a' } as const];
      expect(blockersOf({ ...given, ...wish, availableInTarget })).toEqual([]);
    },
  },
  {
    rule: '28a',
    what: 'an ephemeral overlay',
    check: blocks({ ephemeral: { persistentVolumeClaim: { claimName: 'extra' } } }, 'EphemeralVolume'),
  },
  { rule: '28b', what: 'a file of the node', check: blocks({ hostDisk: { path: '/x' } }, 'HostDisk') },
  {
    rule: '28c',
    what: 'a path of the pod',
    check: blocks({ containerPath: { path: '/x' } }, 'ContainerPath'),
  },
  {
    rule: '28d',
    what: 'a disk shared with other VMs',
    check: blocks(ON_CLAIM, 'ShareableDisk', { shareable: true }),
  },
  {
    rule: '28e',
    what: 'a LUN with reservations',
    check: blocks(ON_CLAIM, 'LunReservation', { lun: { reservation: true } }),
  },
  {
    rule: '29a',
    what: 'persistent TPM or EFI state stands against a clone, by spec or by its claim',
    check: () => {
      expect(blockersOf({ source: persistent })).toEqual(['PersistentState']);
      const efi = withTemplateSpec({ domain: { firmware: { bootloader: { efi: { persistent: true } } } } });
      expect(blockersOf({ source: efi })).toEqual(['PersistentState']);
      const state = claim('x', { metadata: { labels: { 'persistent-state-for': 'db' } } });
      expect(blockersOf({ sourceClaims: [...facts().sourceClaims, state] })).toEqual(['PersistentState']);
    },
  },
  {
    rule: '29b',
    what: 'who asks for it gets a clone without, and is told',
    check: () => {
      const given = { source: persistent, ...asked({ options: { persistentState: 'empty' } }) };
      expect(blockersOf(given)).toEqual([]);
      expect(warningsOf(given)).toEqual(['PersistentStateEmpty']);
    },
  },
];
