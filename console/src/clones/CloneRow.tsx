import { Td, Tr } from '@patternfly/react-table';
import { memo } from 'react';
import type { CloneAnswer } from '../../../src/api/answers';
import { Duration } from '../ui/Duration';
import { ExternalLink } from '../ui/ExternalLink';
import { useLinks } from '../ui/links';
import { formatSeconds } from '../ui/seconds';
import { Time } from '../ui/Time';
import { CancelButton } from './CancelButton';
import { CloneState } from './CloneState';
import { COLUMNS } from './columns';
import { FailureText } from './FailureText';

const NONE = '—';

export const CloneRow = memo(function CloneRow({ clone }: { clone: CloneAnswer }) {
  const { id, runId, source, outcome, failure, sourceDowntimeSeconds: downtime } = clone;
  const { clone: pathOf, follow } = useLinks();
  return (
    <Tr data-clone={id} data-run={runId}>
      <Td dataLabel={COLUMNS.clone} modifier="breakWord">
        <a href={pathOf(id, outcome && runId)} onClick={follow}>
          {id}
        </a>
      </Td>
      <Td dataLabel={COLUMNS.source} modifier="breakWord">
        {source.namespace}/{source.name}
      </Td>
      <Td dataLabel={COLUMNS.outcome}>
        <CloneState clone={clone} />
      </Td>
      <Td dataLabel={COLUMNS.requestedBy} modifier="breakWord">
        {clone.requestedBy || NONE}
      </Td>
      <Td dataLabel={COLUMNS.startedAt}>
        <Time at={clone.startedAt} />
      </Td>
      <Td dataLabel={COLUMNS.duration}>
        <Duration from={clone.startedAt} to={clone.endedAt} />
      </Td>
      <Td dataLabel={COLUMNS.downtime}>{downtime === undefined ? NONE : formatSeconds(downtime)}</Td>
      <Td dataLabel={COLUMNS.failure} modifier="breakWord">
        {failure ? <FailureText failure={failure} /> : NONE}
      </Td>
      <Td dataLabel={COLUMNS.workflow}>
        <ExternalLink href={clone.links.temporalUi} label={`Workflow of ${id} in Temporal UI`}>
          Workflow
        </ExternalLink>
      </Td>
      <Td isActionCell>{!outcome && <CancelButton clone={clone} />}</Td>
    </Tr>
  );
});
