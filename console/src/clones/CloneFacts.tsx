import { DescriptionList } from '@patternfly/react-core';
import type { CloneAnswer } from '../../../src/api/answers';
import { Duration } from '../ui/Duration';
import { ExternalLink } from '../ui/ExternalLink';
import { Fact } from '../ui/Fact';
import { formatSeconds } from '../ui/seconds';
import { Time } from '../ui/Time';

/** Who asked for what, when, and where to look further. */
export function CloneFacts({ clone }: { clone: CloneAnswer }) {
  const { id, source, target, description, cancelRequested, sourceDowntimeSeconds, links } = clone;
  return (
    <DescriptionList
      isAutoFit
      autoFitMinModifier={{ default: '14rem' }}
      isCompact
      aria-label={`Facts of ${id}`}
    >
      <Fact term="Source">
        {source.namespace}/{source.name}
      </Fact>
      <Fact term="Target">
        {target.namespace}/{target.name}
      </Fact>
      {description && <Fact term="Description">{description}</Fact>}
      <Fact term="Requested by">{clone.requestedBy || '—'}</Fact>
      <Fact term="Start virtual machine on clone">{clone.startAfterClone ? 'Yes' : 'No'}</Fact>
      <Fact term="Started">
        <Time at={clone.startedAt} />
      </Fact>
      {clone.endedAt && (
        <Fact term="Ended">
          <Time at={clone.endedAt} />
        </Fact>
      )}
      <Fact term="Duration">
        <Duration from={clone.startedAt} to={clone.endedAt} />
      </Fact>
      {sourceDowntimeSeconds !== undefined && (
        <Fact term="Source downtime">{formatSeconds(sourceDowntimeSeconds)}</Fact>
      )}
      {cancelRequested && (
        <Fact term="Cancel requested by">
          {cancelRequested.requestedBy}
          {cancelRequested.reason && `: ${cancelRequested.reason}`}
        </Fact>
      )}
      <Fact term="Workflow">
        <ExternalLink href={links.temporalUi} label={`Workflow of ${id} in Temporal UI`}>
          Workflow
        </ExternalLink>
      </Fact>
      <Fact term="API">
        <ExternalLink href={`${links.self}?runId=${clone.runId}`} label={`API document of ${id}`}>
          API document
        </ExternalLink>
      </Fact>
    </DescriptionList>
  );
}
