import {
  Breadcrumb,
  BreadcrumbItem,
  EmptyState,
  EmptyStateBody,
  Flex,
  PageSection,
  Skeleton,
  Stack,
  Title,
} from '@patternfly/react-core';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { useEffect, useRef } from 'react';
import type { CloneAnswer } from '../../../src/api/answers';
import { ApiProblem, sentenceOf } from '../api/http';
import { useClone } from '../api/queries';
import { useLive } from '../live/Live';
import { useAnnounce } from '../ui/Announcer';
import { NotRead } from '../ui/EmptyStates';
import { useLinks } from '../ui/links';
import { stateName } from '../ui/phase-names';
import { CancelButton } from './CancelButton';
import { CloneAlerts } from './CloneAlerts';
import { CloneFacts } from './CloneFacts';
import { OutcomeLabel } from './OutcomeLabel';
import { Timeline } from './Timeline';

export interface CloneDetailPageProps {
  /** `<namespace>/<name>` of the clone. */
  id: string;
  /** An older run; absent for the latest. */
  runId?: string;
}

/** One clone, under way or past. */
export function CloneDetailPage({ id, runId }: CloneDetailPageProps) {
  const { live } = useLive();
  const { data: clone, error, refetch } = useClone(id, runId, live);
  const { clones, follow } = useLinks();
  const isMissing = error instanceof ApiProblem && error.document.status === 404;
  return (
    <PageSection aria-labelledby="main-heading">
      <Stack hasGutter>
        <Breadcrumb aria-label="Breadcrumb">
          <BreadcrumbItem to={clones} onClick={follow}>
            Clones
          </BreadcrumbItem>
          <BreadcrumbItem isActive>{id}</BreadcrumbItem>
        </Breadcrumb>
        <Flex gap={{ default: 'gapMd' }} alignItems={{ default: 'alignItemsCenter' }}>
          <Title headingLevel="h1" id="main-heading" tabIndex={-1}>
            Clone {id}
          </Title>
          {clone && <OutcomeLabel clone={clone} />}
          {clone && !clone.outcome && <CancelButton clone={clone} />}
        </Flex>
        {clone ? (
          <CloneDetail clone={clone} />
        ) : isMissing ? (
          <EmptyState headingLevel="h2" titleText="There is no such clone" icon={SearchIcon}>
            <EmptyStateBody>{sentenceOf(error)}</EmptyStateBody>
          </EmptyState>
        ) : error ? (
          <NotRead error={error} what="clone" onRetry={() => void refetch()} />
        ) : (
          <Skeleton screenreaderText="The clone is being read" />
        )}
      </Stack>
    </PageSection>
  );
}

function CloneDetail({ clone }: { clone: CloneAnswer }) {
  useStateAnnouncement(clone);
  return (
    <>
      <CloneAlerts clone={clone} />
      <CloneFacts clone={clone} />
      <Title headingLevel="h2" id="timeline-heading">
        Timeline
      </Title>
      <Timeline clone={clone} />
    </>
  );
}

/** Says each new phase, but not the one that the page was opened with. */
function useStateAnnouncement(clone: CloneAnswer): void {
  const announce = useAnnounce();
  const state = stateName(clone);
  const said = useRef(state);
  useEffect(() => {
    if (said.current === state) return;
    said.current = state;
    announce(`Clone ${clone.id}: ${state}`);
  }, [announce, clone.id, state]);
}
