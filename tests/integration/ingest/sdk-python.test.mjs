// Must show 1: the official Python SDK, from its real packages, exporting to the running Worker.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { a, eventually, figure, freshStream, listAnomalies, listStreams, url } from '../support/stack.mjs';
import { ODD_DURATION_MS, ODD_LEVEL, ODD_LINE, ORDINARY, POINTS, durationMs, level, logLines, random } from './sdk-workload.mjs';

const execute = promisify(execFile);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const requirements = here('sdk-python-requirements.txt');
const key = a.keys.full;

/** A virtual environment with the pinned packages, made once; or why there is none. */
async function python() {
  const pins = crypto.createHash('sha256').update(fs.readFileSync(requirements)).digest('hex').slice(0, 12);
  const dir = path.join(here('../../..'), '.tools', `python-otel-${pins}`);
  const binary = path.join(dir, 'bin', 'python');
  if (fs.existsSync(path.join(dir, 'complete'))) return { binary };
  try {
    fs.rmSync(dir, { recursive: true, force: true });
    await execute('python3', ['-m', 'venv', dir]);
    await execute(binary, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements], { timeout: 300_000 });
    fs.writeFileSync(path.join(dir, 'complete'), '');
    return { binary };
  } catch (error) {
    return { missing: `python3 with venv and pip is needed: ${String(error.stderr || error.message).trim().split('\n').at(-1)}` };
  }
}

const { binary, missing } = await python();
const numbers = (seed) => ((all) => () => all.next().value)(random(seed));
const times = (count, make) => Array.from({ length: count }, make);

async function run(signal, service, workload) {
  const child = execute(binary, [here('sdk_python.py')], { timeout: 200_000 });
  child.child.stdin.end(JSON.stringify({ url, key, service, signal, workload }));
  const { stderr } = await child;
  assert.doesNotMatch(stderr, /Failed to export|Traceback/, stderr);
}

const anomalyIn = (stream, matches = () => true) => eventually(`an anomaly in ${stream}`, async () => (await listAnomalies(key, { stream })).find(matches), { timeoutMs: 30_000, everyMs: 300 });

test('must show 1: the Python SDK, protobuf and gzip', { timeout: 300_000, skip: missing }, async (t) => {
  const service = freshStream('python-sdk');

  await t.test('an odd log line', async () => {
    await run('logs', service, { lines: [...logLines(numbers(1))], odd_line: ODD_LINE });
    const found = await anomalyIn(`${service}/logs`);
    figure(t, `log line: ${found.score.toFixed(1)} bits after ${ORDINARY} lines`);
  });

  await t.test('a latency jump', async () => {
    const next = numbers(2);
    const durations = [...times(ORDINARY, () => durationMs(next)), ...times(3, () => ODD_DURATION_MS)];
    await run('traces', service, { durations, start_ns: (Date.now() - 600_000) * 1e6 });
    const found = await anomalyIn(`${service}/latency/GET-/cart`, (one) => one.reason.includes('900'));
    figure(t, `latency: ${found.score.toFixed(1)} bits`);
  });

  await t.test('a metric\'s level shift', async () => {
    const next = numbers(3);
    await run('metrics', service, { levels: [...times(POINTS, () => level(next)), ...times(8, () => ODD_LEVEL + next())] });
    const queue = await eventually(
      'the stream',
      async () => (await listStreams(key)).find((s) => s.startsWith(`${service}/metrics/queue.depth/mail-`)),
      { timeoutMs: 30_000 },
    );
    const found = await anomalyIn(queue);
    figure(t, `level shift: ${found.score.toFixed(1)} bits after ${POINTS} points`);
  });
});
