import { EmptyState, EmptyStateBody } from '@patternfly/react-core';
import VirtualMachineIcon from '@patternfly/react-icons/dist/esm/icons/virtual-machine-icon';

export function NoVms() {
  return (
    <EmptyState headingLevel="h2" titleText="No virtual machines" icon={VirtualMachineIcon}>
      <EmptyStateBody>The cluster has none yet. One that is made there shows here at once.</EmptyStateBody>
    </EmptyState>
  );
}
