import { PageSection, Stack, Title } from '@patternfly/react-core';
import { useClones, useNamespaces } from '../api/queries';
import { useLive } from '../live/Live';
import { NothingMatches, NotRead } from '../ui/EmptyStates';
import { ClonesTable } from './ClonesTable';
import { ClonesToolbar } from './ClonesToolbar';
import { NoClones } from './NoClones';
import { Pages } from './Pages';
import { type ClonesQuery, isNarrowed } from './query';

const LIMIT = 50;

export interface ClonesPageProps {
  query: ClonesQuery;
  onQuery: (query: ClonesQuery) => void;
}

/** Clones under way and past. */
export function ClonesPage({ query, onQuery }: ClonesPageProps) {
  const { live } = useLive();
  const { data: page, error, isPlaceholderData, refetch } = useClones({ ...query, limit: LIMIT }, live);
  const { data: namespaces } = useNamespaces();
  const { pageToken, ...filters } = query;
  const isEmpty = page?.items.length === 0;
  return (
    <PageSection aria-labelledby="main-heading">
      <Stack hasGutter>
        <Title headingLevel="h1" id="main-heading" tabIndex={-1}>
          Clones
        </Title>
        <ClonesToolbar
          query={query}
          namespaces={namespaces?.items.map(({ name }) => name) ?? []}
          onQuery={onQuery}
        />
        {!page && error ? (
          <NotRead error={error} what="clones" onRetry={() => void refetch()} />
        ) : isEmpty && isNarrowed(query) ? (
          <NothingMatches what="clones" onClear={() => onQuery({})} />
        ) : isEmpty && !pageToken ? (
          <NoClones />
        ) : (
          <ClonesTable clones={page?.items} isStale={isPlaceholderData} />
        )}
        <Pages
          pageToken={pageToken}
          nextPageToken={page?.nextPageToken}
          isPending={isPlaceholderData}
          onPage={(next) => onQuery({ ...filters, pageToken: next })}
        />
      </Stack>
    </PageSection>
  );
}
