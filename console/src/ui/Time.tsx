import { Timestamp } from '@patternfly/react-core';
import { memo } from 'react';
import { inMain } from './in-main';

const SHORT = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
});
const SHORT_WITH_YEAR = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
});
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** A time (ISO 8601) to the minute, or `as="clock"` to the second without its day; the tooltip has it exactly. */
export const Time = memo(function Time({ at, as = 'date' }: { at: string; as?: 'date' | 'clock' }) {
  const date = new Date(at);
  return (
    <Timestamp
      date={date}
      tooltip={{ variant: 'custom', content: EXACT.format(date), tooltipProps: { appendTo: inMain } }}
    >
      {as === 'clock' ? CLOCK.format(date) : shortOf(date)}
    </Timestamp>
  );
});

function shortOf(date: Date): string {
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  return (isThisYear ? SHORT : SHORT_WITH_YEAR).format(date);
}
