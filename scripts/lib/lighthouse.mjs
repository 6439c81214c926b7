// Prints Lighthouse's scores of the landing page and the dashboard: the median of five runs, each page as a phone and as a desktop sees it.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { requireFreePorts } from '../stack/process.mjs';
import { findChromium } from './chromium.mjs';

const VERSION = '13.5.0';
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];
const USAGE = `./scripts/lighthouse [--url URL] [--runs 5] [--pages landing,playground,dashboard] [--as phone,desktop] [--email E --password P]

Against ./scripts/dev by default, whose address and login it reads from .driftlock/dev.env. Runs npx lighthouse@${VERSION}.
`;

function devEnv() {
  const file = path.join('.driftlock', 'dev.env');
  if (!fs.existsSync(file)) return {};
  const unquoted = (text) => text.replace(/^(['"])(.*)\1$/, '$2');
  return Object.fromEntries(fs.readFileSync(file, 'utf8').split('\n').filter((line) => /^(export )?\w+=/.test(line)).map((line) => line.replace('export ', '').split(/=(.*)/s)).map(([name, value]) => [name, unquoted(value)]));
}

// Each run begins with empty caches, as a first visit; the session, in local storage, stays.
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function scores(url, port, preset) {
  const args = ['--yes', `lighthouse@${VERSION}`, url, `--port=${port}`, '--output=json', '--quiet', `--only-categories=${CATEGORIES}`, ...(preset ? [`--preset=${preset}`] : [])];
  const { stdout } = await promisify(execFile)('npx', args, { maxBuffer: 1 << 28 });
  const { categories, audits, environment } = JSON.parse(stdout);
  return { cpu: environment.benchmarkIndex, ...Object.fromEntries(CATEGORIES.map((name) => [name, Math.round(100 * categories[name].score)])), lcp: audits['largest-contentful-paint'].numericValue, tbt: audits['total-blocking-time'].numericValue, cls: audits['cumulative-layout-shift'].numericValue };
}

/** A run may fail on a busy machine, whose trace lacks its beginning. */
async function persistently(run, attempts = 4) {
  try {
    return await run();
  } catch (error) {
    if (attempts <= 1) throw error;
    return persistently(run, attempts - 1);
  }
}

async function main() {
  const env = devEnv();
  const { values } = parseArgs({ options: { url: { type: 'string', default: env.DRIFTLOCK_URL ?? 'http://127.0.0.1:8787' }, runs: { type: 'string', default: '5' }, pages: { type: 'string', default: 'landing,playground,dashboard' }, as: { type: 'string', default: 'phone,desktop' }, email: { type: 'string', default: env.DEMO_EMAIL }, password: { type: 'string', default: env.DEMO_PASSWORD }, help: { type: 'boolean' } } });
  if (values.help) return process.stdout.write(USAGE);
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium: apt install chromium, or name one in CHROMIUM_PATH');
  const port = 9333;
  await requireFreePorts([{ port, name: 'lighthouse', remedy: 'end what uses it' }]);
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'driftlock-lighthouse-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: ['--no-sandbox', '--disable-gpu', `--remote-debugging-port=${port}`] });
  try {
    const chosen = values.pages.split(',');
    const pages = Object.fromEntries(Object.entries({ landing: '/', playground: '/playground' }).filter(([name]) => chosen.includes(name)));
    if (chosen.includes('dashboard') && values.email && values.password) {
      const page = await context.newPage();
      await page.goto(`${values.url}/sign-in`);
      await page.getByLabel('Email').fill(values.email);
      await page.getByLabel('Password').fill(values.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Anomalies' }).waitFor();
      pages.dashboard = '/app/anomalies';
    } else if (chosen.includes('dashboard')) console.log('no login (--email, --password): the dashboard is left out');
    console.log(`Lighthouse ${VERSION}, median of ${values.runs}; ${values.url}\n`);
    console.log(`page        as       ${CATEGORIES.join('  ')}   LCP     TBT      CLS     machine`);
    for (const [name, where] of Object.entries(pages)) {
      for (const preset of values.as.split(',').map((as) => (as === 'phone' ? undefined : as))) {
        const runs = [];
        for (let i = 0; i < Number(values.runs); i++) runs.push(await persistently(() => scores(values.url + where, port, preset)));
        const of = (key) => median(runs.map((run) => run[key]));
        const marks = CATEGORIES.map((key) => String(of(key)).padStart(key.length)).join('  ');
        console.log(`${name.padEnd(11)} ${(preset ?? 'phone').padEnd(8)} ${marks}   ${(of('lcp') / 1000).toFixed(1)} s   ${Math.round(of('tbt'))} ms   ${of('cls').toFixed(3)}   ${Math.round(of('cpu'))}`);
      }
    }
  } finally {
    await context.close();
    fs.rmSync(profile, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
