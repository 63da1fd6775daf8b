import { copyDisks } from './copy-disks';
import { createTarget } from './create-target';
import { deleteTarget, proveCleanUp } from './delete-target';
import type { ActivityDeps } from './deps';
import { findOrphans } from './find-orphans';
import { finishTarget } from './finish-target';
import { lockSource } from './lock-source';
import { planClone } from './plan-clone';
import { shutDownSource } from './shut-down-source';
import { unlockSource } from './unlock-source';

/** Short activities and compensations: task queue `vm-clone`. */
export function createActivities(deps: ActivityDeps) {
  return {
    planClone: planClone(deps),
    lockSource: lockSource(deps),
    shutDownSource: shutDownSource(deps),
    createTarget: createTarget(deps),
    unlockSource: unlockSource(deps),
    finishTarget: finishTarget(deps),
    deleteTarget: deleteTarget(deps),
    proveCleanUp: proveCleanUp(deps),
    findOrphans: findOrphans(deps),
  };
}

/** The long copy: task queue `vm-clone-copy`. */
export function createCopyActivities(deps: ActivityDeps) {
  return { copyDisks: copyDisks(deps) };
}

export type Activities = ReturnType<typeof createActivities>;
export type CopyActivities = ReturnType<typeof createCopyActivities>;
