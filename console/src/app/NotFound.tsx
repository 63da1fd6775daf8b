import { EmptyState, EmptyStateBody, PageSection } from '@patternfly/react-core';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { useLinks } from '../ui/links';

export function NotFound() {
  const { follow } = useLinks();
  return (
    <PageSection>
      <EmptyState headingLevel="h1" titleText="There is no such page" icon={SearchIcon}>
        <EmptyStateBody>
          Go to the{' '}
          <a href="/vms" onClick={follow}>
            virtual machines
          </a>
          .
        </EmptyStateBody>
      </EmptyState>
    </PageSection>
  );
}
