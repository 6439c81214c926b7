// ./scripts/test: prepares what the chosen suites need, runs them in three phases (see test-suites.mjs), and counts.
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

const built = (name, work) => step(name, async (note) => note(`${name} (${await work()})`));

/** Starts what `needs` names: a promise for each, and none fails unseen. */
function startBuilds(needs) {
  const dashboard = async () => {
    await step('install the dashboard\'s packages', installDashboard);
    await built('build the detector for browsers', buildPackage);
  };
  const ready = {};
  let last = Promise.resolve();
  const add = (name, work) => (ready[name] = last = last.then(work));
  if (needs.has('dashboard') || needs.has('build')) add('dashboard', dashboard);
  if (needs.has('build')) add('build', () => built('build the Worker', buildWorker).then(() => built('build the dashboard', buildDashboard)));
  if (needs.has('cbad')) add('cbad', () => step('build the cbad command', buildCommand));
  return { ...ready, all: last };
}

function printCheck({ ok, name, figure, detail }) {
  const mark = ok === null ? '- skipped' : ok ? '✓' : '✗';
  console.log(`    ${mark} ${name}${figure ? ` — ${figure}` : ''}`);
  if (detail) console.log(detail.replace(/^/gm, '        '));
}

function printSuite(suite, result, seconds, showAll) {
  const { passed, failed, skipped = 0 } = result;
  console.log(`\n${failed ? '✗' : '✓'} ${suite.name}: ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''} (${seconds.toFixed(1)} s)`);
  for (const check of result.checks ?? []) {
    if (showAll || check.ok !== true || check.figure) printCheck(check);
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
  const stacks = [];
  const stopAll = () => Promise.all(stacks.map((stack) => stack.stop()));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      stopping = stopAll().finally(() => process.exit(130));
    });
  }

  const needs = new Set(suites.flatMap((suite) => suite.needs));
  const totals = new Map();
  const run = async (suite, stack) => {
    const start = performance.now();
    console.log(`\n… ${suite.name}`);
    const result = await suite.run({ stack, full: !!options.full }).catch((error) => {
      return { passed: 0, failed: 1, checks: [{ name: suite.name, ok: false, detail: error.plain ? error.message : error.stack }] };
    });
    printSuite(suite, result, (performance.now() - start) / 1000, !!options.only);
    totals.set(suite, { name: suite.name, skipped: 0, ...result });
  };
  const inTurn = async (chosen, stack) => {
    for (const suite of chosen) await run(suite, stack);
  };
  const besideBuilds = async (chosen, ready) => {
    for (const suite of chosen) {
      await Promise.all(suite.needs.map((need) => ready[need]));
      await run(suite);
    }
  };
  const phase = (number) => suites.filter((suite) => suite.phase === number);
  const lanes = [0, 1].map((number) => phase(2).filter(({ lane = 0 }) => lane === number)).filter((lane) => lane.length);
  try {
    const ready = startBuilds(needs);
    await Promise.all([ready.all, besideBuilds(phase(1), ready)]);
    if (needs.has('stack')) {
      for (const name of lanes.length > 1 ? ['test', 'test-2'] : ['test']) {
        stacks.push(await step('start a database, the Worker and two organisations', () => startTestStack(name)));
      }
    }
    await Promise.all(lanes.map((lane, i) => inTurn(lane, stacks[i])));
    await inTurn(phase(3), stacks[0]);
  } finally {
    await (stopping ?? stopAll());
  }

  const results = suites.map((suite) => totals.get(suite));
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  console.log('');
  for (const { name, passed, failed, skipped } of results) console.log(`${String(passed).padStart(6)} passed ${String(failed).padStart(3)} failed ${skipped ? `${skipped} SKIPPED ` : ''} ${name}`);
  // once more at the end: whoever sees a log's last lines alone shall see what failed
  for (const { name, checks = [] } of results) {
    const failures = checks.filter((check) => check.ok === false);
    if (failures.length) console.log(`\n✗ ${name}`);
    failures.forEach(printCheck);
  }
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
