// Writes the landing page into dist/index.html, so that it can be read before any script has run (and without any), and beside it
// the frame of the signed-in pages. Every unknown path is answered with this file: public/theme.js says which of the two shows.
// And has the font fetched at once, so that no text moves when it replaces the system's.
// Part of `npm run build`.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'vite';
import { DIST, FRAMED, MAIN, ROUTES, chunkOf, closure, entry, font, manifest } from './manifest.mjs';

const PLACE = '<div id="root"></div>';

function checked(markup, expected) {
  if (!markup.includes(expected) || markup.includes('<script'))
    throw new Error(`a prepared page came out as ${markup.slice(0, 2_000)}`);
  return markup;
}

const vite = await createServer({
  root: new URL('..', import.meta.url).pathname,
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});
try {
  const { landingMarkup, frameMarkup } = await vite.ssrLoadModule('/src/app/prerender.tsx');
  const markup = checked(await landingMarkup(), '<h1');
  const frame = checked(await frameMarkup(), '<nav');
  const file = new URL('index.html', DIST);
  const page = readFileSync(file, 'utf8');
  if (!page.includes(PLACE)) throw new Error(`index.html has no ${PLACE}`);
  // What follows the prepared pages (src/app/boot.ts).
  const ahead = (names) =>
    [...closure(names.map(chunkOf))]
      .filter((name) => name !== entry)
      .map((name) => `/${manifest[name].file}`)
      .join(' ');
  const prepared = [
    `<div id="prerendered" data-ahead="${ahead([MAIN, `${ROUTES}/public-layout.tsx`, `${ROUTES}/landing.tsx`])}">${markup}</div>`,
    `<div id="frame" data-ahead="${ahead(FRAMED)}">${frame}</div>`,
  ];
  const filled = page.replace(PLACE, () => `<div id="root">${prepared.join('')}</div>`);
  writeFileSync(
    file,
    filled.replace(
      '</head>',
      () =>
        `<link rel="preload" href="/${font('next')}" as="font" type="font/woff2" crossorigin />\n  </head>`,
    ),
  );
} finally {
  await vite.close();
}
