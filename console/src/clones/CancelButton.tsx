import { Button, Tooltip } from '@patternfly/react-core';
import type { CloneAnswer } from '../../../src/api/answers';
import { menuId, useDialogs } from '../dialogs/Dialogs';
import { inMain } from '../ui/in-main';
import { whyNotCancel } from './cancelable';

/** Asks before it cancels. It has the id of the VM's menu, where the focus comes back to when the dialogue closes. */
export function CancelButton({ clone }: { clone: CloneAnswer }) {
  const dialogs = useDialogs();
  const reason = whyNotCancel(clone);
  const button = (
    <Button
      id={menuId(clone.target)}
      variant="secondary"
      isDanger
      size="sm"
      isAriaDisabled={reason !== undefined}
      aria-label={`Cancel cloning of ${clone.id}`}
      onClick={() => dialogs.open('cancelCloning', clone.target)}
    >
      Cancel cloning
    </Button>
  );
  return reason ? (
    <Tooltip content={reason} appendTo={inMain}>
      {button}
    </Tooltip>
  ) : (
    button
  );
}
