import { List, ListItem, Progress } from '@patternfly/react-core';
import type { DiskProgress } from '../../../src/contract';
import { formatBytes } from './Bytes';
import { diskPhaseName } from './phase-names';

/** How far each disk of a clone is. Where nobody knows it says so: no bar is not an empty one. */
export function DiskBars({ disks }: { disks: readonly DiskProgress[] }) {
  return (
    <List isPlain aria-label="Disks">
      {disks.map((disk) => (
        <ListItem key={disk.name} data-disk={disk.name}>
          <DiskBar disk={disk} />
        </ListItem>
      ))}
    </List>
  );
}

function DiskBar({ disk: { name, bytes, phase, percent } }: { disk: DiskProgress }) {
  const title = `${name} – ${formatBytes(bytes)} – ${diskPhaseName(phase)}`;
  if (percent === null) return `${title} – unknown`;
  return (
    <Progress
      title={title}
      aria-label={`Disk ${name}`}
      value={Math.floor(percent)}
      size="sm"
      variant={phase === 'Succeeded' ? 'success' : undefined}
    />
  );
}
