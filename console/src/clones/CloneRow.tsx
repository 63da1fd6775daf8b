import { Td, Tr } from '@patternfly/react-table';
import { memo } from 'react';
import type { CloneAnswer } from '../../../src/api/answers';
import { Duration } from '../ui/Duration';
import { ExternalLink } from '../ui/ExternalLink';
import { useLinks } from '../ui/links';
import { RefText } from '../ui/RefText';
import { formatSeconds } from '../ui/seconds';
import { Time } from '../ui/Time';
import { CancelButton } from './CancelButton';
import { CloneState } from './CloneState';
import { COLUMNS } from './columns';
import { FailureText } from './FailureText';

const NONE = '—';

export const CloneRow = memo(function CloneRow({ clone }: { clone: CloneAnswer }) {
  const { id, runId, source, target, outcome, failure, sourceDowntimeSeconds: downtime } = clone;
  const { clone: pathOf, follow } = useLinks();
  return (
    <Tr data-clone={id} data-run={runId}>
      <Td dataLabel={COLUMNS.clone.name} modifier="breakWord">
        <a href={pathOf(id, outcome && runId)} onClick={follow}>
          <RefText of={target} />
        </a>
      </Td>
      <Td dataLabel={COLUMNS.source.name} modifier="breakWord">
        <RefText of={source} />
      </Td>
      <Td dataLabel={COLUMNS.outcome.name}>
        {/* As a card, a row puts what stands in a cell beside its heading: one thing. */}
        <div>
          <CloneState clone={clone} />
          {failure && <FailureText failure={failure} />}
          {!outcome && <CancelButton clone={clone} isInline />}
        </div>
      </Td>
      <Td dataLabel={COLUMNS.requestedBy.name} modifier="breakWord">
        {clone.requestedBy || NONE}
      </Td>
      <Td dataLabel={COLUMNS.startedAt.name}>
        <Time at={clone.startedAt} />
      </Td>
      <Td dataLabel={COLUMNS.duration.name} modifier="nowrap">
        <Duration from={clone.startedAt} to={clone.endedAt} />
      </Td>
      <Td dataLabel={COLUMNS.downtime.name}>{downtime === undefined ? NONE : formatSeconds(downtime)}</Td>
      <Td dataLabel={COLUMNS.workflow.name} modifier="nowrap">
        <ExternalLink href={clone.links.temporalUi} label={`Workflow of ${id} in Temporal UI`} />
      </Td>
    </Tr>
  );
});
