import type { ActionName } from '../../../src/clone/actions';
import type { VmRow } from '../../../src/clone/status';

export interface MenuEntry {
  action: ActionName;
  label: string;
}

const ENTRIES = {
  run: 'Run',
  edit: 'Edit',
  clone: 'Clone',
  pause: 'Pause',
  unpause: 'Unpause',
  restart: 'Restart',
  shutDown: 'Shut down',
  delete: 'Delete',
  cancelCloning: 'Cancel cloning',
} as const satisfies Record<ActionName, string>;

const OFF: ActionName[] = ['run', 'edit', 'clone', 'delete'];
const ON: ActionName[] = ['edit', 'clone', 'pause', 'restart', 'shutDown', 'delete'];

/** The entries of a VM's menu (console.md, The list): whether each is enabled, and why not, says the row. */
export function menuOf({ actions, cloneId, locked, status }: VmRow): MenuEntry[] {
  return entriesOf().map((action) => ({ action, label: ENTRIES[action] }));

  function entriesOf(): ActionName[] {
    if (cloneId !== undefined) return ['cancelCloning'];
    if (locked || actions.run.enabled || status === 'Deleting') return OFF;
    return actions.unpause.enabled ? ON.map((action) => (action === 'pause' ? 'unpause' : action)) : ON;
  }
}
