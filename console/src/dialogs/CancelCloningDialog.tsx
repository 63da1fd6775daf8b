import { Alert } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import type { CloneAnswer } from '../../../src/api/answers';
import { refPath, request } from '../api/http';
import { KEYS, useClone } from '../api/queries';
import { useToast } from '../toasts/Toasts';
import { POWER_BACK } from '../ui/power-back';
import { ConfirmDialog, SendButton } from './ConfirmDialog';
import type { DialogProps } from './dialogs';
import { useSend } from './useSend';

const FAILED = 'Cloning was not cancelled.';

export function CancelCloningDialog({ vm, onClose }: DialogProps) {
  const { data: clone } = useClone(`${vm.namespace}/${vm.name}`);
  const toast = useToast();
  const queries = useQueryClient();
  const { ask, isPending, error } = useSend({
    send: () => request<CloneAnswer>(`/clones/${refPath(vm)}/cancel`, { method: 'POST', body: {} }),
    onAnswer: (answer) => {
      toast({ variant: 'info', title: `Cancelling the cloning of ${answer.source.name} to ${vm.name}.` });
      queries.setQueryData(KEYS.clone(answer.id), answer);
      void queries.invalidateQueries({ queryKey: KEYS.clones });
      void queries.invalidateQueries({ queryKey: KEYS.vms });
    },
    onClose,
    failed: FAILED,
  });
  // It may have gone too far, or be cancelled by somebody else, since this was opened.
  const reason = isPending ? undefined : clone?.actions.cancelCloning.reason;
  return (
    <ConfirmDialog
      title="Cancel cloning?"
      titleIcon="warning"
      keep="Keep cloning"
      failed={FAILED}
      error={error}
      onClose={onClose}
      actions={
        <SendButton
          variant="danger"
          isPending={isPending}
          isAriaDisabled={reason !== undefined}
          onClick={() => ask(undefined)}
        >
          Cancel cloning
        </SendButton>
      }
    >
      <p>
        The clone <strong>{vm.name}</strong> is removed, and what has been copied of it.
      </p>
      <p>
        The source {clone && <strong>{clone.source.name}</strong>} {POWER_BACK}
      </p>
      {reason && <Alert variant="info" isInline isLiveRegion component="h2" title={reason} />}
    </ConfirmDialog>
  );
}
