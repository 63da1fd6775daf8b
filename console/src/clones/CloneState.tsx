import { Icon, Progress, Spinner } from '@patternfly/react-core';
import CancelledIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon';
import CompletedIcon from '@patternfly/react-icons/dist/esm/icons/check-circle-icon';
import FailedIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon';
import WarningIcon from '@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon';
import type { CloneAnswer } from '../../../src/api/answers';
import type { Outcome } from '../../../src/contract';
import { stateName } from '../ui/phase-names';

/** What a clone is doing, with a bar while its percent is known, or how it ended. */
export function CloneState({ clone }: { clone: CloneAnswer }) {
  const { id, outcome, percent, warnings } = clone;
  return (
    <>
      <span className="clone-state">
        {outcome ? <OutcomeIcon outcome={outcome} /> : <Busy />} {stateName(clone)}
      </span>
      {!outcome && percent !== null && (
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

export function OutcomeIcon({ outcome }: { outcome: Outcome }) {
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
  }
}

/** The words beside it say what it does. */
export function Busy() {
  return (
    <span aria-hidden>
      <Spinner isInline />
    </span>
  );
}
