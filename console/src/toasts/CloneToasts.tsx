import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { CloneAnswer, ClonePage } from '../../../src/api/answers';
import { request } from '../api/http';
import { POLL_MS } from '../api/queries';
import { useDialogs } from '../dialogs/dialogs';
import { useLive } from '../live/Live';
import { POWER_BACK } from '../ui/power-back';
import { isUnforeseen } from '../ui/unforeseen';
import { CloneNews, type News } from './clone-news';
import { type Toast, useToast } from './Toasts';

/** How the list stands to a clone that was just asked for. */
export interface ListView {
  /** Whether a name or namespace filter hides it. */
  hides: (clone: CloneAnswer) => boolean;
  show: (clone: CloneAnswer) => void;
}

const RECENT = 50;

/** Says by toasts how clones go. Renders nothing; `asked` is handed the function to tell of a new one. */
export function CloneToasts({
  onReady,
  view,
}: {
  onReady: (asked: (clone: CloneAnswer, sourceOn: boolean) => void) => void;
  view: ListView;
}) {
  const { listen, live } = useLive();
  const toast = useToast();
  const { open } = useDialogs();
  const news = useMemo(() => new CloneNews(), []);
  const latestView = useRef(view);
  latestView.current = view;

  const take = useCallback(
    (clone: CloneAnswer) => {
      for (const each of news.take(clone)) {
        toast(toastOf(each, clone, latestView.current, () => open('clone', clone.source)));
      }
    },
    [news, toast, open],
  );

  const asked = useCallback(
    (clone: CloneAnswer, sourceOn: boolean) => {
      news.ask(clone);
      if (sourceOn) toast({ variant: 'info', title: `Shutting down ${clone.source.name} to clone it.` });
      take(clone);
      // The answer may have been long on its way: what the feed told meanwhile was not of this tab's clone yet.
      void readClone(clone).then(take, () => {});
    },
    [news, toast, take],
  );
  useEffect(() => onReady(asked), [onReady, asked]);

  /** What the feed has not told: how this tab's clones stand, and which ones failed since the first look. */
  const hasLooked = useRef(false);
  const catchUp = useCallback(async () => {
    const own = news.open.map(readClone);
    const recent = request<ClonePage>('/clones', { query: { phase: 'Failed', limit: RECENT } });
    const answers = await Promise.allSettled([...own, recent.then(({ items }) => items)]);
    const isFirst = !hasLooked.current;
    hasLooked.current ||= answers.every(({ status }) => status === 'fulfilled');
    for (const answer of answers) {
      if (answer.status === 'rejected') continue;
      for (const clone of [answer.value].flat()) {
        if (isFirst) news.know(clone);
        take(clone);
      }
    }
  }, [news, take]);

  useEffect(
    () =>
      listen((event) => {
        if (event.name === 'clone') {
          // The first to listen is told how clones ended that nobody watched.
          if (!hasLooked.current && event.data.outcome) news.know(event.data);
          take(event.data);
        }
        if (event.name === 'resync') void catchUp();
      }),
    [listen, news, take, catchUp],
  );

  // Without the feed the tab looks by itself.
  useEffect(() => {
    if (live) return;
    const timer = setInterval(catchUp, POLL_MS);
    return () => clearInterval(timer);
  }, [live, catchUp]);

  return null;
}

function readClone({ id, runId }: CloneAnswer): Promise<CloneAnswer> {
  return request(`/clones/${id}`, { query: { runId } });
}

function toastOf(news: News, clone: CloneAnswer, view: ListView, tryAgain: () => void): Toast {
  const { source, target, failure, warnings, links } = clone;
  const workflow = { label: 'View workflow', href: links.temporalUi };
  switch (news) {
    case 'started':
      return {
        variant: 'info',
        title: `VM ${target.name} cloning has started.`,
        actions: [
          workflow,
          ...(view.hides(clone) ? [{ label: 'Show clone', onClick: () => view.show(clone) }] : []),
        ],
      };
    case 'failed': {
      const again = { label: 'Try again', onClick: tryAgain };
      const title =
        failure?.type === 'SourceShutdownFailed'
          ? `VM ${source.name} failed to power off. Clone aborted.`
          : `Cloning VM ${source.name} to ${target.name} failed.`;
      return { variant: 'danger', title, body: failure?.message, actions: [again, workflow] };
    }
    case 'completed': {
      const unforeseen = warnings.filter(isUnforeseen);
      return {
        variant: unforeseen.length > 0 ? 'warning' : 'success',
        title: `VM ${target.name} has been cloned.`,
        body: unforeseen.map(({ message }) => message).join(' ') || undefined,
      };
    }
    case 'cancelled':
      return {
        variant: 'info',
        title: `Cloning of ${target.name} was cancelled.`,
        body: `${source.name} ${POWER_BACK}`,
      };
  }
}
