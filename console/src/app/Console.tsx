import { Page, SkipToContent } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Navigate, Route, Routes, useLocation, useNavigate } from 'react-router';
import type { VmPage } from '../../../src/api/answers';
import { KEYS } from '../api/queries';
import type { CloneAsked } from '../dialogs/dialogs';
import { CloneToasts, type ListView } from '../toasts/CloneToasts';
import { useAnnounce } from '../ui/Announcer';
import { clonePath, LinksContext } from '../ui/links';
import { apiQuery, DEFAULT_FILTERS, hides, isElsewhere, queryOf, withTransitioning } from '../vms/filters';
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
  const [filters, changeFilters] = useUrlFilters();
  const queries = useQueryClient();
  const [isNavOpen, setNavOpen] = useState(() => window.innerWidth >= 1200);
  const toastAsked = useRef<CloneAsked>(() => {});
  const isList = pathname === LIST;
  useEffect(() => {
    document.title = titleOf(pathname);
  }, [pathname]);

  // What is shown when a clone's answer comes, which may be after its dialogue was closed.
  const list = useRef({ isList, changeFilters });
  list.current = { isList, changeFilters };
  const onCloneAsked = useCallback<CloneAsked>(
    (clone, sourceOn) => {
      toastAsked.current(clone, sourceOn);
      const { isList, changeFilters } = list.current;
      if (!isList) return;
      changeFilters((now) => {
        const shown = withTransitioning(now);
        if (shown !== now) announce('The filter Transitioning is active now, so that the clone is shown.');
        return shown;
      });
    },
    [announce],
  );
  const onReady = useCallback((asked: CloneAsked) => {
    toastAsked.current = asked;
  }, []);
  const view: ListView = {
    hides: ({ target }) => {
      if (!isList) return false;
      const page = queries.getQueryData<VmPage>(KEYS.vmPage(apiQuery(filters)));
      return hides(filters, target) || isElsewhere(page, target);
    },
    show: ({ target }) => {
      const { status, sort, limit } = isList ? filters : DEFAULT_FILTERS;
      navigate(`${LIST}?${queryOf({ ...DEFAULT_FILTERS, status, sort, limit, name: target.name })}`);
    },
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
            <Route path={LIST} element={<VmListPage filters={filters} onFilters={changeFilters} />} />
            <Route path="/clones" element={<ClonesRoute />} />
            <Route path="/clones/:namespace/:name" element={<CloneRoute />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Page>
      </DialogProvider>
    </LinksContext.Provider>
  );
}

/** Of the tab and the browser's history. */
function titleOf(pathname: string): string {
  const [page, ...id] = pathname.split('/').filter(Boolean);
  if (page === 'clones') return `${id.length > 0 ? `Clone ${id.join('/')}` : 'Clones'} · VM Clone`;
  return 'Virtual Machines · VM Clone';
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
