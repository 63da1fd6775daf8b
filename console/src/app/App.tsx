import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { BrowserRouter } from 'react-router';
import { mayHeal } from '../api/queries';
import { LiveProvider } from '../live/Live';
import { ToastProvider } from '../toasts/Toasts';
import { AnnouncerProvider } from '../ui/Announcer';
import { Console } from './Console';

const queries = new QueryClient({
  defaultOptions: {
    // An API on this machine answers without a network; one that doesn't is told of at once, not waited for.
    queries: { networkMode: 'always', retry: mayHeal, staleTime: 1_000 },
    mutations: { networkMode: 'always', retry: false },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <BrowserRouter>
        <AnnouncerProvider>
          <ToastProvider>
            <LiveProvider>
              <Console />
            </LiveProvider>
          </ToastProvider>
        </AnnouncerProvider>
      </BrowserRouter>
    </QueryClientProvider>
  );
}
