import { Button, Tooltip } from '@patternfly/react-core';
import type { CloneAnswer } from '../../../src/api/answers';
import { menuId, useDialogs } from '../dialogs/dialogs';
import { inMain } from '../ui/in-main';
import { POWER_BACK } from '../ui/power-back';

const WHAT = `Removes the clone. The source ${POWER_BACK}`;

/** Asks before it cancels. It has the id of the VM's menu, where the focus comes back to when the dialogue closes. */
export function CancelButton({ clone, isInline = false }: { clone: CloneAnswer; isInline?: boolean }) {
  const dialogs = useDialogs();
  const { enabled, reason } = clone.actions.cancelCloning;
  return (
    <Tooltip content={reason ?? WHAT} appendTo={inMain}>
      <Button
        id={menuId(clone.target)}
        variant={isInline ? 'link' : 'secondary'}
        isInline={isInline}
        isDanger
        size="sm"
        isAriaDisabled={!enabled}
        aria-label={`Cancel cloning of ${clone.id}`}
        onClick={() => dialogs.open('cancelCloning', clone.target)}
      >
        Cancel cloning
      </Button>
    </Tooltip>
  );
}
