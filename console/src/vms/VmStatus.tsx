import { Button, Icon, Popover, Spinner } from '@patternfly/react-core';
import ExclamationCircleIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon';
import LockIcon from '@patternfly/react-icons/dist/esm/icons/lock-icon';
import PausedIcon from '@patternfly/react-icons/dist/esm/icons/pause-circle-icon';
import PowerOffIcon from '@patternfly/react-icons/dist/esm/icons/power-off-icon';
import RunningIcon from '@patternfly/react-icons/dist/esm/icons/sync-alt-icon';
import UnknownIcon from '@patternfly/react-icons/dist/esm/icons/unknown-icon';
import { useRef, useState } from 'react';
import type { VmRow } from '../../../src/clone/status';
import { VmPopover } from './VmPopover';

/** Rows are cards there: a popover fits into the window if it begins where the line of its card does. */
const NARROW = '(max-width: 40rem)';
const PLACES = {
  wide: { position: 'right', flipBehavior: ['right', 'bottom', 'top', 'left'] },
  narrow: { position: 'bottom-start', flipBehavior: ['bottom-start', 'top-start'], maxWidth: '90vw' },
} as const;

/** The status as the API words it, with an icon; pressed, it tells more. */
export function VmStatus({ row }: { row: VmRow }) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const isNarrow = window.matchMedia(NARROW).matches;
  const { flipBehavior, ...place } = PLACES[isNarrow ? 'narrow' : 'wide'];
  return (
    <Popover
      {...place}
      flipBehavior={[...flipBehavior]}
      triggerRef={() => ((isNarrow && button.current?.closest('td')) || button.current) as HTMLElement}
      appendTo={() => document.body}
      headerContent={row.name}
      headerComponent="h2"
      isVisible={open}
      shouldOpen={({ target }) => button.current?.contains(target as Node) && setOpen(true)}
      shouldClose={() => setOpen(false)}
      minWidth="min(24rem, 90vw)"
      bodyContent={() => <VmPopover row={row} onLeave={() => setOpen(false)} />}
    >
      <Button
        ref={button}
        variant="link"
        isInline
        className="vm-status"
        icon={<StatusIcon row={row} />}
        aria-haspopup="dialog"
        aria-expanded={open}
      >
        {row.status}
      </Button>
    </Popover>
  );
}

function StatusIcon({ row: { filterGroup, locked, status } }: { row: VmRow }) {
  if (filterGroup === 'Error') {
    return (
      <Icon status="danger">
        <ExclamationCircleIcon />
      </Icon>
    );
  }
  if (status === 'Paused') return <PausedIcon />;
  if (filterGroup === 'Transitioning') {
    return <Spinner isInline aria-hidden />;
  }
  if (locked) return <LockIcon />;
  if (filterGroup === 'Running') {
    return (
      <Icon status="success">
        <RunningIcon />
      </Icon>
    );
  }
  return filterGroup === 'Offline' ? <PowerOffIcon /> : <UnknownIcon />;
}
