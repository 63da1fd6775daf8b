import { Button, DescriptionList, Flex, Progress, Skeleton } from '@patternfly/react-core';
import type { CloneAnswer } from '../../../src/api/answers';
import type { VmRow } from '../../../src/clone/status';
import { sentenceOf } from '../api/http';
import { useClone, useClones } from '../api/queries';
import { useDialogs } from '../dialogs/dialogs';
import { useLive } from '../live/Live';
import { DiskBars } from '../ui/DiskBars';
import { ExternalLink } from '../ui/ExternalLink';
import { Fact } from '../ui/Fact';
import { useLinks } from '../ui/links';
import { phaseName } from '../ui/phase-names';
import { Time } from '../ui/Time';
import { useReposition } from '../ui/useReposition';

/** What a VM's status is about: the clone that is made here, or those that are made of it. */
export function VmPopover({ row, onLeave }: { row: VmRow; onLeave: () => void }) {
  return row.cloneId ? (
    <CloneInProgress id={row.cloneId} row={row} onLeave={onLeave} />
  ) : (
    <SourceClones row={row} />
  );
}

/** Phase, bar, each disk, who, since when; cancel, workflow. */
function CloneInProgress({ id, row, onLeave }: { id: string; row: VmRow; onLeave: () => void }) {
  const { live } = useLive();
  const { data: clone, error } = useClone(id, undefined, live);
  useReposition(clone);
  const dialogs = useDialogs();
  const { clone: pathOf, follow } = useLinks();
  const { cancelCloning } = row.actions;
  if (error && !clone) return <p>{sentenceOf(error)}</p>;
  if (!clone) return <Skeleton screenreaderText="The clone is being read" />;
  return (
    <Flex direction={{ default: 'column' }} gap={{ default: 'gapMd' }}>
      <Progress
        value={clone.percent ?? 0}
        label={clone.percent === null ? 'unknown' : `${clone.percent}%`}
        title={clone.cancelRequested ? 'Cancelling…' : phaseName(clone.phase)}
        size="sm"
      />
      <DiskBars disks={clone.disks} />
      {clone.stalled && <p>{clone.stalled.diagnosis}</p>}
      {clone.retrying && <p>{clone.retrying.message}</p>}
      <DescriptionList isCompact isHorizontal>
        <Fact term="Source">{`${clone.source.namespace}/${clone.source.name}`}</Fact>
        <Fact term="Requested by">{clone.requestedBy}</Fact>
        <Fact term="Since">
          <Time at={clone.startedAt} />
        </Fact>
      </DescriptionList>
      <Flex gap={{ default: 'gapMd' }}>
        <Button
          variant="secondary"
          isDanger
          size="sm"
          isAriaDisabled={!cancelCloning.enabled}
          onClick={() => {
            onLeave();
            dialogs.open('cancelCloning', row);
          }}
        >
          Cancel cloning
        </Button>
        <a href={pathOf(id)} onClick={follow}>
          Details
        </a>
        <ExternalLink href={clone.links.temporalUi}>Workflow</ExternalLink>
      </Flex>
      {!cancelCloning.enabled && <p>{cancelCloning.reason}</p>}
    </Flex>
  );
}

/** So many of the clones under way are told of one by one. */
const SHOWN = 5;

/** Of any other VM: what the cluster says of it, the clones that lock it, and how the last one went. */
function SourceClones({ row }: { row: VmRow }) {
  const { live } = useLive();
  const source = `${row.namespace}/${row.name}`;
  const { data: open, error: openError } = useClones({ source, open: true, limit: SHOWN }, live);
  const { data: past, error: pastError } = useClones({ source, open: false, limit: 1 }, live);
  const error = openError ?? pastError;
  const isRead = open !== undefined && past !== undefined;
  useReposition(isRead || undefined);
  const underWay = open?.items.filter(({ outcome }) => !outcome) ?? [];
  const others = row.lockedBy?.filter((id) => !underWay.some((clone) => clone.id === id)) ?? [];
  const last = past?.items[0];
  return (
    <Flex direction={{ default: 'column' }} gap={{ default: 'gapMd' }}>
      {row.statusDetail && <p>{row.statusDetail}</p>}
      {row.locked && (
        <p>Kept off and undeleted while it is being cloned. It gets its power state back afterwards.</p>
      )}
      {error && <p>{sentenceOf(error)}</p>}
      {!isRead && !error && <Skeleton screenreaderText="Its clones are being read" />}
      {isRead && underWay.length === 0 && !last && !row.statusDetail && <p>No clones of it yet.</p>}
      {(underWay.length > 0 || last) && (
        <DescriptionList isCompact>
          {underWay.length > 0 && (
            <Fact term="Is being cloned to">
              {underWay.map((clone) => (
                <CloneLine key={clone.runId} clone={clone} />
              ))}
              {underWay.length === SHOWN && others.length > 0 && <p>and {others.length} more</p>}
            </Fact>
          )}
          {last && (
            <Fact term={last.outcome === 'Failed' ? 'Last clone failed' : 'Last clone'}>
              <CloneLine clone={last} />
              {last.failure && <p>{last.failure.message}</p>}
            </Fact>
          )}
        </DescriptionList>
      )}
    </Flex>
  );
}

function CloneLine({ clone }: { clone: CloneAnswer }) {
  const { clone: pathOf, follow } = useLinks();
  const state = clone.outcome ?? (clone.cancelRequested ? 'Cancelling…' : phaseName(clone.phase));
  const percent = clone.outcome || clone.percent === null ? '' : ` (${clone.percent}%)`;
  return (
    <p>
      <a href={pathOf(clone.id, clone.outcome && clone.runId)} onClick={follow}>
        {clone.id}
      </a>
      {` – ${state}${percent}`}
    </p>
  );
}
