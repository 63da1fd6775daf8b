import type { z } from 'zod';
import { defaultCloneName } from '../clone/names';
import type { VmRef } from '../contract';
import type { ClonePlanAnswer } from './answers';
import type { ApiDeps } from './deps';
import { Problem } from './problem';
import { readPlan } from './read-plan';
import type { RunningClones } from './running-clones';
import { type clonePlanQuerySchema, labelSchema } from './schemas';

/** The dry run: the same plan as `POST /clones` makes, and nothing begun. Throws `vm-not-found`. */
export async function dryRun(
  deps: ApiDeps & { running: RunningClones },
  source: VmRef,
  query: z.output<typeof clonePlanQuerySchema>,
): Promise<ClonePlanAnswer> {
  const running = await deps.running.get();
  const namespace = query.namespace ?? source.namespace;
  const isTaken = (name: string) =>
    deps.caches.virtualMachines.get(namespace, name) !== undefined || running.has(`${namespace}/${name}`);
  // A clone's name is a label, its source's may have dots.
  const name = defaultCloneName(source.name.replaceAll('.', '-'), isTaken);
  const rule = labelSchema.safeParse(query.name ?? name);
  const target = { namespace, name: query.name ?? name };
  const startAfterClone = query.startAfterClone ?? true;
  const planned = rule.success ? target : { namespace, name };
  const { storageClass, persistentState, copySecrets, macAddresses } = query;
  const options = { storageClass, persistentState, copySecrets, macAddresses };
  const plan = await readPlan(deps, { source, target: planned, startAfterClone, options });
  if (plan.blockers.some(({ type }) => type === 'SourceNotFound')) {
    throw new Problem('vm-not-found', `There is no VM ${source.namespace}/${source.name}.`);
  }
  const blockers = [...plan.blockers];
  if (!rule.success) {
    blockers.unshift({ type: 'InvalidName', message: `The name ${rule.error.issues[0]?.message}.` });
  }
  if (running.has(`${namespace}/${target.name}`) && !blockers.some(({ type }) => type === 'NameTaken')) {
    blockers.push({
      type: 'NameTaken',
      message: `A clone to ${namespace}/${target.name} is under way: choose another name.`,
    });
  }
  return {
    defaults: { name, namespace: source.namespace, startAfterClone: true },
    target,
    sourceOn: plan.sourceOn,
    configuration: plan.configuration,
    disks: plan.disks.map(({ name, kind, bytes, method, storageClass, dataVolume }) => ({
      name,
      kind,
      bytes,
      method,
      storageClass,
      dataVolume,
    })),
    blockers,
    warnings: plan.warnings,
    changes: plan.changes,
    copies: plan.copies.map(({ kind, from }) => ({ kind, from })),
    expectedDowntime: plan.expectedDowntime,
  };
}
