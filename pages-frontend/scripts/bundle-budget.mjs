// Prints what a browser downloads before the first page works, and fails beyond the budget.
//   npm run build && npm run budget
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { DIST, chunkOf, closure, entry, manifest } from './manifest.mjs';

const BUDGET_KB = 200;

const gzipKb = (names) =>
  [...names].reduce(
    (sum, name) => sum + gzipSync(readFileSync(new URL(manifest[name].file, DIST))).length,
    0,
  ) / 1000;

const pages = {
  'start (any page)': [],
  landing: ['src/app/routes/public-layout.tsx', 'src/app/routes/landing.tsx'],
  playground: ['src/app/routes/public-layout.tsx', 'src/app/routes/playground.tsx'],
  'sign in': ['src/app/routes/sign-in.tsx', 'src/app/create-services.ts'],
  anomalies: ['src/app/routes/app-layout.tsx', 'src/app/create-services.ts', 'src/app/routes/anomalies.tsx'],
  'one anomaly': [
    'src/app/routes/app-layout.tsx',
    'src/app/create-services.ts',
    'src/app/routes/anomaly.tsx',
  ],
};

let worst = 0;
for (const [page, names] of Object.entries(pages)) {
  const kb = gzipKb(closure([entry, ...names.map(chunkOf)]));
  worst = Math.max(worst, kb);
  console.log(`${page.padEnd(18)} ${kb.toFixed(1).padStart(6)} kB of JavaScript, gzip`);
}
console.log(`budget             ${BUDGET_KB.toFixed(1).padStart(6)} kB`);
if (worst > BUDGET_KB) {
  console.error('over budget');
  process.exit(1);
}
