import { Icon, Progress } from '@patternfly/react-core';
import CancelledIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon';
import CompletedIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import FailedIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon';
import WarningIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon';
import UnderWayIcon from '@patternfly/react-icons/dist/esm/icons/in-progress-icon';
import type { CloneAnswer } from '../../../src/api/answers';
import type { Outcome } from '../../../src/contract';
import { isForward, stateName } from '../ui/phase-names';
import { isUnforeseen } from '../ui/unforeseen';

/** What a clone is doing, with a bar while its percent is known, or how it ended. */
export function CloneState({ clone }: { clone: CloneAnswer }) {
  const { id, outcome, percent } = clone;
  const warnings = clone.warnings.filter(isUnforeseen);
  return (
    <>
      <div>
        <StateIcon outcome={outcome} /> {stateName(clone)}
      </div>
      {isForward(clone) && percent !== null && (
        <Progress value={percent} measureLocation="outside" size="sm" aria-label={`Progress of ${id}`} />
      )}
      {warnings.length > 0 && (
        <div>
          <Icon status="warning" isInline>
            <WarningIcon />
          </Icon>{' '}
          {warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`}
        </div>
      )}
    </>
  );
}

function StateIcon({ outcome }: { outcome?: Outcome }) {
  switch (outcome) {
    case 'Completed':
      return (
        <Icon status="success" isInline>
          <CompletedIcon />
        </Icon>
      );
    case 'Failed':
      return (
        <Icon status="danger" isInline>
          <FailedIcon />
        </Icon>
      );
    case 'Cancelled':
      return (
        <Icon isInline>
          <CancelledIcon />
        </Icon>
      );
    default:
      return (
        <Icon status="info" isInline>
          <UnderWayIcon />
        </Icon>
      );
  }
}
