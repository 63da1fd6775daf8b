import type { Blocker, PlannedDisk } from '../contract';
import { dataVolumeName } from './names';
import type { PlanFacts } from './plan';
import { parseBytes } from './quantity';
import type { DataVolume, ObjectMeta, PersistentVolumeClaim, VirtualMachine } from './resources';
import { type CopiedClaimSpec, classOf, copiedClaimSpec, copyMethod } from './storage';
import { type ClaimKind, type ClaimVolume, treatVolumes } from './volumes';

/** A disk of the plan, with what `GET clone-plan` says of it. */
export interface PlanDisk extends PlannedDisk {
  kind: ClaimKind;
  /** Of the clone's disk. */
  storageClass: string;
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
    if (obstacle) plan.blockers.push(obstacle);
    if (!claim) continue;
    const spec = copiedClaimSpec(claim, facts, facts.request.options.storageClass);
    plan.claimSpecs[volume.name] = spec;
    plan.disks.push({
      name: volume.name,
      sourceClaim: volume.claim,
      dataVolume: dataVolumeName(facts.request.target.name, volume.name),
      bytes: parseBytes(spec.size) ?? 0,
      method: copyMethod(facts, claim, spec),
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

function missing({ name, claim }: ClaimVolume): Blocker {
  return {
    type: 'SourceDiskMissing',
    message: `Claim ${claim} of disk ${name} does not exist: restore it, or detach the disk.`,
  };
}

function claimObstacle(
  { name, claim }: ClaimVolume,
  { metadata, spec, status }: PersistentVolumeClaim,
  facts: PlanFacts,
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
  const filling = facts.sourceDataVolumes.find(
    (each) => madeBy(metadata, each) && each.status?.phase !== 'Succeeded',
  );
  if (filling) {
    return {
      type: 'SourceDiskNotReady',
      message: `Disk ${name} is not filled yet: its DataVolume ${filling.metadata.name} is ${filling.status?.phase || 'new'}. Clone it when that has succeeded, or remove the disk.`,
    };
  }
  if (parseBytes(spec.resources?.requests?.storage) === undefined) {
    return { type: 'SourceDiskNotReady', message: `Claim ${claim} of disk ${name} does not say its size.` };
  }
  return classObstacle(name, spec.storageClassName, facts);
}

/** CDI copies no claim that its DataVolume has not filled (CDI v1beta1/utils.go, IsPopulated). */
function madeBy({ ownerReferences }: ObjectMeta, { metadata }: DataVolume): boolean {
  return (ownerReferences ?? []).some(({ kind, name }) => kind === 'DataVolume' && name === metadata.name);
}

/** CDI copies to no class that there isn't. */
function classObstacle(disk: string, own: string | undefined, facts: PlanFacts): Blocker | undefined {
  if (facts.request.options.storageClass !== undefined) return undefined;
  if (!own) {
    return {
      type: 'StorageClassMissing',
      message: `The claim of disk ${disk} has no storage class, so CDI can not make another like it: name one for the clone (storageClass).`,
    };
  }
  if (classOf(facts, own)) return undefined;
  return {
    type: 'StorageClassNotFound',
    message: `Storage class ${own} of disk ${disk} no longer exists: create it again, or name another for the clone (storageClass).`,
  };
}
