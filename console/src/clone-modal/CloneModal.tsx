import { Alert, Button, Form, FormGroup, Modal, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { ApiProblem, sentenceOf } from '../api/http';
import { shownRow, usePlan } from '../api/queries';
import { SendButton } from '../dialogs/ConfirmDialog';
import { DialogBody } from '../dialogs/DialogBody';
import type { CloneAsked, DialogProps } from '../dialogs/dialogs';
import { isOn } from '../dialogs/is-on';
import { useDebounced } from '../ui/useDebounced';
import { CloneFields, NAME_FIELD } from './CloneFields';
import { Configuration } from './Configuration';
import { bodyOf, judge, NEW_FORM } from './form';
import { Blockers, Warnings } from './Remarks';
import { Remedies } from './Remedies';
import { FAILED, useCloneRequest } from './useCloneRequest';

const TITLE = 'Clone Virtual Machine';
/** After so many milliseconds without a key the plan is asked for anew. */
const TYPING_MS = 250;

/** The dialogue of clone-vm.md. The plan behind it is the API's dry run of the very clone that would be asked for. */
export function CloneModal({ vm, onClose, onCloneAsked }: DialogProps & { onCloneAsked: CloneAsked }) {
  const [form, setForm] = useState(NEW_FORM);
  const settled = useDebounced(form, TYPING_MS);
  const queries = useQueryClient();
  const sourceOn = useRef(false);
  const { ask, isPending, error } = useCloneRequest(
    (clone) => onCloneAsked(clone, sourceOn.current),
    onClose,
  );
  const { data: plan, error: planError } = usePlan(
    vm,
    {
      name: settled.name || undefined,
      namespace: settled.namespace,
      startAfterClone: settled.startAfterClone,
      ...(settled.beginWithoutState && { persistentState: 'empty' }),
      ...(settled.copySecrets && { copySecrets: true }),
    },
    // The plan that was chosen stands meanwhile: a newer one finds the name taken by this very clone.
    !isPending,
  );
  const verdict = judge(vm, form, plan);
  const isGone = planError instanceof ApiProblem && planError.type === 'vm-not-found';
  const isReady = verdict.ready && !isGone && !isPending;
  const change = (part: Partial<typeof form>) => setForm((before) => ({ ...before, ...part }));
  const row = shownRow(queries, vm);
  const isKeptOff = row?.locked === true && row.filterGroup === 'Offline';
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (!isReady) return;
    // It may be asked for before there is a plan.
    sourceOn.current = !isKeptOff && (plan?.sourceOn ?? (row !== undefined && isOn(row)));
    // Asked for again it is the same clone, whatever name would be proposed by then.
    change({ name: verdict.name });
    ask(bodyOf(vm, form, verdict));
  };
  return (
    <Modal
      isOpen
      variant="medium"
      onClose={onClose}
      aria-labelledby="clone-modal-title"
      elementToFocus={`#${NAME_FIELD}`}
    >
      <ModalHeader title={TITLE} labelId="clone-modal-title" />
      <DialogBody>
        <Form id="clone-form" onSubmit={submit} isHorizontal>
          {plan?.sourceOn && !isGone && (
            <Alert
              variant="warning"
              isInline
              component="h2"
              title={
                isKeptOff
                  ? `The VM ${vm.name} is kept off by another clone of it. It will be turned back on once the last of them finishes.`
                  : `The VM ${vm.name} is still running. It will be powered off while cloning and turned back on once the clone finishes.`
              }
            />
          )}
          {planError && (
            <Alert
              variant={isGone ? 'danger' : 'warning'}
              isInline
              component="h2"
              title={isGone ? `The VM ${vm.name} is gone.` : 'The plan of the clone can not be read.'}
            >
              {isGone ? 'It was deleted meanwhile: there is nothing to clone.' : sentenceOf(planError)}
            </Alert>
          )}
          <Blockers blockers={verdict.blockers} />
          <CloneFields form={form} verdict={verdict} onChange={change} />
          <Remedies form={form} plan={plan} onChange={change} />
          <FormGroup label="Configuration" role="group" fieldId="clone-configuration">
            <Configuration plan={plan} />
          </FormGroup>
          <Warnings warnings={plan?.warnings ?? []} />
        </Form>
        {error && <Refusal error={error} />}
      </DialogBody>
      <ModalFooter className="modal-footer-end">
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
        <SendButton
          variant="primary"
          type="submit"
          form="clone-form"
          isPending={isPending}
          isDisabled={!isReady && !isPending}
        >
          {TITLE}
        </SendButton>
      </ModalFooter>
    </Modal>
  );
}

function Refusal({ error }: { error: Error }) {
  const blockers = error instanceof ApiProblem ? error.document.blockers : undefined;
  return (
    <Alert variant="danger" isInline component="h2" isLiveRegion title={FAILED}>
      {blockers ? blockers.map(({ message }) => message).join(' ') : sentenceOf(error)}
    </Alert>
  );
}
