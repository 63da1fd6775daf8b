import { Label } from '@patternfly/react-core';
import CancelledIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon';
import InProgressIcon from '@patternfly/react-icons/dist/esm/icons/in-progress-icon';
import type { CloneAnswer } from '../../../src/api/answers';
import { isForward, stateName } from '../ui/phase-names';

/** How a clone ended; of one under way its phase, with the percent while that is known. */
export function OutcomeLabel({ clone }: { clone: CloneAnswer }) {
  const { outcome, percent } = clone;
  const name = stateName(clone);
  switch (outcome) {
    case 'Completed':
      return <Label status="success">{name}</Label>;
    case 'Failed':
      return <Label status="danger">{name}</Label>;
    case 'Cancelled':
      return (
        <Label color="grey" icon={<CancelledIcon />}>
          {name}
        </Label>
      );
    default:
      return (
        <Label color="blue" icon={<InProgressIcon />}>
          {isForward(clone) && percent !== null ? `${name} (${percent}%)` : name}
        </Label>
      );
  }
}
