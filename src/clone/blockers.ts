import { type Blocker, IN_PROGRESS, MARKS, type VmRef } from '../contract';
import { belongsToLeftover, leftoverOf } from './leftover';
import { holdersOf } from './lock';
import { isValidName, MAX_NAME_LENGTH } from './names';
import type { PlanFacts } from './plan';
import { isCdiPod, powerBlocker, usesClaim } from './power';
import { referencesOf } from './references';
import type { Pod, TypeMatcher, VirtualMachine } from './resources';
import { claimNamesOf, treatVolumes } from './volumes';

/** Everything that stands against the clone, besides the state of single claims (`planDisks`). */
export function findBlockers(source: VirtualMachine, facts: PlanFacts): Blocker[] {
  return [
    ...targetBlockers(facts),
    ...sourceBlockers(source, facts),
    ...treatVolumes(source.spec.template.spec).blockers,
    ...persistentState(source),
    ...podBlockers(source, facts),
    ...crossNamespace(source, facts),
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
  if (source.namespace === target.namespace && source.name === target.name) {
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

function sourceBlockers(source: VirtualMachine, { vmi }: PlanFacts): Blocker[] {
  const { name, annotations } = source.metadata;
  const blockers: Blocker[] = [];
  if (annotations?.[MARKS.inProgress]) {
    blockers.push({
      type: 'SourceIsCloneInProgress',
      message: `${name} is itself a clone in progress: clone it when it is complete.`,
    });
  }
  const power = powerBlocker(source, vmi);
  if (power) blockers.push(power);
  try {
    holdersOf(source);
  } catch (error) {
    blockers.push({ type: 'LockUnreadable', message: (error as Error).message });
  }
  return blockers;
}

/** State that KubeVirt keeps on a claim of its own, which no DataVolume copies (kubevirt-rules, Volumes). */
function persistentState({ spec }: VirtualMachine): Blocker[] {
  const { devices, firmware } = spec.template.spec.domain;
  const tpm = (devices as { tpm?: { persistent?: boolean } } | undefined)?.tpm?.persistent;
  const efi = (firmware as { bootloader?: { efi?: { persistent?: boolean } } } | undefined)?.bootloader?.efi;
  const kept = [tpm && 'TPM', efi?.persistent && 'EFI'].filter(Boolean);
  if (kept.length === 0) return [];
  return [
    {
      type: 'PersistentState',
      message: `The persistent ${kept.join(' and ')} state of the VM can not be copied, and without it a guest that seals its disk with it does not boot.`,
    },
  ];
}

function podBlockers(source: VirtualMachine, { pods }: PlanFacts): Blocker[] {
  const claims = new Set(claimNamesOf(source));
  const blockers: Blocker[] = [];
  for (const pod of pods) {
    if (!usesClaim(pod, claims) || belongsToVm(pod, source, pods)) continue;
    if (fillsItsClaim(pod)) {
      blockers.push({
        type: 'SourceDiskNotReady',
        message: `Pod ${pod.metadata.name} is still filling a disk of ${source.metadata.name}: clone it when that is done.`,
      });
    } else if (!isCdiPod(pod)) {
      blockers.push({
        type: 'SourceDiskInUse',
        message: `Pod ${pod.metadata.name} uses a disk of ${source.metadata.name}: end it first, for it may write during the copy.`,
      });
    }
  }
  return blockers;
}

/** CDI's pods that import or upload write to the claim; those of other clones only read it. */
function fillsItsClaim({ metadata }: Pod): boolean {
  return ['importer', 'cdi-upload-server'].includes(metadata.labels?.['cdi.kubevirt.io'] ?? '');
}

/**
 * Whether it is the VM's launcher pod, owned by its VMI, or one that plugs a disk into it, owned by the launcher:
 * they end with the VM. Labels prove nothing: whoever copies the template copies them.
 */
function belongsToVm({ metadata }: Pod, source: VirtualMachine, pods: readonly Pod[]): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind, name, uid }) => {
    if (kind === 'VirtualMachineInstance') return name === source.metadata.name;
    const launcher = kind === 'Pod' && pods.find((pod) => pod.metadata.uid === uid);
    return launcher ? belongsToVm(launcher, source, pods) : false;
  });
}

/** What a clone in another namespace would look for there. */
function crossNamespace(source: VirtualMachine, { request }: PlanFacts): Blocker[] {
  const { namespace } = request.target;
  if (namespace === request.source.namespace) return [];
  const blockers = referencesOf(source.spec.template.spec)
    .filter(({ kind, name }) => !(kind === 'ServiceAccount' && name === 'default'))
    .map(({ kind, name, usedBy }) => ({
      type: `${kind}NotAvailable`,
      message: `${kind} ${name}, which ${usedBy} needs, is of namespace ${request.source.namespace} and is not copied to ${namespace}: clone within the namespace, or remove it from the VM first.`,
    }));
  for (const [what, matcher] of [
    ['Instancetype', source.spec.instancetype],
    ['Preference', source.spec.preference],
  ] as const) {
    if (!isNamespaced(matcher)) continue;
    blockers.push({
      type: `${what}NotAvailable`,
      message: `${what} ${matcher?.name} exists only in namespace ${request.source.namespace}: use one of the whole cluster, or clone within the namespace.`,
    });
  }
  return blockers;
}

/** Without a kind it is one of the cluster (KubeVirt api/core/v1, InstancetypeMatcher). */
function isNamespaced(matcher: TypeMatcher | undefined): boolean {
  return /^virtualmachine(instancetype|preference)s?$/i.test(matcher?.kind ?? '');
}
