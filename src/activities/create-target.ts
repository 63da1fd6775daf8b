import { buildCopy, isRevision } from '../clone/copies';
import { isInProgress, isOurs, ownedBy } from '../clone/ownership';
import type { DataVolume, KubernetesResource, VirtualMachine } from '../clone/resources';
import type { Owner, PlannedCopy, PlannedDisk, TargetRecord, VmRef } from '../contract';
import { type ClusterClient, isCode, type Kind, Kinds } from '../kubernetes';
import { attemptSignal } from './attempt';
import type { ActivityDeps } from './deps';
import { failure, finalIfRefused } from './failures';
import { readFrozenPlan, removeFrozenPlan } from './frozen-plan';
import { ownMarks } from './marks';

export interface CreateTargetInput extends Owner {
  source: VmRef;
  target: VmRef;
  disks: PlannedDisk[];
  /** As they were locked; in histories of before there were copies they are missing. */
  copies?: readonly PlannedCopy[];
}

/**
 * Step 4: the clone's VM, switched off and marked in progress, its copies of what it names, and the DataVolumes that
 * fill its disks, all owned by it; then the frozen plan goes. Names are deterministic: what an earlier attempt made is
 * adopted, what anybody else made is `NameTaken`. Undone by `deleteTarget`.
 *
 * Revisions come before the VM: without them KubeVirt's webhook would judge it by its bare template (a secure boot
 * that relies on its preference for SMM, say). They are loose until it is there to own them.
 */
export function createTarget({ client }: ActivityDeps) {
  return (input: CreateTargetInput): Promise<TargetRecord> =>
    finalIfRefused(async () => {
      const signal = attemptSignal();
      const frozen = await readFrozenPlan(client, input.source, input, signal);
      if (!frozen) return alreadyMade(client, input, signal);
      // Not as the frozen plan says: who may replace that chooses no Secrets.
      const { copies = [] } = input;
      const loose: KubernetesResource[] = [];
      for (const copy of copies.filter(isRevision)) {
        loose.push(await makeCopy(client, copy, frozen.plan.vm, input, signal));
      }
      const vm = await createOrAdopt(client, Kinds.VirtualMachine, frozen.plan.vm, input, signal);
      for (const revision of loose) await giveTo(client, vm, revision, input, signal);
      for (const copy of copies.filter((each) => !isRevision(each))) {
        await makeCopy(client, copy, vm, input, signal);
      }
      const dataVolumes: TargetRecord['dataVolumes'] = [];
      for (const planned of frozen.plan.dataVolumes) {
        const made = await createOrAdopt(client, Kinds.DataVolume, ownedBy(planned, vm), input, signal);
        dataVolumes.push({ name: made.metadata.name, uid: made.metadata.uid as string });
      }
      await removeFrozenPlan(client, input.source, input, signal, frozen.uid);
      return { vmUid: vm.metadata.uid as string, dataVolumes };
    });
}

/** What it holds goes from one object into the other, and nowhere else. Owned by the VM, once that has a uid. */
async function makeCopy(
  client: ClusterClient,
  copy: PlannedCopy,
  vm: VirtualMachine,
  input: CreateTargetInput,
  signal: AbortSignal,
): Promise<KubernetesResource> {
  const kind = Kinds[copy.kind] as Kind;
  const { namespace } = input.source;
  const original = await client.get(kind, { namespace, name: copy.from }, { signal });
  if (original) {
    const made = buildCopy(original, copy, vm);
    return createOrAdopt(client, kind, vm.metadata.uid ? ownedBy(made, vm) : made, input, signal);
  }
  const made = await client.get(kind, { namespace: input.target.namespace, name: copy.name }, { signal });
  if (made && isOurs(made, input)) return made;
  throw failure(
    'SourceChanged',
    `${copy.kind} ${namespace}/${copy.from}, which the clone needs, is gone: clone again.`,
  );
}

/** From now on it goes with the clone's VM. */
async function giveTo(
  client: ClusterClient,
  vm: VirtualMachine,
  revision: KubernetesResource,
  input: CreateTargetInput,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, uid, ownerReferences } = revision.metadata;
  if (ownerReferences?.some((owner) => owner.uid === vm.metadata.uid)) return;
  const { ownerReferences: value } = ownedBy(revision, vm).metadata;
  const operations = [
    ...ownMarks(input, uid as string),
    { op: 'add' as const, path: '/metadata/ownerReferences', value },
  ];
  await client.patchJson(Kinds.ControllerRevision, { namespace, name }, operations, { signal });
}

/** The frozen plan is gone: an earlier attempt had come to its end, or the source was deleted with it. */
async function alreadyMade(
  client: ClusterClient,
  input: CreateTargetInput,
  signal: AbortSignal,
): Promise<TargetRecord> {
  const { source, target, disks, copies = [], ...owner } = input;
  const inTarget = (name: string) => ({ namespace: target.namespace, name });
  const vm: VirtualMachine | undefined = await client.get(Kinds.VirtualMachine, target, { signal });
  const made: (DataVolume | undefined)[] = await Promise.all(
    disks.map(({ dataVolume }) => client.get(Kinds.DataVolume, inTarget(dataVolume), { signal })),
  );
  const dataVolumes = made.filter((each) => each !== undefined && isOurs(each, owner)) as DataVolume[];
  if (vm && isOurs(vm, owner) && !isInProgress(vm)) {
    throw failure('NameTaken', `The clone ${target.namespace}/${target.name} is finished already.`);
  }
  const copied = await Promise.all(
    copies.map(({ kind, name }) => client.get(Kinds[kind] as Kind, inTarget(name), { signal })),
  );
  const isWhole = dataVolumes.length === disks.length && copied.every((each) => each && isOurs(each, owner));
  if (!vm || !isOurs(vm, owner) || !isWhole) {
    throw failure('SourceDeleted', `The frozen plan of the clone is gone: was ${source.name} deleted?`);
  }
  for (const copy of copied) {
    if (copy?.kind === Kinds.ControllerRevision.kind) await giveTo(client, vm, copy, input, signal);
  }
  return {
    vmUid: vm.metadata.uid as string,
    dataVolumes: dataVolumes.map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid as string })),
  };
}

async function createOrAdopt<T extends KubernetesResource>(
  client: ClusterClient,
  kind: Kind<T>,
  object: T,
  owner: Owner,
  signal: AbortSignal,
): Promise<T> {
  const { namespace, name } = object.metadata;
  try {
    return await client.create(kind, object, { signal });
  } catch (error) {
    if (isTakenClaim(error))
      throw failure('NameTaken', `${error.message}: choose another name for the clone.`);
    if (!isCode(error, 409)) throw error;
  }
  const existing = await client.get(kind, { namespace, name }, { signal });
  if (existing && isOurs(existing, owner) && !existing.metadata.deletionTimestamp) return existing;
  throw failure(
    'NameTaken',
    `${kind.kind} ${namespace}/${name} exists and is not ours: choose another name for the clone.`,
  );
}

/** CDI's webhook refuses a DataVolume whose claim exists (kubevirt-observed, same-name PVC). */
function isTakenClaim(error: unknown): error is Error {
  return isCode(error, 400, 403, 409, 422) && /Destination PVC .* already exists/.test(error.message);
}
