import { Alert } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { refPath, request } from '../api/http';
import { KEYS, useVm } from '../api/queries';
import { useToast } from '../toasts/Toasts';
import { ConfirmDialog, SendButton } from './ConfirmDialog';
import type { DialogProps } from './dialogs';
import { isOn } from './is-on';
import { useSend } from './useSend';

const FAILED = 'The virtual machine was not deleted.';

export function DeleteDialog({ vm, onClose }: DialogProps) {
  const { data: detail } = useVm(vm);
  const toast = useToast();
  const queries = useQueryClient();
  const { ask, isPending, error } = useSend({
    send: () => request<unknown>(`/vms/${refPath(vm)}`, { method: 'DELETE' }),
    onAnswer: () => {
      toast({ variant: 'info', title: `Deleting ${vm.name}.` });
      void queries.invalidateQueries({ queryKey: KEYS.vms });
    },
    onClose,
    failed: FAILED,
  });
  return (
    <ConfirmDialog
      title={`Delete ${vm.name}?`}
      titleIcon="warning"
      failed={FAILED}
      error={error}
      onClose={onClose}
      actions={
        <SendButton variant="danger" isPending={isPending} onClick={() => ask(undefined)}>
          Delete
        </SendButton>
      }
    >
      <p>
        The virtual machine <strong>{vm.name}</strong> in namespace <strong>{vm.namespace}</strong> and the
        disks that it owns are deleted. They can not be brought back.
      </p>
      {detail && isOn(detail) && (
        <Alert
          variant="warning"
          isInline
          component="h2"
          title={`${vm.name} is on (${detail.status}): it is powered off first.`}
        />
      )}
    </ConfirmDialog>
  );
}
