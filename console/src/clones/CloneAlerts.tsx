import { Alert } from '@patternfly/react-core';
import type { CloneAnswer } from '../../../src/api/answers';
import { POWER_BACK } from '../ui/power-back';
import { Time } from '../ui/Time';
import { isUnforeseen } from '../ui/unforeseen';

/** What did not go as it should, and what is being done about it. */
export function CloneAlerts({ clone }: { clone: CloneAnswer }) {
  const { outcome, failure, cancelRequested, stalled, retrying } = clone;
  // What was known of it beforehand is of no use where there is no clone.
  const isMade = !outcome || outcome === 'Completed';
  const warnings = isMade ? clone.warnings : clone.warnings.filter(isUnforeseen);
  return (
    <>
      {failure && (
        <Alert variant="danger" isInline component="h2" title={failure.type}>
          <p>{failure.message}</p>
          {!outcome && <p>The clone is being undone. The source {POWER_BACK}</p>}
        </Alert>
      )}
      {cancelRequested && !outcome && (
        <Alert variant="info" isInline component="h2" title="Cancelling…">
          Asked for by {cancelRequested.requestedBy}
          {cancelRequested.reason ? `: ${cancelRequested.reason}` : '.'}
        </Alert>
      )}
      {stalled && !outcome && (
        <Alert variant="warning" isInline component="h2" title="No disk moves">
          <p>{stalled.diagnosis}</p>
          <p>
            Since <Time at={stalled.since} />.
          </p>
        </Alert>
      )}
      {retrying && !outcome && (
        <Alert variant="warning" isInline component="h2" title={`${retrying.step} is tried again`}>
          Attempt {retrying.attempt}: {retrying.message}
        </Alert>
      )}
      {warnings.map((warning) => (
        <Alert
          key={`${warning.type} ${warning.message}`}
          variant={isUnforeseen(warning) ? 'warning' : 'info'}
          isInline
          component="h2"
          title={warning.type}
        >
          {warning.message}
        </Alert>
      ))}
    </>
  );
}
