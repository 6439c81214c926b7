// The landing page as HTML: scripts/prerender.mjs writes it into index.html, to be read before any script has run.
import { createMemoryHistory } from '@tanstack/react-router';
import { renderToStaticMarkup } from 'react-dom/server';
import { App } from './app';
import { createQueryClient } from './query-client';
import { createAppRouter } from './router';

export async function landingMarkup(): Promise<string> {
  const queryClient = createQueryClient();
  const services = () => Promise.reject(new Error('nobody is signed in at build time'));
  const router = createAppRouter({ queryClient, services }, createMemoryHistory({ initialEntries: ['/'] }));
  await router.load();
  return renderToStaticMarkup(<App queryClient={queryClient} router={router} />);
}
