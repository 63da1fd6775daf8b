import { Alert } from '@patternfly/react-core';
import { changedMeanwhile, type Editable, type EditField, partOf } from './vm-edit';

const NAMES: Readonly<Record<EditField, string>> = {
  description: 'Description',
  cpus: 'CPU',
  memory: 'Memory',
};

/** What somebody else has changed while the form was open: the values now, and those that the form was opened with. */
export function ConflictAlert({ name, before, now }: { name: string; before: Editable; now: Editable }) {
  const changed = changedMeanwhile(before, now);
  return (
    <Alert
      variant="warning"
      isInline
      isLiveRegion
      component="h2"
      title={`Somebody else has changed ${name} meanwhile. Nothing of yours was saved yet.`}
    >
      <ul>
        {changed.map((field) => (
          <li key={field}>
            <strong>{NAMES[field]}</strong> is now {worded(now, field)}; it was {worded(before, field)}.
          </li>
        ))}
        {changed.length === 0 && <li>Its instancetype is not the one that it was.</li>}
      </ul>
      What you have put in is kept. Save anyway, or take what is there now.
    </Alert>
  );
}

/** A long description is told by its beginning. */
const LONGEST = 80;

function worded(vm: Editable, field: EditField): string {
  const value = partOf(vm, field);
  if (value === '') return 'empty';
  if (field !== 'description') return value;
  return `“${value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value}”`;
}
