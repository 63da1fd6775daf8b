import { Alert, Button, Form, Modal, ModalHeader, Skeleton } from '@patternfly/react-core';
import { type FormEvent, useEffect, useState } from 'react';
import type { VmDetail, VmSize } from '../../../src/api/answers';
import type { VmRow } from '../../../src/clone/status';
import { useVm } from '../api/queries';
import { DialogFooter, Problem, SendButton } from './ConfirmDialog';
import { DialogBody } from './DialogBody';
import type { DialogProps } from './dialogs';
import { ConflictAlert } from './edit/ConflictAlert';
import { DESCRIPTION_FIELD, EditFields } from './edit/EditFields';
import { FAILED, useEdit } from './edit/useEdit';
import { isOn } from './is-on';
import { useToldRow } from './useToldRow';

const TITLE_ID = 'edit-title';
const FORM_ID = 'edit-form';

/** Description, CPU and memory of a VM; nobody else's change meanwhile is lost. */
export function EditDialog({ vm, onClose }: DialogProps) {
  const { data, isSuccess, isFetchedAfterMount, error } = useVm(vm);
  const [read, setRead] = useState<VmDetail>();
  const told = useToldRow(vm);
  // Read anew for this dialogue: an older version would be a conflict with nobody.
  if (!read && isSuccess && isFetchedAfterMount) setRead(data);
  return (
    <Modal isOpen variant="small" onClose={onClose} aria-labelledby={TITLE_ID}>
      <ModalHeader title={`Edit ${vm.name}`} labelId={TITLE_ID} />
      {read ? (
        <EditForm read={read} now={{ ...read, ...data, ...told }} readError={error} onClose={onClose} />
      ) : (
        <>
          <DialogBody>
            {error ? (
              <Problem title="The virtual machine can not be read." error={error} />
            ) : (
              <Skeleton screenreaderText="The virtual machine is being read" />
            )}
          </DialogBody>
          <DialogFooter>
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
          </DialogFooter>
        </>
      )}
    </Modal>
  );
}

interface EditFormProps {
  read: VmDetail;
  /** How the VM stands, which may have changed since. */
  now: VmRow;
  /** Of a later reading: the VM may be gone. */
  readError: unknown;
  onClose: () => void;
}

function EditForm({ read, now, readError, onClose }: EditFormProps) {
  const { base, input, before, faults, isReady, isPending, error, change, save, dropOwn } = useEdit(
    read,
    onClose,
  );
  // Not there yet when the dialogue took the focus.
  useEffect(focusDescription, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save();
  };
  const takeTheirs = () => {
    dropOwn();
    // The button goes, and the focus would with it.
    focusDescription();
  };
  return (
    <>
      <DialogBody>
        <Form id={FORM_ID} onSubmit={submit}>
          <Hints now={now} size={base.size} />
          {before && <ConflictAlert name={base.name} before={before} now={base} />}
          <EditFields input={input} faults={faults} size={base.size} onChange={change} />
          <Problem title={FAILED} error={error} />
          {!error && <Problem title="The virtual machine can not be read any more." error={readError} />}
        </Form>
      </DialogBody>
      <DialogFooter>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
        {before && (
          <Button variant="secondary" isAriaDisabled={isPending} onClick={takeTheirs}>
            Use theirs
          </Button>
        )}
        <SendButton
          variant="primary"
          type="submit"
          form={FORM_ID}
          isPending={isPending}
          isDisabled={!isReady && !isPending}
        >
          {before ? 'Save anyway' : 'Save'}
        </SendButton>
      </DialogFooter>
    </>
  );
}

function focusDescription(): void {
  document.getElementById(DESCRIPTION_FIELD)?.focus();
}

function Hints({ now, size }: { now: VmRow; size: VmSize }) {
  return (
    <>
      {now.locked && (
        <Alert
          variant="info"
          isInline
          component="h2"
          title="Changes are not applied to clones in progress."
        />
      )}
      {isOn(now) && !now.locked && size.instancetype === undefined && (
        <Alert
          variant="info"
          isInline
          component="h2"
          title="Changes of CPU and memory take effect when the virtual machine is restarted."
        />
      )}
    </>
  );
}
