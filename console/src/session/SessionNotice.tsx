import { Alert, Button, Form, FormGroup, TextInput } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { type FocusEvent, type FormEvent, useId, useRef, useState, useSyncExternalStore } from 'react';
import { type SessionState, session } from '../api/session';

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

/**
 * Asks to sign in again when the session has ended. Nothing on the page is lost: it stands as it is, and goes on with
 * the new token. It is in each dialogue too, as nothing outside of an open one can be reached.
 */
export function SessionNotice() {
  return useSession().expired ? <SignIn /> : null;
}

function SignIn() {
  const { refused } = useSession();
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  const field = useId();
  const focusedBefore = useRef<Element | null>(null);
  const enter = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (!currentTarget.contains(relatedTarget)) focusedBefore.current = relatedTarget;
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!token.trim()) return;
    session.signIn(token);
    void queries.invalidateQueries();
    // This form goes, and the focus would with it.
    if (focusedBefore.current instanceof HTMLElement) focusedBefore.current.focus();
  };
  return (
    <Alert
      variant="warning"
      isInline
      isLiveRegion
      component="p"
      title="Your session has ended."
      className="session-notice"
    >
      <p>
        Sign in again in another tab and reload, or give a new bearer token. What you see may be out of date.
      </p>
      {refused && <p>The bearer token was not accepted.</p>}
      <Form onSubmit={submit} onFocus={enter} className="sign-in">
        <FormGroup label="Bearer token" fieldId={field}>
          <TextInput
            id={field}
            type="password"
            autoComplete="off"
            value={token}
            onChange={(_event, value) => setToken(value)}
          />
        </FormGroup>
        <Button type="submit" variant="primary" isDisabled={!token.trim()}>
          Sign in
        </Button>
      </Form>
    </Alert>
  );
}
