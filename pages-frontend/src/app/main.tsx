import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ToastProvider } from '@/components/ui/toast';
import { createQueryClient } from './query-client';
import { createAppRouter } from './router';
import { servicesLoader } from './services';
import './styles.css';

const queryClient = createQueryClient();
const services = servicesLoader(() => void router.navigate({ to: '/sign-in', search: expiredSearch() }));
const router = createAppRouter({ queryClient, services });

function expiredSearch() {
  const { pathname, href } = router.state.location;
  // Several requests may fail at once; the first has already left for the sign-in page.
  return pathname === '/sign-in' ? router.state.location.search : { next: href, expired: true as const };
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
