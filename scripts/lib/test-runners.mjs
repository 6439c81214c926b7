// Runs other test tools and reads their counts.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { ROOT, STATE } from '../stack/paths.mjs';
import { command } from './test-checks.mjs';

/** A suite of single checks: async generators of them, or promises of one. */
export async function tally(...sources) {
  const done = [];
  for (const source of sources) {
    if (Symbol.asyncIterator in source) for await (const check of source) done.push(check);
    else done.push(await source);
  }
  const count = (ok) => done.filter((check) => check.ok === ok).length;
  return { passed: count(true), failed: count(false), skipped: count(null), checks: done };
}

const sumOf = (output, pattern) => [...output.matchAll(pattern)].reduce((sum, [, number]) => sum + Number(number), 0);

/** Unit and property tests with nextest where it is installed (doc tests always with cargo). */
export async function runRust(packages, { full = false, filter } = {}) {
  const hasNextest = spawnSync('cargo', ['nextest', '--version'], { stdio: 'ignore' }).status === 0;
  const runs = hasNextest
    ? [['nextest', 'run', '--locked', ...packages, '--no-fail-fast', '--status-level', 'fail', ...(full ? ['--run-ignored', 'all'] : []), ...(filter ? [filter] : [])]]
    : [['test', '--locked', ...packages, '--no-fail-fast', '--lib', '--bins', '--tests', ...(filter ? [filter] : []), ...(full ? ['--', '--include-ignored'] : [])]];
  if (!filter) runs.push(['test', '--locked', ...packages, '--doc']);
  const total = { passed: 0, failed: 0, checks: [] };
  for (const args of runs) {
    const { status, output } = await command('cargo', args, { env: { CARGO_TERM_COLOR: 'never' } });
    const plain = args[0] === 'test';
    const passed = plain ? sumOf(output, /^test result: .*?(\d+) passed/gm) : sumOf(output, /tests? run:.*?(\d+) passed/g);
    const failed = plain ? sumOf(output, /^test result: .*?(\d+) failed/gm) : sumOf(output, /tests? run:.*?(\d+) (?:failed|timed out)/g);
    const none = status === 4 && !plain; // nextest: no tests to run
    const broken = status !== 0 && failed === 0 && !none;
    total.passed += passed;
    total.failed += failed + Number(broken);
    total.checks.push({ name: `cargo ${args.join(' ')}`, ok: !failed && !broken, figure: `${passed} tests`, detail: failed || broken ? output.trimEnd().split('\n').slice(-60).join('\n') : undefined });
  }
  return total;
}

/** The dashboard's own tests (Vitest). */
export async function runDashboardUnit() {
  const dir = path.join(ROOT, 'pages-frontend');
  const report = path.join(STATE, 'build', 'vitest.json');
  fs.mkdirSync(path.dirname(report), { recursive: true });
  fs.rmSync(report, { force: true });
  const { output } = await command('npm', ['--prefix', dir, 'test', '--', '--reporter=json', `--outputFile=${report}`]);
  if (!fs.existsSync(report)) return { passed: 0, failed: 1, checks: [{ name: 'npm test', ok: false, detail: output.slice(-4000) }] };
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(fs.readFileSync(report, 'utf8'));
  const checks = testResults.map(({ name, status, assertionResults, message }) => ({
    name: path.relative(dir, name), ok: status === 'passed', figure: `${assertionResults.filter((t) => t.status === 'passed').length} tests`,
    detail: [message, ...assertionResults.filter((t) => t.status === 'failed').map((t) => `${t.fullName}\n${t.failureMessages.join('\n').slice(0, 1500)}`)].filter(Boolean).join('\n') || undefined,
  }));
  const brokenFiles = testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((t) => t.status !== 'failed')).length;
  return { passed: numPassedTests, failed: numFailedTests + brokenFiles, skipped: numPendingTests, checks };
}

/** node --test files, one after another, against a stack; a test's diagnostics are its figure. */
export function runNodeTests(files, { stack, env = {} }) {
  Object.assign(process.env, env);
  const execArgv = stack ? [`--env-file=${stack.envFile}`] : [];
  return new Promise((resolve, reject) => {
    const checks = [];
    let passed = 0;
    let failed = 0;
    let skipped = 0;
    let latest = null;
    const report = (ok, { name, nesting, skip, details, file }) => {
      if (details?.type === 'suite') return;
      if (skip !== undefined) skipped += 1;
      else if (ok) passed += 1;
      else failed += 1;
      const error = details?.error?.cause ?? details?.error;
      const wrapper = details?.error?.failureType === 'subtestsFailed';
      latest = { name: `${'  '.repeat(nesting)}${name}`, ok: skip !== undefined ? null : ok, detail: ok || wrapper ? undefined : `${path.relative(ROOT, file ?? '')}: ${(error?.stack ?? String(error)).slice(0, 2000)}` };
      checks.push(latest);
    };
    run({ files, execArgv, concurrency: 1, timeout: process.env.DRIFTLOCK_FULL ? 7_200_000 : 900_000 })
      .on('test:pass', (event) => report(true, event))
      .on('test:fail', (event) => report(false, event))
      .on('test:diagnostic', ({ message, nesting }) => {
        const isSummary = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(message);
        if (!isSummary && latest && latest.name.search(/\S/) === nesting * 2) latest.figure = latest.figure ? `${latest.figure}; ${message}` : message;
      })
      .on('test:stderr', ({ message }) => process.stderr.write(message))
      .once('error', reject)
      .once('end', () => resolve({ passed, failed, skipped, checks }))
      .resume();
  });
}
