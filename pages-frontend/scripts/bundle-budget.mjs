// Prints what a browser downloads before the first page works, and fails beyond the budget.
//   npm run build && npm run budget
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { DIST, FRAMED, MAIN, ROUTES, chunkOf, closure, entry, manifest } from './manifest.mjs';

const BUDGET_KB = 200;

const gzipKb = (names) =>
  [...names].reduce(
    (sum, name) => sum + gzipSync(readFileSync(new URL(manifest[name].file, DIST))).length,
    0,
  ) / 1000;

// What loads before a page can be used. The landing page is complete by itself; the application follows when it is wanted.
const PUBLIC = [MAIN, `${ROUTES}/public-layout.tsx`];
const pages = {
  'landing, read': [],
  'landing, used': [...PUBLIC, `${ROUTES}/landing.tsx`],
  playground: [...PUBLIC, `${ROUTES}/playground.tsx`],
  'sign in': [MAIN, 'signed-in', `${ROUTES}/sign-in.tsx`, 'src/lib/supabase-auth.ts'],
  anomalies: [...FRAMED, `${ROUTES}/anomalies.tsx`],
  'one anomaly': [...FRAMED, `${ROUTES}/anomaly.tsx`],
  // With what comes by itself once the page stands: the menus and the notice about the plan.
  'anomalies, at rest': [
    ...FRAMED,
    `${ROUTES}/anomalies.tsx`,
    'src/app/menus.tsx',
    'src/components/billing-banner.tsx',
  ],
};

let worst = 0;
for (const [page, names] of Object.entries(pages)) {
  const kb = gzipKb(closure([entry, ...names.map(chunkOf)]));
  worst = Math.max(worst, kb);
  console.log(`${page.padEnd(20)} ${kb.toFixed(1).padStart(6)} kB of JavaScript, gzip`);
}
console.log(`budget               ${BUDGET_KB.toFixed(1).padStart(6)} kB`);
if (worst > BUDGET_KB) {
  console.error('over budget');
  process.exit(1);
}
