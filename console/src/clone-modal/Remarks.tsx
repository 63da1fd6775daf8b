import { Alert, List, ListItem } from '@patternfly/react-core';
import type { Blocker, Warning } from '../../../src/contract';

/** What stands against the clone. */
export function Blockers({ blockers }: { blockers: Blocker[] }) {
  if (blockers.length === 0) return null;
  return (
    <Alert variant="danger" isInline component="h2" title="This virtual machine can not be cloned so">
      <Messages of={blockers} />
    </Alert>
  );
}

/** What is to be known of it beforehand. */
export function Warnings({ warnings }: { warnings: Warning[] }) {
  if (warnings.length === 0) return null;
  return (
    <Alert variant="info" isInline component="h2" title="Good to know">
      <Messages of={warnings} />
    </Alert>
  );
}

function Messages({ of }: { of: { message: string }[] }) {
  return (
    <List>
      {of.map(({ message }) => (
        <ListItem key={message}>{message}</ListItem>
      ))}
    </List>
  );
}
