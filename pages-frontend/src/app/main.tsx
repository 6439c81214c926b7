import { startTransition, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { createQueryClient } from './query-client';
import { createAppRouter, toSignIn } from './router';
import { servicesLoader } from './services';

function createApp() {
  const queryClient = createQueryClient();
  const services = servicesLoader(() => void toSignIn(router));
  const router = createAppRouter({ queryClient, services });
  return { queryClient, router };
}

/** `ready`: resolves when what stands on the page may be replaced. */
export async function start(ready: () => Promise<void>) {
  const root = document.getElementById('root');
  if (!root) return;
  const { queryClient, router } = createApp();
  // What index.html shows already stays until the application can take its place in one step.
  await router.load();
  await ready();
  const focused = document.activeElement?.id;
  // In slices, so that a phone answers the person in between.
  startTransition(() =>
    createRoot(root).render(
      <StrictMode>
        <App queryClient={queryClient} router={router} onShown={() => focused && refocus(focused)} />
      </StrictMode>,
    ),
  );
}

/** Where the focus was in the prepared page, it is in the application's. */
function refocus(id: string) {
  const active = document.activeElement;
  if (active === null || active === document.body) document.getElementById(id)?.focus();
}
