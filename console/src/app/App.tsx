import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { BrowserRouter } from 'react-router';
import { mayHeal } from '../api/queries';
import { LiveProvider } from '../live/Live';
import { ToastProvider } from '../toasts/Toasts';
import { AnnouncerProvider } from '../ui/Announcer';
import { Console } from './Console';

const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: mayHeal, refetchOnWindowFocus: true, staleTime: 1_000 },
    mutations: { retry: false },
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
