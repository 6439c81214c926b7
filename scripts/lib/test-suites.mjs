// The table of test suites: what each is called, which areas it belongs to, what it needs, how it runs.
// Those of phase 1 run while the Worker is being built, those of phase 2 in two lanes, each with a stack of its own (they spend
// much of their time waiting), those of phase 3 alone, as they measure how smoothly a browser runs beside the real stack.
// A suite gives {passed, failed, skipped?, checks: [{name, ok: true | false | null for skipped, figure?, detail?}]}.
import fs from 'node:fs';
import path from 'node:path';
import { runPgtap } from '../stack/pgtap.mjs';
import { supabaseCli } from '../stack/migrations.mjs';
import { ROOT } from '../stack/paths.mjs';
import { findChromium } from './chromium.mjs';
import { openapiChecks } from './openapi-checks.mjs';
import { bundleSize, dashboardBudget, deployChecks, formatAndLints } from './test-checks.mjs';
import { runDashboardUnit, runNodeTests, runRust, tally } from './test-runners.mjs';

export const AREAS = ['spine', 'detector', 'tenants', 'ingest', 'billing', 'dashboard'];

const testFiles = (dir) => {
  const full = path.join(ROOT, dir);
  if (!fs.existsSync(full)) return [];
  return fs.readdirSync(full, { recursive: true }).filter((name) => name.endsWith('.test.mjs')).sort().map((name) => path.join(full, name));
};
const ALL = undefined; // the plain command
const LANES = { ingest: 1, tenants: 1 }; // so that both lanes take about as long

const SUITES = [
  { name: 'Rust', areas: [ALL], needs: [], phase: 1, run: ({ full }) => runRust(['--workspace'], { full }) },
  { name: 'detector (Rust)', areas: ['detector'], needs: [], phase: 1, run: ({ full }) => runRust(['-p', 'cbad-wasm'], { full }) },
  { name: 'detector, native against WebAssembly', areas: [ALL, 'detector'], needs: ['dashboard', 'cbad'], phase: 2, run: () => runNodeTests([path.join(ROOT, 'cbad-wasm/tests/package.test.mjs')], {}) },
  { name: 'billing (Rust)', areas: ['billing'], needs: [], phase: 1, run: () => runRust(['-p', 'worker-api'], { filter: 'billing::' }) },
  { name: 'ingestion (Rust)', areas: ['ingest'], needs: [], phase: 1, run: () => runRust(['-p', 'worker-api'], { filter: 'ingest::' }) },
  { name: 'formatting and lints', areas: [ALL], needs: ['dashboard'], phase: 1, run: () => tally(formatAndLints(), openapiChecks()) },
  { name: 'dashboard (unit)', areas: [ALL, 'dashboard'], needs: ['dashboard'], phase: 1, run: runDashboardUnit },
  { name: 'would it deploy', areas: [ALL, 'spine'], needs: ['build'], phase: 2, run: () => tally(deployChecks(), bundleSize(), dashboardBudget()) },
  { name: 'database (pgTAP)', areas: [ALL, 'spine', 'tenants', 'billing'], needs: ['build', 'stack'], phase: 2, run: database },
  ...['spine', 'ingest', 'tenants', 'billing', 'detector'].map((area) => ({
    name: `HTTP: ${area}`, areas: [ALL, area], needs: ['build', 'cbad', 'stack'], phase: 2, lane: LANES[area] ?? 0, files: testFiles(`tests/integration/${area}`),
    run({ stack }) {
      return runNodeTests(this.files, { stack });
    },
  })),
  { name: 'HTTP: bad input', areas: ['ingest'], needs: ['build', 'stack'], phase: 2, lane: 1, run: ({ stack }) => runNodeTests([path.join(ROOT, 'tests/integration/spine/bad-input.test.mjs')], { stack }) },
  { name: 'browser: accessibility and policy', areas: [ALL, 'dashboard'], needs: ['build'], phase: 2, files: testFiles('pages-frontend/browser-tests'), run: browser },
  { name: 'browser journey', areas: [ALL, 'spine', 'dashboard'], needs: ['build', 'stack'], phase: 3, files: testFiles('tests/e2e'), run: browser },
];

/** The suites of an area, or all. */
export const suitesFor = (area) => SUITES.filter((suite) => suite.areas.includes(area) && (!suite.files || suite.files.length));

async function database({ stack }) {
  const files = await runPgtap(stack.env.DATABASE_URL);
  const checks = files.map(({ name, passed, failed, problems }) => ({ name, ok: failed === 0, figure: `${passed} tests`, detail: problems.join('\n') }));
  const advisors = { name: 'supabase db advisors --fail-on warn', ok: true };
  try {
    await supabaseCli(['db', 'advisors', '--fail-on', 'warn', `--remote=${stack.env.DATABASE_URL}`]);
  } catch (error) {
    Object.assign(advisors, { ok: false, detail: error.message });
  }
  const count = (field) => files.reduce((sum, file) => sum + file[field], 0);
  return { passed: count('passed') + Number(advisors.ok), failed: count('failed') + Number(!advisors.ok), checks: [...checks, advisors] };
}

async function browser({ stack }) {
  const chromium = findChromium();
  if (!chromium) {
    const detail = 'NO BROWSER: install Chromium (apt install chromium fonts-liberation) or name one in CHROMIUM_PATH';
    return { passed: 0, failed: 0, skipped: this.files.length, checks: [{ name: this.name, ok: null, detail }] };
  }
  return runNodeTests(this.files, { stack, env: { CHROMIUM_PATH: chromium, CHROMIUM: chromium } });
}
