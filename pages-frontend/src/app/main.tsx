import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
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

async function start(root: HTMLElement) {
  // index.html shows the landing page already: it stays until the same page can take its place in one step.
  if (router.latestLocation.pathname === '/') await router.load();
  createRoot(root).render(
    <StrictMode>
      <App queryClient={queryClient} router={router} />
    </StrictMode>,
  );
}

const root = document.getElementById('root');
if (root) void start(root);
