// What stands around every page.
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffectEvent, useLayoutEffect } from 'react';
import { ToastProvider } from '@/components/ui/toast';
import type { createAppRouter } from './router';

interface AppProps {
  queryClient: QueryClient;
  router: ReturnType<typeof createAppRouter>;
  /** Called once the first page stands in the document, before it is painted. */
  onShown?: () => void;
}

export function App({ queryClient, router, onShown }: AppProps) {
  const shown = useEffectEvent(() => onShown?.());
  useLayoutEffect(() => shown(), []);
  return (
    <QueryClientProvider client={queryClient}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  );
}
