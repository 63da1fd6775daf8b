import { Alert, Button, Flex, Modal, ModalFooter, ModalHeader, Stack } from '@patternfly/react-core';
import { type ComponentProps, type ReactNode, useId } from 'react';
import { sentenceOf } from '../api/http';
import { DialogBody } from './DialogBody';

const CANCEL = 'dialog-cancel';

export interface ConfirmDialogProps {
  title: string;
  titleIcon?: ComponentProps<typeof ModalHeader>['titleIconVariant'];
  /** Name of the button that changes nothing. */
  keep?: string;
  /** What could not be done, as a heading, and why. */
  failed: string;
  error: unknown;
  onClose: () => void;
  /** What can be done: buttons, the usual one last. */
  actions: ReactNode;
  children: ReactNode;
}

/**
 * Asks before something is done. The focus is on what changes nothing; Escape and Cancel close even while a request is
 * under way.
 */
export function ConfirmDialog({
  title,
  titleIcon,
  keep = 'Cancel',
  failed,
  error,
  onClose,
  actions,
  children,
}: ConfirmDialogProps) {
  const id = useId();
  return (
    <Modal
      isOpen
      variant="small"
      onClose={onClose}
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-body`}
      elementToFocus={`#${CANCEL}`}
    >
      <ModalHeader title={title} titleIconVariant={titleIcon} labelId={`${id}-title`} />
      <DialogBody id={`${id}-body`}>
        <Stack hasGutter>
          {children}
          <Problem title={failed} error={error} />
        </Stack>
      </DialogBody>
      <DialogFooter>
        <Button id={CANCEL} variant="link" onClick={onClose}>
          {keep}
        </Button>
        {actions}
      </DialogFooter>
    </Modal>
  );
}

/** Buttons at the end, below one another where there is no room. */
export function DialogFooter({ children }: { children: ReactNode }) {
  return (
    <ModalFooter className="modal-footer-end">
      <Flex
        justifyContent={{ default: 'justifyContentFlexEnd' }}
        gap={{ default: 'gapMd' }}
        flexWrap={{ default: 'wrap' }}
      >
        {children}
      </Flex>
    </ModalFooter>
  );
}

/** Why it was not done, in the API's words. */
export function Problem({ title, error }: { title: string; error: unknown }) {
  if (!error) return null;
  return (
    <Alert variant="danger" isInline component="h2" title={title} isLiveRegion>
      {sentenceOf(error)}
    </Alert>
  );
}

/** A button of a dialogue: keeps the focus while its request is under way, and can't be pressed again. */
export function SendButton({
  isPending,
  isOther,
  ...props
}: ComponentProps<typeof Button> & {
  isPending: boolean;
  /** It is another button's request that is under way. */
  isOther?: boolean;
}) {
  return (
    <Button {...props} isAriaDisabled={isPending || props.isAriaDisabled} isLoading={isPending && !isOther} />
  );
}
