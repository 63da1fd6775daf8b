import { Alert, PageSection } from '@patternfly/react-core';
import { useEffect, useState } from 'react';
import { useLive } from '../live/Live';
import { SessionNotice, useSession } from '../session/SessionNotice';

/** So long a gap in the feed is nobody's concern. */
const GAP_MS = 2_000;

/** What stands above every page: that what is shown is old, or that the session has ended. */
export function Notices() {
  const { expired } = useSession();
  const stale = useStale();
  if (!expired && !stale) return null;
  return (
    <PageSection padding={{ default: 'noPadding' }} aria-label="Notices" className="notices">
      {expired ? <SessionNotice /> : <Stale />}
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
