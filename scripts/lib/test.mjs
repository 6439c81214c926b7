// ./scripts/test: prepares what the chosen suites need, runs them one after another, and counts.
import { parseArgs } from 'node:util';
import { buildCommand, buildDashboard, buildPackage, buildWorker, installDashboard } from './build.mjs';
import { reportError, step } from './steps.mjs';
import { startTestStack } from './test-stack.mjs';
import { AREAS, suitesFor } from './test-suites.mjs';

const USAGE = `Runs all tests: formatting and lints, Rust, database, HTTP, dashboard, a browser journey, and whether it would deploy.

  ./scripts/test              everything, with a short seeded slice of each long run
  ./scripts/test --only AREA  one of ${AREAS.join(', ')}; prints each check with its figure
  ./scripts/test --full       with the long runs
`;

function readOptions() {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string' }, full: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
    if (values.only && !AREAS.includes(values.only)) throw new Error(`there is no area ${values.only}`);
    return values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** Builds and starts what `needs` names; gives {stack, stop}. */
async function prepare(needs) {
  const built = (name, work) => step(name, async (note) => note(`${name} (${await work()})`));
  if (needs.has('dashboard')) {
    await step('install the dashboard\'s packages', installDashboard);
    await built('build the detector for browsers', buildPackage);
  }
  if (needs.has('build')) {
    await built('build the dashboard', buildDashboard);
    await built('build the Worker', buildWorker);
  }
  if (needs.has('cbad')) await step('build the cbad command', buildCommand);
  if (!needs.has('stack')) return { stop: async () => {} };
  const stack = await step('start a database, the Worker and two organisations', startTestStack);
  return { stack, stop: stack.stop };
}

function printSuite(suite, result, seconds, showAll) {
  const { passed, failed, skipped = 0 } = result;
  console.log(`\n${failed ? '✗' : '✓'} ${suite.name}: ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''} (${seconds.toFixed(1)} s)`);
  for (const check of result.checks ?? []) {
    if (!showAll && check.ok === true && !check.figure) continue;
    const mark = check.ok === null ? '- skipped' : check.ok ? '✓' : '✗';
    console.log(`    ${mark} ${check.name}${check.figure ? ` — ${check.figure}` : ''}`);
    if (check.detail) console.log(check.detail.replace(/^/gm, '        '));
  }
}

async function main() {
  const options = readOptions();
  if (options.help) return process.stdout.write(USAGE);
  if (options.full) process.env.DRIFTLOCK_FULL = '1';
  const suites = suitesFor(options.only);
  if (!suites.length) console.log(`there are no checks of ${options.only} yet`);
  const begun = performance.now();
  let stopping = null;
  let prepared = { stop: async () => {} };
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      stopping = prepared.stop().finally(() => process.exit(130));
    });
  }

  const totals = [];
  try {
    prepared = await prepare(new Set(suites.flatMap((suite) => suite.needs)));
    for (const suite of suites) {
      const start = performance.now();
      console.log(`\n… ${suite.name}`);
      const result = await suite.run({ stack: prepared.stack, full: !!options.full }).catch((error) => {
        return { passed: 0, failed: 1, checks: [{ name: suite.name, ok: false, detail: error.plain ? error.message : error.stack }] };
      });
      printSuite(suite, result, (performance.now() - start) / 1000, !!options.only);
      totals.push({ name: suite.name, skipped: 0, ...result });
    }
  } finally {
    await (stopping ?? prepared.stop());
  }

  const sum = (field) => totals.reduce((total, result) => total + result[field], 0);
  console.log('');
  for (const { name, passed, failed, skipped } of totals) console.log(`${String(passed).padStart(6)} passed ${String(failed).padStart(3)} failed ${skipped ? `${skipped} SKIPPED ` : ''} ${name}`);
  console.log(`in ${Math.round((performance.now() - begun) / 1000)} s`);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed${sum('skipped') ? `, ${sum('skipped')} skipped` : ''}`);
  process.exitCode = sum('failed') || !sum('passed') ? 1 : 0;
}

main().then(
  () => process.exit(),
  (error) => {
    reportError(error);
    console.log('0 passed, 1 failed');
    process.exit(1);
  },
);
