import { Truncate } from '@patternfly/react-core';
import type { Failure } from '../../../src/contract';
import { inMain } from '../ui/in-main';

const SHOWN = 60;

/** Why a clone failed: its type, and the message's beginning, of which the tooltip has the whole. */
export function FailureText({ failure: { type, message } }: { failure: Failure }) {
  return (
    <div>
      <strong>{type}</strong>{' '}
      <Truncate content={message} maxCharsDisplayed={SHOWN} tooltipProps={{ appendTo: inMain }} />
    </div>
  );
}
