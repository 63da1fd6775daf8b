import { type Blocker, IN_PROGRESS, isSameVm, MARKS, type VmRef } from '../contract';
import { copiesSecrets, has } from './copies';
import { goesElsewhere } from './elsewhere';
import { sidecarBlockers } from './hook-sidecars';
import { belongsToLeftover, leftoverOf } from './leftover';
import { holdersOf } from './lock';
import { isValidName, MAX_NAME_LENGTH } from './names';
import { persistentStateBlockers } from './persistent-state';
import type { PlanFacts } from './plan';
import { belongsToVm, fillsItsClaim, isCdiPod, usesClaim } from './power';
import { referencesOf } from './references';
import type { Pod, VirtualMachine } from './resources';
import { revisionBlockers } from './revisions';
import { stateBlocker } from './source-state';
import { classOf } from './storage';
import { type ClaimVolume, treatVolumes } from './volumes';

/** Everything that stands against the clone, besides the state of single claims (`planDisks`). */
export function findBlockers(source: VirtualMachine, facts: PlanFacts): Blocker[] {
  return [
    ...targetBlockers(facts),
    ...sourceBlockers(source, facts),
    ...treatVolumes(source.spec.template.spec).blockers,
    ...sidecarBlockers(source),
    ...claimedDevices(source),
    ...persistentStateBlockers(source, facts),
    ...podBlockers(source, facts),
    ...storageClassBlockers(facts),
    ...revisionBlockers(source, facts),
    ...referenceBlockers(source, facts),
  ];
}

function targetBlockers(facts: PlanFacts): Blocker[] {
  const { source, target } = facts.request;
  if (!isValidName(target.name)) {
    return [
      {
        type: 'InvalidName',
        message: `"${target.name}" is no name for a VM: lower-case letters, digits, "-" and ".", at most ${MAX_NAME_LENGTH} characters.`,
      },
    ];
  }
  if (isSameVm(source, target)) {
    return [{ type: 'TargetIsSource', message: 'A clone needs another name or namespace than its source.' }];
  }
  if (!facts.targetNamespaceExists) {
    return [
      {
        type: 'TargetNamespaceNotFound',
        message: `Namespace ${target.namespace} does not exist or is being deleted: create it, or choose another.`,
      },
    ];
  }
  return nameTaken(facts);
}

/** A taken name must never be reused; only what an earlier run of ours left is removed first. */
function nameTaken(facts: PlanFacts): Blocker[] {
  const { target } = facts.request;
  const blockers: Blocker[] = [];
  if (facts.targetVm && !leftoverOf(facts)) {
    blockers.push({ type: 'NameTaken', message: takenByVm(facts.targetVm, target) });
  }
  const disks = new Map<string, boolean>();
  for (const object of [...facts.targetDataVolumes, ...facts.targetClaims]) {
    if (belongsToLeftover(object, facts)) continue;
    const { name, deletionTimestamp } = object.metadata;
    disks.set(name, (disks.get(name) ?? true) && deletionTimestamp !== undefined);
  }
  for (const [name, leaving] of disks) {
    blockers.push({
      type: 'NameTaken',
      message: leaving
        ? `The disk ${target.namespace}/${name} of an earlier VM is still being deleted: try again when it is gone.`
        : `There is a disk ${target.namespace}/${name} already, which the clone would need to make: choose another name for the clone, or remove the disk.`,
    });
  }
  return blockers;
}

function takenByVm({ metadata }: VirtualMachine, { namespace, name }: VmRef): string {
  if (metadata.deletionTimestamp) {
    return `VM ${namespace}/${name} is being deleted: try again when it is gone, or choose another name.`;
  }
  if (metadata.annotations?.[MARKS.inProgress] === IN_PROGRESS.copied) {
    return `VM ${namespace}/${name} is an earlier clone whose disks are copied and which is about to be finished: choose another name.`;
  }
  return `There is a VM ${namespace}/${name} already: choose another name.`;
}

function sourceBlockers(source: VirtualMachine, { vmi, migrations }: PlanFacts): Blocker[] {
  const { name, annotations } = source.metadata;
  const blockers: Blocker[] = [];
  if (annotations?.[MARKS.inProgress]) {
    blockers.push({
      type: 'SourceIsCloneInProgress',
      message: `${name} is itself a clone in progress: clone it when it is complete.`,
    });
  }
  const power = stateBlocker(source, vmi, migrations);
  if (power) blockers.push(power);
  try {
    holdersOf(source);
  } catch (error) {
    blockers.push({ type: 'LockUnreadable', message: (error as Error).message });
  }
  return blockers;
}

/** A device that is claimed by name is the same one for both. */
function claimedDevices({ metadata, spec }: VirtualMachine): Blocker[] {
  return (spec.template.spec.resourceClaims ?? []).flatMap(({ resourceClaimName: name }) =>
    name
      ? [
          {
            type: 'ResourceClaimShared',
            message: `The clone would share ResourceClaim ${name} with ${metadata.name}, and its device: name a ResourceClaimTemplate instead, or remove it first.`,
          },
        ]
      : [],
  );
}

function podBlockers(source: VirtualMachine, { pods }: PlanFacts): Blocker[] {
  const { name } = source.metadata;
  return treatVolumes(source.spec.template.spec).copied.flatMap((disk) =>
    pods
      .filter((pod) => usesClaim(pod, new Set([disk.claim])) && !belongsToVm(pod, source, pods))
      .flatMap((pod): Blocker[] => {
        if (fillsItsClaim(pod)) {
          const message = `Pod ${pod.metadata.name} is still filling disk ${disk.name} of ${name}: clone it when that is done.`;
          return [{ type: 'SourceDiskNotReady', message }];
        }
        return isCdiPod(pod) ? [] : [{ type: 'SourceDiskInUse', message: inUse(pod, name, disk) }];
      }),
  );
}

/** CDI would wait for it, the source off. */
function inUse({ metadata }: Pod, source: string, { name, claim }: ClaimVolume): string {
  const vmi = metadata.ownerReferences?.find(({ kind }) => kind === 'VirtualMachineInstance');
  return vmi
    ? `VM ${vmi.name} uses disk ${name} of ${source} (claim ${claim}), too: shut it down, or detach the disk from ${source} first.`
    : `Pod ${metadata.name} uses disk ${name} of ${source} (claim ${claim}): end it first, for it may write during the copy.`;
}

/** What a clone in another namespace would look for there (kubevirt-rules, Volumes). */
function referenceBlockers(source: VirtualMachine, facts: PlanFacts): Blocker[] {
  const { request, availableInTarget, availableInSource } = facts;
  const { namespace } = request.target;
  if (!goesElsewhere(request)) return [];
  const isCopied = (kind: string) => kind !== 'ServiceAccount' && copiesSecrets(request);
  return referencesOf(source.spec.template.spec).flatMap(({ kind, name, usedBy, optional }) => {
    const available = isCopied(kind) ? availableInSource : availableInTarget;
    if (optional || isEverywhere(kind, name) || has(available, { kind, name })) return [];
    const what = `${kind} ${name}, needed by ${usedBy},`;
    const message = isCopied(kind)
      ? `${what} does not exist in namespace ${request.source.namespace}: nothing can be copied.`
      : kind === 'ServiceAccount'
        ? `${what} does not exist in namespace ${namespace}: create it there, for it is never copied.`
        : `${what} does not exist in namespace ${namespace}: create it there, or have it copied (copySecrets).`;
    return [{ type: `${kind}NotAvailable`, message }];
  });
}

/** Kubernetes gives it to every namespace. */
function isEverywhere(kind: string, name: string): boolean {
  return kind === 'ServiceAccount' && name === 'default';
}

function storageClassBlockers({ request, ...storage }: PlanFacts): Blocker[] {
  const wanted = request.options.storageClass;
  if (wanted === undefined || classOf(storage, wanted)) return [];
  return [
    {
      type: 'StorageClassNotFound',
      message: `There is no storage class ${wanted}, on which the clone's disks are to be: choose another.`,
    },
  ];
}
