import { Alert, List, ListItem } from '@patternfly/react-core';
import type { Blocker, Warning } from '../../../src/contract';

/** What stands against a clone, and what is to be known of it. */
export function Remarks({ blockers, warnings }: { blockers: Blocker[]; warnings: Warning[] }) {
  return (
    <>
      {blockers.length > 0 && (
        <Alert variant="danger" isInline component="h2" title="This virtual machine can not be cloned so">
          <Messages of={blockers} />
        </Alert>
      )}
      {warnings.length > 0 && (
        <Alert variant="info" isInline component="h2" title="Good to know" isExpandable>
          <Messages of={warnings} />
        </Alert>
      )}
    </>
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
