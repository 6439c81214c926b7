#!/usr/bin/env node
// Measures the built Worker in workerd beside floors, in one run on one machine: a JavaScript and a Rust Worker that do nothing,
// the same with one row into a Durable Object, and the detector alone as WebAssembly. Prints a report in Markdown.
//
//   node tests/load/run.mjs [--seconds 10] [--warm 60] [--connections 32] [--objects DIR] [--worker DIR] [--built] [--smoke] [--json FILE]
//
// --warm: seconds that the detector and the whole path each run before they are compared: a compiler that looks at what runs often goes on
// for as long, and an isolate with that many events to take lives for hours.
// --objects: where objects are kept, of the floors and of the Worker alike; a memory file system where there is one (workers.mjs says
// why), and the report says which. --worker: another build than dist/worker. --built: the Rust floor as an earlier run has built it.
// --smoke: a second each and floors built without optimisation, to see that everything runs. Real figures need the release build
// (scripts/build-worker) and a quiet machine; the client (undici) takes its share of the same processors.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/stack/paths.mjs';
import { costTable } from './cost.mjs';
import { CLASSES, FLOOR, KEY, WORK, bodies, client, inTurn, lines, quantile, send, settings } from './driver.mjs';
import { defaultObjects, fileSystem, startSink, startWorkerd } from './workers.mjs';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '10' }, warm: { type: 'string', default: '60' }, connections: { type: 'string', default: '32' }, smoke: { type: 'boolean' }, json: { type: 'string' }, worker: { type: 'string', default: path.join(ROOT, 'dist/worker') }, built: { type: 'boolean' }, objects: { type: 'string', default: defaultObjects() } } });
const SECONDS = options.smoke ? 1 : Number(options.seconds);
const WARM = options.smoke ? 1 : Number(options.warm);
const CONNECTIONS = Number(options.connections);
const ROUNDS = 40;
const [DETECTOR, DETECTORS] = ['detector alone (wasm), 1,000 lines a request', 'the same, 50 detectors in turn'];
const [ONE, MANY] = ['Driftlock, batches of 100, one stream', 'Driftlock, batches of 100, 50 streams'];

/** Sends for so many seconds. */
async function during(seconds, worker, pool, { connections = CONNECTIONS, next }) {
  const end = performance.now() + seconds * 1000;
  const { latencies, wall, used } = await send(worker, pool, { connections, next }, () => performance.now() < end);
  return { latencies, wall, used, perSecond: latencies.length / wall, cpuUs: (used * 1e6) / latencies.length };
}

/**
 * Measures [worker, spec] each for so many seconds, after a warm-up: V8 compiles what runs often a second time. Several are measured in
 * turn, in short rounds of which each begins with another one, so that what else the machine does falls on all of them: `rounds` has
 * each one's, in order.
 */
async function measure(cases, seconds = SECONDS) {
  const count = cases.length > 1 ? ROUNDS : 1;
  const warm = cases.length > 1 ? WARM : seconds / 2;
  const pools = cases.map(([worker, { connections = CONNECTIONS }]) => client(worker, connections));
  const once = (i, time) => during(time, cases[i][0], pools[i], cases[i][1]);
  const taken = cases.map(() => []);
  for (const i of cases.keys()) await once(i, warm);
  for (let round = 0; round < count; round += 1) {
    for (const place of cases.keys()) {
      const i = (place + round) % cases.length;
      taken[i].push(await once(i, cases.length > 1 ? (2 * seconds) / count : seconds));
    }
  }
  await Promise.all(pools.map((pool) => pool.close()));
  return cases.map(([worker], i) => {
    const sum = (field) => taken[i].reduce((total, round) => total + round[field], 0);
    const latencies = taken[i].flatMap((round) => round.latencies);
    const requests = latencies.length;
    return { requests, perSecond: requests / sum('wall'), cpuUs: (sum('used') * 1e6) / requests, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), memory: worker.memoryMiB(), rounds: taken[i].map(({ perSecond, cpuUs }) => ({ perSecond, cpuUs })) };
  });
}

function buildFloor() {
  const bin = path.join(ROOT, 'node_modules/@esbuild', `${process.platform}-${process.arch}`, 'bin/esbuild');
  const env = { ...process.env, WASM_BINDGEN_BIN: path.join(ROOT, '.tools/bin/wasm-bindgen'), ESBUILD_BIN: bin, WASM_OPT_BIN: path.join(ROOT, 'node_modules/.bin/wasm-opt') };
  if (options.built && fs.existsSync(path.join(FLOOR, 'index.js'))) return;
  // with the flags that the Worker is built with
  const build = '. scripts/lib/rust-tools.sh && tools=$PWD/.tools/bin && cd tests/load/floor && exec "$tools/worker-build" "$@"';
  execFileSync('bash', ['-c', build, 'worker-build', ...(options.smoke ? ['--profile', 'quick', '--no-opt'] : ['--release'])], { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function main() {
  const worker = path.resolve(options.worker);
  if (!fs.existsSync(path.join(worker, 'entry.js'))) throw new Error('build the Worker first: ./scripts/build-worker');
  buildFloor();
  const jsDir = path.join(WORK, 'js-source');
  fs.mkdirSync(jsDir, { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'tests/load/floor.mjs'), path.join(jsDir, 'floor.mjs'));
  const sink = await startSink();
  const rows = { ROWS: 'Rows' };
  const running = [];
  const start = async (spec) => (running.push(await startWorkerd({ work: WORK, storage: options.objects, ...spec })), running.at(-1));
  try {
    const js = await start({ name: 'js', dir: jsDir, main: 'floor.mjs', classes: rows });
    const rust = await start({ name: 'rust', dir: FLOOR, main: 'index.js', classes: rows });
    const app = await start({ name: 'driftlock', dir: worker, main: 'entry.js', classes: CLASSES, vars: settings(sink.url) });

    const result = {};
    const steps = async (cases) => {
      process.stderr.write(`── ${Object.keys(cases).join('; ')}\n`);
      const measured = await measure(Object.values(cases));
      for (const [i, name] of Object.keys(cases).entries()) result[name] = measured[i];
    };
    const step = (name, worker, spec) => steps({ [name]: [worker, spec] });
    const nothing = () => ({ path: '/' });
    await step('JavaScript, nothing', js, { next: nothing });
    await step('Rust, nothing', rust, { next: nothing });
    const row = () => ({ path: '/insert', body: 'a row of some sixty characters, as a short log line would have' });
    await step('JavaScript, one row in a Durable Object', js, { next: row });
    await step('Rust, one row in a Durable Object', rust, { next: row });
    await step('JavaScript, one row, one connection', js, { next: row, connections: 1 });
    const kept = (streams) => {
      const list = bodies({ batch: 100, streams });
      let i = 0;
      return () => ({ path: `/insert/${i % streams}`, body: list[i++ % list.length] });
    };
    await step('JavaScript, a body of 100 lines as a row', js, { next: kept(1) });
    await step('JavaScript, the same, 50 objects', js, { next: kept(50) });
    const detected = Array.from({ length: 60 }, () => lines(1000).join('\n'));
    await step('Driftlock, GET /health', app, { next: () => ({ path: '/health' }) });
    const before = await rowsWritten(app);
    await steps({
      [DETECTOR]: [rust, { connections: 1, next: inTurn('/detect', detected) }],
      [ONE]: [app, { next: inTurn('/v1/events', bodies({ batch: 100, streams: 1, name: 'one' })) }],
      [DETECTORS]: [rust, { connections: 1, next: inTurn('/detect/50', detected) }],
      [MANY]: [app, { next: inTurn('/v1/events', bodies({ batch: 100, streams: 50, name: 'many' })) }],
    });
    const after = await rowsWritten(app);
    await step('Driftlock, batches of 100, one connection', app, { connections: 1, next: inTurn('/v1/events', bodies({ batch: 100, streams: 1, name: 'alone' })) });
    await step('Driftlock, batches of 500, one connection', app, { connections: 1, next: inTurn('/v1/events', bodies({ batch: 500, streams: 1, name: 'five' })) });
    const single = bodies({ batch: 1, streams: 1, name: 'single', count: 5000 });
    await step('Driftlock, single events, one connection', app, { connections: 1, next: inTurn('/v1/events', single) });
    await step('Driftlock, single events', app, { next: inTurn('/v1/events', single) });
    const rowsPerBatch = before === null || after === null ? null : (after.rows - before.rows) / Math.max(1, after.requests - before.requests);
    print(result, rowsPerBatch);
    if (options.json) fs.writeFileSync(options.json, JSON.stringify({ result, rowsPerBatch }, null, 2));
  } finally {
    await Promise.all(running.map((one) => one.stop()));
    sink.stop();
  }
}

/** Rows written and ingest calls so far, as the Worker's metrics say; null where it has none. */
async function rowsWritten(worker) {
  const response = await fetch(`${worker.url}/metrics`, { headers: { authorization: `Bearer ${KEY}` } });
  if (!response.ok) return null;
  const text = await response.text();
  const value = (name) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1] ?? NaN);
  const [rows, requests] = [value('driftlock_sqlite_rows_written_total'), value('driftlock_batches_total')];
  return Number.isNaN(rows) || Number.isNaN(requests) ? null : { rows, requests };
}

function print(result, rowsPerBatch) {
  const of = (name) => result[name];
  const fixed = (value, digits = 0) => value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
  const events = { [ONE]: 100, [MANY]: 100, 'Driftlock, batches of 100, one connection': 100, 'Driftlock, batches of 500, one connection': 500, [DETECTOR]: 1000, [DETECTORS]: 1000 };
  const cpu = os.cpus();
  console.log(`${new Date().toISOString().slice(0, 10)}, ${cpu.length} × ${cpu[0].model}, load ${os.loadavg().map((l) => l.toFixed(1)).join(' ')}, ${SECONDS} s each, ${WARM} s of warm-up for what is compared, ${CONNECTIONS} connections unless said, objects in ${options.objects} (${fileSystem(options.objects)}), floor of ${fixed(fs.statSync(path.join(FLOOR, 'index_bg.wasm')).size / 1024)} KiB${options.smoke ? ' (SMOKE: not figures)' : ''}\n`);
  console.log('| | requests/s | events/s | CPU µs a request | CPU µs an event | p50 ms | p99 ms | MiB |\n|---|---|---|---|---|---|---|---|');
  for (const [name, r] of Object.entries(result)) {
    const n = events[name] ?? (name.includes('single events') ? 1 : 0);
    console.log(`| ${name} | ${fixed(r.perSecond)} | ${n ? fixed(r.perSecond * n) : ''} | ${fixed(r.cpuUs)} | ${n ? fixed(r.cpuUs / n, 1) : ''} | ${fixed(r.p50, 2)} | ${fixed(r.p99, 2)} | ${fixed(r.memory)} |`);
  }
  const [one, many, five] = [of(ONE), of(MANY), of('Driftlock, batches of 500, one connection')];
  const detectorUs = of(DETECTOR).cpuUs / 1000;
  // a machine that others share has quick and slow moments, and the rounds of all meet as many of either: what is compared is the
  // same place in the order of each one's rounds, the middle and the quarters
  const share = (path, detector, speed) => {
    const at = (q) => fixed(quantile(of(path).rounds.map(speed), q) / quantile(of(detector).rounds.map(speed), q) / 10, 2);
    return `${at(0.5)} (${at(0.25)} in slow rounds, ${at(0.75)} in quick ones)`;
  };
  const byCpu = (round) => 1e6 / round.cpuUs;
  const byEvents = (round) => round.perSecond;
  console.log(`\n| | | aim |\n|---|---|---|`);
  console.log(`| whole path / detector alone, by events a second (client on the same machine), median of ${ROUNDS} rounds: one stream | ${share(ONE, DETECTOR, byEvents)} | ≥ 0.5, better 0.8 |`);
  console.log(`| the same, 50 streams, 50 detectors | ${share(MANY, DETECTORS, byEvents)} | ≥ 0.5, better 0.8 |`);
  console.log(`| whole path / detector alone, by CPU of an event: one stream | ${share(ONE, DETECTOR, byCpu)} | |`);
  console.log(`| the same, 50 streams, 50 detectors | ${share(MANY, DETECTORS, byCpu)} | |`);
  const ceiling = (floor) => fixed((detectorUs * 100) / (detectorUs * 100 + of(floor).cpuUs), 2);
  console.log(`| its ceiling: the detector and a JavaScript Worker that only keeps such a body, one stream | ${ceiling('JavaScript, a body of 100 lines as a row')} | |`);
  console.log(`| … 50 streams | ${ceiling('JavaScript, the same, 50 objects')} | |`);
  console.log(`| events a second, better of the two | ${fixed(Math.max(one.perSecond, many.perSecond) * 100)} | ≥ 10,000, better 40,000 |`);
  console.log(`| CPU ms of a 500-event batch | ${fixed(five.cpuUs / 1000, 1)} | ≤ 10 (free plan) |`);
  console.log(`| p50 of a single event / JavaScript, one row (one connection each) | ${fixed(of('Driftlock, single events, one connection').p50 / of('JavaScript, one row, one connection').p50, 2)} | ≤ 4 |`);
  console.log(`| no-op: Rust / JavaScript, requests a second | ${fixed(of('Rust, nothing').perSecond / of('JavaScript, nothing').perSecond, 2)} | |`);
  console.log(`| Driftlock GET /health / Rust no-op, requests a second | ${fixed(of('Driftlock, GET /health').perSecond / of('Rust, nothing').perSecond, 2)} | |`);
  const alone = of('Driftlock, batches of 100, one connection');
  console.log(`\n${costTable({ batch: 100, cpuMs: alone.cpuUs / 1000, seconds: alone.p50 / 1000, rows: rowsPerBatch })}`);
}

await main();
