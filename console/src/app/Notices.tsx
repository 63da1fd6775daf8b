import { Alert, Button, Form, FormGroup, PageSection, TextInput } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState, useSyncExternalStore } from 'react';
import { session } from '../api/session';
import { useLive } from '../live/Live';

/** So long a gap in the feed is nobody's concern. */
const GAP_MS = 2_000;

/** What stands above every page: that what is shown is old, or that the session has ended. */
export function Notices() {
  const { expired } = useSyncExternalStore(session.subscribe, session.snapshot);
  const stale = useStale();
  if (!expired && !stale) return null;
  return (
    <PageSection padding={{ default: 'noPadding' }} aria-label="Notices" className="notices">
      {expired ? <SignIn /> : <Stale />}
    </PageSection>
  );
}

function Stale() {
  return (
    <Alert variant="warning" isInline isLiveRegion component="p" title="What you see may be out of date.">
      The connection to the VM Clone API is interrupted. It is tried again by itself; clones go on without
      this page.
    </Alert>
  );
}

function useStale(): boolean {
  const { live } = useLive();
  const [stale, setStale] = useState(false);
  useEffect(() => {
    if (live) return setStale(false);
    const timer = setTimeout(() => setStale(true), GAP_MS);
    return () => clearTimeout(timer);
  }, [live]);
  return stale;
}

/** Nothing on the page is lost: it stands as it is below, open dialogues too, and goes on with the new token. */
function SignIn() {
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!token.trim()) return;
    session.signIn(token);
    void queries.invalidateQueries();
  };
  return (
    <Alert variant="warning" isInline isLiveRegion component="p" title="Your session has ended.">
      <p>
        Sign in again in another tab and reload, or give a new bearer token. What you see may be out of date.
      </p>
      <Form onSubmit={submit} className="sign-in">
        <FormGroup label="Bearer token" fieldId="bearer-token">
          <TextInput
            id="bearer-token"
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
