import { Page, SkipToContent } from '@patternfly/react-core';
import { type SyntheticEvent, useCallback, useMemo, useRef, useState } from 'react';
import { Navigate, Route, Routes, useLocation, useNavigate } from 'react-router';
import type { CloneAnswer } from '../../../src/api/answers';
import type { CloneAsked } from '../dialogs/dialogs';
import { CloneToasts, type ListView } from '../toasts/CloneToasts';
import { useAnnounce } from '../ui/Announcer';
import { clonePath, LinksContext } from '../ui/links';
import { DEFAULT_FILTERS, hides, withTransitioning } from '../vms/filters';
import { VmListPage } from '../vms/VmListPage';
import { CloneRoute, ClonesRoute } from './clone-routes';
import { DialogProvider } from './DialogProvider';
import { Header } from './Header';
import { Navigation } from './Navigation';
import { NotFound } from './NotFound';
import { Notices } from './Notices';
import { useUrlFilters } from './useUrlFilters';

const LIST = '/vms';

/** The pages, and what they share: dialogues, toasts, links, and the list's filters in the URL. */
export function Console() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const announce = useAnnounce();
  const [filters, setFilters] = useUrlFilters();
  const [isNavOpen, setNavOpen] = useState(() => window.innerWidth >= 1200);
  const toastAsked = useRef<CloneAsked>(() => {});
  const isList = pathname === LIST;

  // What is shown when a clone's answer comes, which may be after its dialogue was closed.
  const list = useRef({ isList, filters, setFilters });
  list.current = { isList, filters, setFilters };
  const onCloneAsked = useCallback<CloneAsked>(
    (clone, sourceOn) => {
      toastAsked.current(clone, sourceOn);
      const { isList, filters, setFilters } = list.current;
      const shown = withTransitioning(filters);
      if (!isList || shown === filters) return;
      setFilters(shown);
      announce('The filter Transitioning is active now, so that the clone is shown.');
    },
    [announce],
  );
  const onReady = useCallback((asked: CloneAsked) => {
    toastAsked.current = asked;
  }, []);
  const view: ListView = {
    hides: (clone) => isList && hides(filters, clone.target),
    show: (clone: CloneAnswer) =>
      setFilters({ ...DEFAULT_FILTERS, status: filters.status, name: clone.target.name }),
  };
  const links = useMemo(
    () => ({
      clones: '/clones',
      clone: clonePath,
      follow: (event: SyntheticEvent) => {
        const link = (event.target as HTMLElement).closest('a');
        const mouse = event.nativeEvent as MouseEvent;
        if (!link || mouse.defaultPrevented || mouse.button !== 0) return;
        if (mouse.metaKey || mouse.ctrlKey || mouse.shiftKey || mouse.altKey) return;
        event.preventDefault();
        navigate(`${link.pathname}${link.search}`);
      },
    }),
    [navigate],
  );

  return (
    <LinksContext.Provider value={links}>
      <DialogProvider onCloneAsked={onCloneAsked}>
        <CloneToasts onReady={onReady} view={view} />
        <Page
          masthead={<Header isNavOpen={isNavOpen} onNavToggle={() => setNavOpen(!isNavOpen)} />}
          sidebar={<Navigation isOpen={isNavOpen} />}
          mainContainerId="main"
          mainAriaLabel="VM Clone"
          skipToContent={<SkipLink />}
        >
          <Notices />
          <Routes>
            <Route path="/" element={<Navigate to={LIST} replace />} />
            <Route path={LIST} element={<VmListPage filters={filters} onFilters={setFilters} />} />
            <Route path="/clones" element={<ClonesRoute />} />
            <Route path="/clones/:namespace/:name" element={<CloneRoute />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Page>
      </DialogProvider>
    </LinksContext.Provider>
  );
}

function SkipLink() {
  return (
    <SkipToContent
      href="#main"
      onClick={(event) => {
        event.preventDefault();
        document.getElementById('main')?.focus();
      }}
    >
      Skip to content
    </SkipToContent>
  );
}
