import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from '@patternfly/react-core';
import ForbiddenIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon';
import DisconnectedIcon from '@patternfly/react-icons/dist/esm/icons/disconnected-icon';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import type { ReactNode } from 'react';
import { ApiProblem, sentenceOf } from '../api/http';

export function NothingMatches({ what, onClear }: { what: string; onClear: () => void }) {
  return (
    <EmptyState headingLevel="h2" titleText={`No ${what} match`} icon={SearchIcon}>
      <EmptyStateBody>The filters hide all of them.</EmptyStateBody>
      <Action>
        <Button variant="link" onClick={onClear}>
          Clear all filters
        </Button>
      </Action>
    </EmptyState>
  );
}

/** Nothing could be read at all. */
export function NotRead({ error, what, onRetry }: { error: unknown; what: string; onRetry: () => void }) {
  const status = error instanceof ApiProblem ? error.document.status : undefined;
  const isSignedOut = status === 401;
  const isForbidden = status === 403 || isSignedOut;
  return (
    <EmptyState
      headingLevel="h2"
      titleText={isForbidden ? `You may not see the ${what}` : `The ${what} can not be read`}
      icon={isForbidden ? ForbiddenIcon : DisconnectedIcon}
      status={isForbidden ? 'warning' : 'danger'}
    >
      <EmptyStateBody>
        {sentenceOf(error)}
        {isForbidden
          ? !isSignedOut && ' Ask who runs the cluster for the right to list them.'
          : ' It is tried again by itself.'}
      </EmptyStateBody>
      <Action>
        <Button variant="primary" onClick={onRetry}>
          Try again
        </Button>
      </Action>
    </EmptyState>
  );
}

function Action({ children }: { children: ReactNode }) {
  return (
    <EmptyStateFooter>
      <EmptyStateActions>{children}</EmptyStateActions>
    </EmptyStateFooter>
  );
}
