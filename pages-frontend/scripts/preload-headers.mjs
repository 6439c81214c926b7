// Adds to dist/_headers what a page needs beyond the entry, so that a browser fetches it beside the entry and not after it.
// Part of `npm run build`.
import { appendFileSync } from 'node:fs';
import { DIST, chunkOf, closure, entry, manifest } from './manifest.mjs';

const ROUTES = 'src/app/routes';
const PAGES = {
  '/': [`${ROUTES}/public-layout.tsx`, `${ROUTES}/landing.tsx`],
  '/app/*': [`${ROUTES}/app-layout.tsx`, 'src/app/create-services.ts'],
  '/app/anomalies': [`${ROUTES}/anomalies.tsx`],
  '/app/anomalies/*': [`${ROUTES}/anomaly.tsx`],
};

// Cloudflare's limit for a line of _headers
const LONGEST_LINE = 2_000;

const atStart = closure([entry]);
const none = new Set();
const inApp = closure(PAGES['/app/*'].map(chunkOf));
const rules = Object.entries(PAGES).map(([path, sources]) => {
  const known = path.startsWith('/app/') && path !== '/app/*' ? inApp : none;
  const chunks = [...closure(sources.map(chunkOf))].filter((name) => !atStart.has(name) && !known.has(name));
  // The entry first, where there is one list alone: what is small must not take a connection from it.
  const first = known === inApp ? [] : [...atStart];
  const links = [...first, ...chunks].map((name) => `</${manifest[name].file}>; rel=modulepreload`);
  const line = `  Link: ${links.join(', ')}`;
  if (line.length > LONGEST_LINE)
    throw new Error(`the headers of ${path} are ${line.length} characters long`);
  return `\n${path}\n${line}\n`;
});
appendFileSync(new URL('_headers', DIST), rules.join(''));
