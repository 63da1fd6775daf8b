import { EmptyState, EmptyStateBody } from '@patternfly/react-core';
import CloneIcon from '@patternfly/react-icons/dist/esm/icons/clone-icon';

export function NoClones() {
  return (
    <EmptyState headingLevel="h2" titleText="No clones yet" icon={CloneIcon}>
      <EmptyStateBody>
        Choose Clone in the menu of a virtual machine. Its clones show here, under way and past, for 30 days
        after their end.
      </EmptyStateBody>
    </EmptyState>
  );
}
