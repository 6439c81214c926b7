// Adds to dist/_headers what a page needs beyond the entry, so that a browser fetches it beside the entry and not after it.
// Part of `npm run build`.
import { appendFileSync } from 'node:fs';
import { DIST, FRAMED, MAIN, ROUTES, chunkOf, closure, entry, font, manifest } from './manifest.mjs';

const PUBLIC = [MAIN, `${ROUTES}/public-layout.tsx`];
/** By path. What all signed-in pages share is not repeated: index.html names it, for after its first paint. */
const PAGES = {
  '/pricing': [...PUBLIC, `${ROUTES}/pricing.tsx`],
  '/playground': [...PUBLIC, `${ROUTES}/playground.tsx`],
  '/sign-in': [MAIN, `${ROUTES}/sign-in.tsx`, 'signed-in'],
  '/sign-up': [MAIN, `${ROUTES}/sign-up.tsx`],
  '/app/anomalies': [`${ROUTES}/anomalies.tsx`],
  '/app/anomalies/*': [`${ROUTES}/anomaly.tsx`],
};

// Cloudflare's limit for a line of _headers
const LONGEST_LINE = 2_000;

const atStart = closure([entry]);
const inApp = closure(FRAMED.map(chunkOf));
const chunksOf = (path, sources) => {
  const known = path.startsWith('/app/') ? inApp : new Set();
  return [...closure(sources.map(chunkOf))].filter((name) => !atStart.has(name) && !known.has(name));
};
const rules = { '/': [`</${font('mono')}>; rel=preload; as=font; type=font/woff2; crossorigin`] };
for (const [path, sources] of Object.entries(PAGES))
  rules[path] = chunksOf(path, sources).map((name) => `</${manifest[name].file}>; rel=modulepreload`);

for (const [path, links] of Object.entries(rules)) {
  const line = `  Link: ${links.join(', ')}`;
  if (line.length > LONGEST_LINE)
    throw new Error(`the headers of ${path} are ${line.length} characters long`);
  appendFileSync(new URL('_headers', DIST), `\n${path}\n${line}\n`);
}
