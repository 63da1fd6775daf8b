import { ModalBody } from '@patternfly/react-core';
import type { ComponentProps } from 'react';
import { SessionNotice } from '../session/SessionNotice';

/** What stands in a dialogue, below the notice that the session has ended. */
export function DialogBody({ children, ...props }: ComponentProps<typeof ModalBody>) {
  return (
    <ModalBody {...props}>
      <SessionNotice />
      {children}
    </ModalBody>
  );
}
