import { Alert } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import type { VmRow } from '../../../src/clone/status';
import { refPath, request } from '../api/http';
import { KEYS } from '../api/queries';
import { useToast } from '../toasts/Toasts';
import { ConfirmDialog, SendButton } from './ConfirmDialog';
import type { DialogProps } from './dialogs';
import { useIsGone } from './useIsGone';
import { useSend } from './useSend';

export interface PowerWords {
  /** Last part of the request's path. */
  verb: 'stop' | 'restart';
  /** Of the button, and in front of the VM's name in the title. */
  action: string;
  force: string;
  /** What each of the two will do: follows its name. */
  gently: string;
  forced: string;
  /** What forcing it can cost. */
  warning: string;
  /** In front of the VM's name in the toast. */
  asked: string;
  /** Heading of an error. */
  failed: string;
}

/** Power off or on, by the guest or by force (mock-up 3-1-1c). */
export function PowerDialog({ vm, onClose, words }: DialogProps & { words: PowerWords }) {
  const { verb, action, force, gently, forced, warning, asked, failed } = words;
  const toast = useToast();
  const queries = useQueryClient();
  const isGone = useIsGone(vm);
  const { ask, isPending, error, variables } = useSend({
    send: (isForced: boolean) =>
      request<VmRow>(`/vms/${refPath(vm)}/${verb}`, {
        method: 'POST',
        body: isForced ? { force: true } : {},
      }),
    onAnswer: () => {
      toast({ variant: 'info', title: `${asked} ${vm.name}.` });
      void queries.invalidateQueries({ queryKey: KEYS.vms });
    },
    onClose,
    failed,
  });
  return (
    <ConfirmDialog
      title={`${action} ${vm.name}`}
      failed={failed}
      error={error}
      onClose={onClose}
      actions={
        <>
          <SendButton
            variant="secondary"
            isPending={isPending}
            isDisabled={isGone}
            isOther={variables === false}
            onClick={() => ask(true)}
          >
            {force}
          </SendButton>
          <SendButton
            variant="primary"
            isPending={isPending}
            isDisabled={isGone}
            isOther={variables === true}
            onClick={() => ask(false)}
          >
            {action}
          </SendButton>
        </>
      }
    >
      <p>
        <strong>{action}</strong> {gently}
      </p>
      <p>
        <strong>{force}</strong> {forced}
      </p>
      <Alert variant="warning" isInline component="h2" title={warning} />
      {isGone && (
        <Alert variant="danger" isInline isLiveRegion component="h2" title={`The VM ${vm.name} is gone.`} />
      )}
    </ConfirmDialog>
  );
}
