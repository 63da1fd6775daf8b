import type { PlannedDisk } from '../contract';
import { formatBytes } from './quantity';

/** How long the source will be off. `seconds` is null where nobody can tell: storage decides. */
export interface Downtime {
  seconds: number | null;
  text: string;
}

interface DowntimeFacts {
  sourceOn: boolean;
  disks: readonly PlannedDisk[];
  shutdownTimeoutSeconds: number;
}

/**
 * An honest estimate: none for a source that is off, else what is known, in words. The speed of the storage is
 * not, and a number made up would be planned with.
 */
export function expectedDowntime({ sourceOn, disks, shutdownTimeoutSeconds }: DowntimeFacts): Downtime {
  if (!sourceOn)
    return { seconds: 0, text: 'None: the source is off. It can not be started during the copy.' };
  const copied = disks.filter(({ method }) => method === 'copy');
  const bytes = copied.reduce((sum, disk) => sum + disk.bytes, 0);
  const parts = [`At most ${shutdownTimeoutSeconds} s to shut down`];
  if (copied.length < disks.length) {
    parts.push(`the cloning of ${count(disks.length - copied.length)} by the storage itself`);
  }
  if (copied.length > 0) {
    parts.push(`the copying of ${count(copied.length)} over the network (up to ${formatBytes(bytes)})`);
  }
  return { seconds: null, text: `${parts.join(', then ')}; then the source starts again.` };
}

function count(disks: number): string {
  return disks === 1 ? '1 disk' : `${disks} disks`;
}
