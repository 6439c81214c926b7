// What index.html shows before any script has run, as HTML: the landing page, and the frame of the signed-in pages.
// scripts/prerender.mjs writes both into it.
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router';
import { renderToStaticMarkup } from 'react-dom/server';
import { App } from './app';
import { createQueryClient } from './query-client';
import { createAppRouter } from './router';
import { TopBar } from './top-bar';

export async function landingMarkup(): Promise<string> {
  const queryClient = createQueryClient();
  const services = () => Promise.reject(new Error('nobody is signed in at build time'));
  const router = createAppRouter({ queryClient, services }, createMemoryHistory({ initialEntries: ['/'] }));
  await router.load();
  return renderToStaticMarkup(<App queryClient={queryClient} router={router} />);
}

export async function frameMarkup(): Promise<string> {
  const router = createRouter({
    routeTree: createRootRoute({ component: Frame }),
    history: createMemoryHistory({ initialEntries: ['/'] }),
    isServer: true,
  });
  await router.load();
  return renderToStaticMarkup(<RouterProvider router={router as never} />);
}

const nothing = () => undefined;

function Frame() {
  return (
    <>
      <TopBar email="" organization={undefined} organizations={[]} onChoose={nothing} onSignOut={nothing} />
      <main aria-busy="true" className="min-h-[60dvh]" />
    </>
  );
}
