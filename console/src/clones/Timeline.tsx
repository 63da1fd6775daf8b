import { ProgressStep, ProgressStepper } from '@patternfly/react-core';
import CancelledIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon';
import SkippedIcon from '@patternfly/react-icons/dist/esm/icons/minus-circle-icon';
import { type ComponentProps, useId } from 'react';
import type { CloneAnswer } from '../../../src/api/answers';
import { DiskBars } from '../ui/DiskBars';
import { Duration } from '../ui/Duration';
import { Time } from '../ui/Time';
import { type StepState, type TimelineStep, timelineOf } from './timeline-steps';

type Variant = ComponentProps<typeof ProgressStep>['variant'];
const VARIANTS: Readonly<Record<StepState, Variant>> = {
  done: 'success',
  current: 'info',
  pending: 'pending',
  failed: 'danger',
  skipped: 'default',
};
const WORDS: Readonly<Record<StepState, string>> = {
  done: 'done',
  current: 'under way',
  pending: 'to come',
  failed: 'failed',
  skipped: 'not done',
};

/** A clone's phases: what became of each, when, how long it took; the disks under the copy. */
export function Timeline({ clone }: { clone: CloneAnswer }) {
  const id = useId();
  return (
    <ProgressStepper isVertical aria-label="Phases of the clone">
      {timelineOf(clone).map((step) => (
        <Step key={step.key} step={step} id={`${id}-${step.key}`} clone={clone} />
      ))}
    </ProgressStepper>
  );
}

function Step({ step, id, clone }: { step: TimelineStep; id: string; clone: CloneAnswer }) {
  const { key, title, state } = step;
  const isCancelled = key === 'Outcome' && clone.outcome === 'Cancelled';
  return (
    <ProgressStep
      id={id}
      titleId={`${id}-title`}
      data-step={key}
      data-state={state}
      variant={isCancelled ? 'default' : VARIANTS[state]}
      isCurrent={state === 'current'}
      icon={isCancelled ? <CancelledIcon /> : state === 'skipped' ? <SkippedIcon /> : undefined}
      aria-label={`${title}: ${WORDS[state]}`}
      description={<StepDetail step={step} clone={clone} />}
    >
      {title}
    </ProgressStep>
  );
}

function StepDetail({ step, clone }: { step: TimelineStep; clone: CloneAnswer }) {
  const { key, state, startedAt, endedAt, sourceBackAt, note } = step;
  const isTimed = startedAt !== undefined && (endedAt !== undefined || state === 'current');
  return (
    <>
      {note && <div>{note}</div>}
      {startedAt && (
        <div>
          <Time at={startedAt} as="clock" />
          {endedAt && (
            <>
              {' – '}
              <Time at={endedAt} as="clock" />
            </>
          )}
          {isTimed && (
            <>
              {', '}
              <Duration from={startedAt} to={endedAt} />
            </>
          )}
        </div>
      )}
      {!startedAt && endedAt && <Time at={endedAt} as="clock" />}
      {sourceBackAt && (
        <div>
          Source running again since <Time at={sourceBackAt} as="clock" />
        </div>
      )}
      {key === 'Copying' && areDisksTold(state, clone) && (
        <div style={{ maxWidth: '40rem', marginBlockStart: 'var(--pf-t--global--spacer--sm)' }}>
          <DiskBars disks={clone.disks} />
        </div>
      )}
    </>
  );
}

/** Of a copy that was given up only what the disks had come to, if that was kept. */
function areDisksTold(state: StepState, { disks }: CloneAnswer): boolean {
  const isGivenUp = state === 'failed' || state === 'skipped';
  return disks.some(({ phase }) => !isGivenUp || phase !== '');
}
