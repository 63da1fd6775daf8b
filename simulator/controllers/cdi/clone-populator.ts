import type { PersistentVolumeClaim } from '../../../src/clone/resources';
import { Kinds } from '../../../src/kubernetes';
import { milliseconds } from '../../options';
import { SimKinds } from '../kinds';
import {
  addFinalizer,
  annotate,
  annotationOf,
  controllerOf,
  hasFinalizer,
  isBound,
  isDeleting,
  labelOf,
  removeFinalizer,
  uidOf,
} from '../objects';
import { type ControllerDefinition, keyOf, update, watching } from '../runtime';
import { noteBound } from './bound-condition';
import { type Cdi, dataSourceNamespace, storageClassOf, waitsForConsumer } from './cdi';
import type { Clone, PhaseStatus } from './clone/phase';
import { type Choice, CloneRefused, chooseStrategy, planOf } from './clone/strategy';
import { Ann, APP, Finalizer, Label, PROGRESS_DONE } from './names';

const KIND = 'VolumeCloneSource';

/** Fills claims whose data source is a VolumeCloneSource (CDI pkg/controller/populators/clone-populator.go). */
export function clonePopulator(cdi: Cdi): ControllerDefinition {
  const targetOf = (object: { metadata: { labels?: Record<string, string> } }) =>
    cdi.claimsByUid.get(labelOf(object as PersistentVolumeClaim, Label.ownedByUid) ?? '').map(keyOf);
  return {
    name: 'clone-populator',
    watches: [
      watching(Kinds.PersistentVolumeClaim, (claim) => [
        ...(claim.spec.dataSourceRef?.kind === KIND ? [keyOf(claim)] : targetOf(claim)),
        ...cdi.cloneSources
          .list(claim.metadata.namespace)
          .filter(({ spec }) => spec.source.name === claim.metadata.name)
          .flatMap((source) => cdi.claimsByDataSource.get(`${KIND}/${keyOf(source)}`).map(keyOf)),
      ]),
      watching(Kinds.Pod, targetOf),
      watching(SimKinds.VolumeSnapshot, targetOf),
      watching(SimKinds.VolumeCloneSource, (source) =>
        cdi.claimsByDataSource.get(`${KIND}/${keyOf(source)}`).map(keyOf),
      ),
      watching(SimKinds.PersistentVolume, ({ spec }) =>
        spec.claimRef ? targetOf(cdi.claims.get(spec.claimRef.namespace, spec.claimRef.name) ?? NOTHING) : [],
      ),
    ],
    async reconcile({ namespace, name }, signal) {
      const stored = cdi.claims.get(namespace, name);
      if (stored?.spec.dataSourceRef?.kind !== KIND) return;
      const claim = await noteBound(cdi, stored, signal);
      if (!isDeleting(claim) && annotationOf(claim, Ann.clonePhase) !== 'Succeeded') {
        return reconcilePending(cdi, claim, signal);
      }
      if (hasFinalizer(claim, Finalizer.clonePopulator)) await cleanUp(cdi, claim, signal);
    },
  };
}

const NOTHING = { metadata: {} };

async function reconcilePending(cdi: Cdi, target: PersistentVolumeClaim, signal: AbortSignal) {
  try {
    return await populate(cdi, target, signal);
  } catch (error) {
    if (!signal.aborted) await writeError(cdi, target, error as Error, signal);
    throw error;
  }
}

async function populate(cdi: Cdi, target: PersistentVolumeClaim, signal: AbortSignal) {
  const source = cdi.cloneSources.get(dataSourceNamespace(target), target.spec.dataSourceRef?.name ?? '');
  if (!isReadyForPopulation(cdi, target) || !source) return writePhase(cdi, target, 'Pending', [], signal);
  const from = { namespace: source.metadata.namespace ?? '', name: source.spec.source.name };
  const saved = annotationOf(target, Ann.cloneType);
  const choice = saved ? { strategy: saved } : choose(cdi, target, from);
  if (!choice) {
    await writePhase(cdi, target, 'Pending', [], signal);
    return { requeueAfterMs: milliseconds(5, cdi.context.options) };
  }
  const initialised = await update(
    cdi.client,
    Kinds.PersistentVolumeClaim,
    target,
    (copy) => {
      copy.metadata.labels = { ...copy.metadata.labels, [Label.app]: APP };
      annotate(copy, { [Ann.cloneType]: choice.strategy });
      if (choice.fallback && !annotationOf(copy, Ann.cloneFallbackReason)) {
        annotate(copy, { [Ann.cloneFallbackReason]: choice.fallback.message });
      }
      if (!annotationOf(copy, Ann.clonePhase)) annotate(copy, { [Ann.clonePhase]: 'Pending' });
      addFinalizer(copy, Finalizer.clonePopulator);
    },
    { signal },
  );
  if (initialised !== target) return; // comes back with the claim's change
  return execute({ cdi, target, source: from, signal }, choice.strategy);
}

/** Undefined while there is no source. */
function choose(
  cdi: Cdi,
  target: PersistentVolumeClaim,
  from: { namespace: string; name: string },
): Choice | undefined {
  const about = { ...target, apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
  try {
    const choice = chooseStrategy(cdi, target, cdi.claims.get(from.namespace, from.name));
    if (!choice) {
      cdi.recordEvent(about, 'Warning', 'CloneWithoutSource', `The source pvc ${from.name} doesn't exist`);
    }
    if (choice?.fallback) cdi.recordEvent(about, 'Warning', choice.fallback.reason, choice.fallback.message);
    if (choice?.selected) cdi.recordEvent(about, 'Normal', 'VolumeSnapshotClassSelected', choice.selected);
    return choice;
  } catch (error) {
    if (error instanceof CloneRefused) {
      cdi.recordEvent(about, 'Warning', error.reason, error.message);
      const message = "The clone doesn't meet the validation requirements";
      cdi.recordEvent(about, 'Warning', 'CloneValidationFailed', message);
    }
    throw error;
  }
}

async function execute(clone: Clone, strategy: string) {
  const { cdi, target, signal } = clone;
  const phases = planOf(clone, strategy);
  const reports: PhaseStatus[] = [];
  for (const phase of phases) {
    const outcome = isBound(target) ? { done: true } : await phase.reconcile(clone);
    const report = phase.status?.(clone);
    if (report) reports.push(report);
    if (outcome.done) continue;
    await writePhase(cdi, target, phase.name, reports, signal);
    return outcome.requeueAfterMs === undefined ? undefined : { requeueAfterMs: outcome.requeueAfterMs };
  }
  await writePhase(cdi, target, 'Succeeded', [...reports, { progress: PROGRESS_DONE }], signal);
  return undefined;
}

/** Not before a consumer has chosen a node, or immediate binding was asked for, where the class waits for one. */
function isReadyForPopulation(cdi: Cdi, claim: PersistentVolumeClaim): boolean {
  const name = claim.spec.storageClassName;
  const storageClass = storageClassOf(cdi, name);
  if (!storageClass) throw new Error(`storage class ${name} not found`);
  if (!waitsForConsumer(storageClass)) return true;
  return (
    Boolean(annotationOf(claim, Ann.selectedNode)) || annotationOf(claim, Ann.boundImmediately) !== undefined
  );
}

async function writePhase(
  cdi: Cdi,
  target: PersistentVolumeClaim,
  phase: string,
  reports: PhaseStatus[],
  signal: AbortSignal,
): Promise<undefined> {
  const podAnnotations = Object.assign({}, ...reports.map(({ annotations }) => annotations));
  await update(
    cdi.client,
    Kinds.PersistentVolumeClaim,
    target,
    (copy) => {
      delete copy.metadata.annotations?.[Ann.cloneError];
      annotate(copy, { [Ann.clonePhase]: phase });
      for (const { progress } of reports) {
        if (progress) annotate(copy, { [Ann.populatorProgress]: progress });
      }
      if (podAnnotations[Ann.cloneOf]) annotate(copy, { [Ann.cloneOf]: podAnnotations[Ann.cloneOf] });
      annotateRunning(copy, phase, podAnnotations);
    },
    { signal },
  );
}

async function writeError(cdi: Cdi, target: PersistentVolumeClaim, error: Error, signal: AbortSignal) {
  const edit = (copy: PersistentVolumeClaim) => {
    annotate(copy, { [Ann.clonePhase]: 'Error', [Ann.cloneError]: error.message });
    annotateRunning(copy, 'Error', {});
  };
  await update(cdi.client, Kinds.PersistentVolumeClaim, target, edit, { signal }).catch((failure) =>
    cdi.context.log('error not noted on the claim', { claim: keyOf(target), error: String(failure) }),
  );
}

/** What becomes the DataVolume's condition Running. */
function annotateRunning(
  target: PersistentVolumeClaim,
  phase: string,
  pods: Record<string, string | undefined>,
): void {
  if (controllerOf(target)?.kind !== 'DataVolume') return;
  const noted = (running: string, reason: string, message = '') =>
    annotate(target, {
      [Ann.running]: running,
      [`${Ann.running}.message`]: message,
      [`${Ann.running}.reason`]: reason,
    });
  const running = pods[Ann.running];
  if (phase === 'Succeeded') noted('false', 'Completed', 'Clone Complete');
  else if (phase === 'Pending') noted('false', 'Pending', 'Clone Pending');
  else if (phase === 'Error') noted('false', 'Error', annotationOf(target, Ann.cloneError));
  else if (running !== undefined) {
    noted(running, pods[`${Ann.running}.reason`] ?? '', pods[`${Ann.running}.message`]);
    const restarts = pods[Ann.podRestarts];
    if (restarts) annotate(target, { [Ann.podRestarts]: restarts });
  } else noted('true', 'Populator is running');
}

/** Deletes whatever was made for the clone, then lets the claim go. */
async function cleanUp(cdi: Cdi, target: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
  const uid = uidOf(target);
  for (const claim of cdi.ownedClaims.get(uid)) {
    if (!isDeleting(claim)) await cdi.client.delete(Kinds.PersistentVolumeClaim, claim.metadata, { signal });
  }
  for (const pod of cdi.ownedPods.get(uid)) {
    if (!isDeleting(pod)) await cdi.client.delete(Kinds.Pod, pod.metadata, { signal });
  }
  for (const snapshot of cdi.ownedSnapshots.get(uid)) {
    if (!isDeleting(snapshot))
      await cdi.client.delete(SimKinds.VolumeSnapshot, snapshot.metadata, { signal });
  }
  await update(
    cdi.client,
    Kinds.PersistentVolumeClaim,
    target,
    (copy) => removeFinalizer(copy, Finalizer.clonePopulator),
    { signal },
  );
}
