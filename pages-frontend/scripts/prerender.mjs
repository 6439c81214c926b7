// Writes the landing page into dist/index.html, so that it can be read before any script has run (and without any).
// Every unknown path is answered with this file: public/theme.js hides the landing page where another page is meant.
// And has the fonts fetched at once, so that no text moves when they replace the system's.
// Part of `npm run build`.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'vite';
import { DIST, entry, manifest } from './manifest.mjs';

const PLACE = '<div id="root"></div>';

const vite = await createServer({
  root: new URL('..', import.meta.url).pathname,
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});
try {
  const { landingMarkup } = await vite.ssrLoadModule('/src/app/prerender.tsx');
  const markup = await landingMarkup();
  if (!markup.includes('<h1') || markup.includes('<script'))
    throw new Error(`the landing page came out as ${markup.slice(0, 2_000)}`);
  const file = new URL('index.html', DIST);
  const page = readFileSync(file, 'utf8');
  if (!page.includes(PLACE)) throw new Error(`index.html has no ${PLACE}`);
  const fonts = (manifest[entry].assets ?? []).filter((name) => name.endsWith('.woff2'));
  if (fonts.length === 0) throw new Error('the entry has no fonts');
  const preloads = fonts.map(
    (name) => `<link rel="preload" href="/${name}" as="font" type="font/woff2" crossorigin />\n  `,
  );
  const filled = page.replace(PLACE, () => `<div id="root"><div id="prerendered">${markup}</div></div>`);
  writeFileSync(
    file,
    filled.replace('</head>', () => `${preloads.join('')}</head>`),
  );
} finally {
  await vite.close();
}
