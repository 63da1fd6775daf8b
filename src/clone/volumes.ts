import type { Blocker } from '../contract';
import type { Disk, VirtualMachine, VmiSpec, Volume } from './resources';

export type ClaimKind = 'dataVolume' | 'persistentVolumeClaim';

/** A volume whose claim is copied. A DataVolume's claim has its name. */
export interface ClaimVolume {
  /** Name of the volume and disk in the VM's spec. */
  name: string;
  kind: ClaimKind;
  claim: string;
}

/** What a clone does with each volume of its source. */
export interface VolumeTreatment {
  copied: ClaimVolume[];
  /** Left out of the clone, with their disks. */
  dropped: string[];
  blockers: Blocker[];
}

const COPY = 'copy';
const DROP = 'drop';
const KEEP = 'keep';
type Obstacle = { type: string; reason: string };

/** By kind of volume (kubevirt-rules, Volumes; KubeVirt api/core/v1/schema.go, VolumeSource). */
const TREATMENT: Readonly<Record<string, typeof COPY | typeof DROP | typeof KEEP | Obstacle>> = {
  dataVolume: COPY,
  persistentVolumeClaim: COPY,
  memoryDump: DROP,
  cloudInitNoCloud: KEEP,
  cloudInitConfigDrive: KEEP,
  sysprep: KEEP,
  secret: KEEP,
  configMap: KEEP,
  containerDisk: KEEP,
  emptyDisk: KEEP,
  downwardAPI: KEEP,
  downwardMetrics: KEEP,
  serviceAccount: KEEP,
  ephemeral: {
    type: 'EphemeralVolume',
    reason: 'is an overlay that lives only as long as the VM runs. Replace it with its backing claim first',
  },
  hostDisk: {
    type: 'HostDisk',
    reason: 'is a file on one node, which no storage class can copy. Move it to a claim first',
  },
  containerPath: {
    type: 'ContainerPath',
    reason: 'is a path of the VM pod, which can not be copied. Remove it first',
  },
};

/** Sorts a VM's volumes into those that are copied, left out, kept as they are, and those that forbid a clone. */
export function treatVolumes(spec: VmiSpec): VolumeTreatment {
  const treatment: VolumeTreatment = { copied: [], dropped: [], blockers: [] };
  for (const volume of spec.volumes ?? []) {
    const kind = kindOf(volume);
    const what = TREATMENT[kind] ?? {
      type: 'UnknownVolumeKind',
      reason: `is of kind ${kind}, of which it is not known whether it can be copied. Remove it first`,
    };
    if (what === COPY) {
      treatment.copied.push({ name: volume.name, kind: kind as ClaimKind, claim: claimOf(volume) as string });
      treatment.blockers.push(...diskObstacles(diskOf(spec, volume.name)));
    } else if (what === DROP) treatment.dropped.push(volume.name);
    else if (what !== KEEP) {
      treatment.blockers.push({ type: what.type, message: `Volume ${volume.name} ${what.reason}.` });
    }
  }
  return treatment;
}

/** Names of the claims that a VM's volumes name, in the VM's namespace. */
export function claimNamesOf(vm: VirtualMachine): string[] {
  return (vm.spec.template.spec.volumes ?? []).flatMap((volume) => claimOf(volume) ?? []);
}

/** The claim behind a volume, if it is of a kind that has one of its own. */
export function claimOf(volume: Volume): string | undefined {
  return volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName;
}

/** The key that says what kind of volume it is. */
export function kindOf(volume: Volume): string {
  return Object.keys(volume).find((key) => key !== 'name' && volume[key] != null) ?? 'none';
}

export function diskOf(spec: VmiSpec, name: string): Disk | undefined {
  return spec.domain.devices?.disks?.find((disk) => disk.name === name);
}

function diskObstacles(disk: Disk | undefined): Blocker[] {
  const blockers: Blocker[] = [];
  if (disk?.shareable) {
    blockers.push({
      type: 'ShareableDisk',
      message: `Disk ${disk.name} is shared with other VMs, which may write to it during the copy. Detach it first.`,
    });
  }
  if (disk?.lun?.reservation) {
    blockers.push({
      type: 'LunReservation',
      message: `Disk ${disk.name} is a LUN with SCSI reservations, which belong to this VM alone. Detach it first.`,
    });
  }
  return blockers;
}
