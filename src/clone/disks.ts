import type { Blocker, CopyMethod, PlannedDisk } from '../contract';
import { dataVolumeName } from './names';
import type { PlanFacts } from './plan';
import { parseBytes } from './quantity';
import type { ClaimSpec, PersistentVolumeClaim, StorageProfile, VirtualMachine } from './resources';
import { type ClaimKind, type ClaimVolume, treatVolumes } from './volumes';

/** A disk of the plan, with what `GET clone-plan` says of it. */
export interface PlanDisk extends PlannedDisk {
  kind: ClaimKind;
  storageClass: string;
}

/** What of a source claim a copy must have, too: it is read from the live claim, for DataVolumes may differ. */
export interface CopiedClaimSpec {
  accessModes: string[];
  volumeMode: string;
  storageClassName: string;
  /** The claim's request, as it is written there. */
  size: string;
}

export interface DiskPlan {
  disks: PlanDisk[];
  /** By name of the disk. */
  claimSpecs: Record<string, CopiedClaimSpec>;
  blockers: Blocker[];
}

/** Plans the copy of every claim of the source; a claim that can't be copied is a blocker instead. */
export function planDisks(source: VirtualMachine, facts: PlanFacts): DiskPlan {
  const plan: DiskPlan = { disks: [], claimSpecs: {}, blockers: [] };
  for (const volume of treatVolumes(source.spec.template.spec).copied) {
    const claim = facts.sourceClaims.find(({ metadata }) => metadata.name === volume.claim);
    const obstacle = claim ? claimObstacle(volume, claim, facts) : missing(volume);
    const spec = claim && copiedClaimSpec(claim.spec);
    if (obstacle) plan.blockers.push(obstacle);
    if (!spec) continue;
    plan.claimSpecs[volume.name] = spec;
    plan.disks.push({
      name: volume.name,
      sourceClaim: volume.claim,
      dataVolume: dataVolumeName(facts.request.target.name, volume.name),
      bytes: parseBytes(spec.size) ?? 0,
      method: copyMethod(facts.storageProfiles, spec.storageClassName),
      kind: volume.kind,
      storageClass: spec.storageClassName,
    });
  }
  return plan;
}

/** Names of the DataVolumes (and claims) that a clone of that name would make. */
export function plannedDataVolumeNames(source: VirtualMachine, target: string): string[] {
  return treatVolumes(source.spec.template.spec).copied.map(({ name }) => dataVolumeName(target, name));
}

/**
 * The method that CDI will choose (CDI controller/clone/planner.go, computeStrategyForSourcePVC): what the
 * profile of the class says, else a snapshot when there is a snapshot class to take it with, else a copy.
 */
export function copyMethod(profiles: readonly StorageProfile[], storageClass: string): CopyMethod {
  const status = profiles.find(({ metadata }) => metadata.name === storageClass)?.status;
  if (status?.cloneStrategy === 'csi-clone' || status?.cloneStrategy === 'copy') return status.cloneStrategy;
  if (status?.cloneStrategy === 'snapshot' || status?.snapshotClass) return 'snapshot';
  return 'copy';
}

function copiedClaimSpec(claim: ClaimSpec): CopiedClaimSpec {
  return {
    accessModes: claim.accessModes ?? ['ReadWriteOnce'],
    volumeMode: claim.volumeMode ?? 'Filesystem',
    storageClassName: claim.storageClassName ?? '',
    size: claim.resources?.requests?.storage ?? '',
  };
}

function missing({ name, claim }: ClaimVolume): Blocker {
  return {
    type: 'SourceDiskMissing',
    message: `Claim ${claim} of disk ${name} does not exist: restore it, or detach the disk.`,
  };
}

function claimObstacle(
  { name, claim }: ClaimVolume,
  { metadata, spec, status }: PersistentVolumeClaim,
  { storageClasses }: PlanFacts,
): Blocker | undefined {
  if (metadata.deletionTimestamp) {
    return { type: 'SourceDiskDeleting', message: `Claim ${claim} of disk ${name} is being deleted.` };
  }
  if (status?.phase === 'Lost') {
    return { type: 'SourceDiskLost', message: `Claim ${claim} of disk ${name} has lost its volume.` };
  }
  if (status?.phase !== 'Bound') {
    return {
      type: 'SourceDiskNotReady',
      message: `Claim ${claim} of disk ${name} is not bound to a volume yet: clone it when it is.`,
    };
  }
  if (parseBytes(spec.resources?.requests?.storage) === undefined) {
    return { type: 'SourceDiskNotReady', message: `Claim ${claim} of disk ${name} does not say its size.` };
  }
  if (!spec.storageClassName) {
    return {
      type: 'StorageClassMissing',
      message: `Claim ${claim} of disk ${name} has no storage class, so CDI can not make another like it.`,
    };
  }
  if (!storageClasses.some((storageClass) => storageClass.metadata.name === spec.storageClassName)) {
    return {
      type: 'StorageClassNotFound',
      message: `Storage class ${spec.storageClassName} of disk ${name} no longer exists: create it again, or move the disk.`,
    };
  }
  return undefined;
}
