#!/usr/bin/env node
// Measures several builds of the Worker in turn, round by round and case by case, so that whatever else the machine does falls on all
// of them, and the detector alone between them. Prints the lower quartile of processor time (what disturbs only ever adds), the
// detector's share of it, and the upper quartile of events a second.
//
//   node tests/load/compare.mjs NAME=DIR… [--rounds 20] [--requests 60] [--connections 8] [--only WORDS] [--objects DIR]
//
// DIR: a build such as dist/worker. The Rust floor is the one that tests/load/run.mjs has built. --only: cases with these words.
// --objects: where objects are kept, see workers.mjs.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { ROOT } from '../../scripts/stack/paths.mjs';
import { hdfsLikeLines } from './lines.mjs';
import { defaultObjects, startSink, startWorkerd } from './workers.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string', default: '20' }, requests: { type: 'string', default: '60' }, connections: { type: 'string', default: '8' }, only: { type: 'string', default: '' }, objects: { type: 'string', default: defaultObjects() } } });
const [ROUNDS, REQUESTS, CONNECTIONS] = [values.rounds, values.requests, values.connections].map(Number);
const KEY = 'load-test-key-of-a-single-tenant-0123456789';
const WORK = path.join(ROOT, '.driftlock/load');
const source = hdfsLikeLines();
const lines = (count) => Array.from({ length: count }, () => source.next().value);
const bodies = (batch, streams, name, count) =>
  Array.from({ length: count }, (_, i) => JSON.stringify(lines(batch).map((data) => ({ stream: `${name}-${i % streams}`, event_type: 'log', data }))));

const EVENTS = '/v1/events';
const CASES = [
  { name: 'detector alone, 1,000 lines', floor: true, events: 1000, route: '/detect', list: Array.from({ length: 40 }, () => lines(1000).join('\n')), connections: 1, share: 0.15 },
  { name: 'single events', events: 1, route: EVENTS, list: bodies(1, 1, 'single', 3000), share: 2 },
  { name: 'batches of 100, one stream', events: 100, route: EVENTS, list: bodies(100, 1, 'one', 400), share: 1 },
  { name: 'batches of 100, 50 streams', events: 100, route: EVENTS, list: bodies(100, 50, 'many', 400), share: 1 },
  { name: 'batches of 500, one stream', events: 500, route: EVENTS, list: bodies(500, 1, 'five', 100), share: 0.3 },
];

/** Sends so many requests of a case. Processor time is that of the Worker's process alone. */
async function send(worker, { route, list, connections = CONNECTIONS, events }, requests) {
  const pool = new Pool(worker.url, { connections });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` };
  const [cpu, start] = [worker.cpuSeconds(), performance.now()];
  let sent = 0;
  await Promise.all(Array.from({ length: connections }, async () => {
    while (sent < requests) {
      const answer = await pool.request({ method: 'POST', path: route, headers, body: list[sent++ % list.length] });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${worker.name} ${route}: ${answer.statusCode} ${text.slice(0, 300)}`);
    }
  }));
  const wall = (performance.now() - start) / 1000;
  await pool.close();
  return { us: ((worker.cpuSeconds() - cpu) * 1e6) / sent / events, perSecond: (sent * events) / wall };
}

const quantile = (list, q) => list.toSorted((x, y) => x - y)[Math.floor(q * (list.length - 1))];
const sink = await startSink();
const vars = { SUPABASE_URL: sink.url, SUPABASE_SECRET_KEY: 'sb_secret_load', SUPABASE_PUBLISHABLE_KEY: 'sb_publishable_load', DEFAULT_API_KEY: KEY, DEFAULT_ORG_ID: '00000000-0000-4000-8000-00000000010a', RATE_LIMITS: 'off', ENVIRONMENT: 'development' };
const workers = [];
try {
  workers.push({ ...(await startWorkerd({ work: WORK, storage: values.objects, name: 'compare-floor', dir: path.join(ROOT, 'tests/load/floor/build'), main: 'index.js', classes: { ROWS: 'Rows' } })), floor: true });
  for (const [name, dir] of positionals.map((p) => p.split('='))) {
    workers.push(await startWorkerd({ work: WORK, storage: values.objects, name: `compare-${name}`, dir: path.resolve(dir), main: 'entry.js', classes: { STREAM: 'StreamObject', ORG: 'OrgObject', KEY: 'KeyObject' }, vars }));
  }
  const taking = CASES.filter((one) => one.floor || one.name.includes(values.only)).flatMap((one) => workers.filter((w) => Boolean(w.floor) === Boolean(one.floor)).map((worker) => ({ one, worker, list: [] })));
  const requests = (one) => Math.ceil(REQUESTS * one.share);
  // V8 compiles what runs often a second time
  for (const { one, worker } of taking) await send(worker, one, 6 * requests(one));
  for (let round = 0; round < ROUNDS; round += 1) for (const { one, worker, list } of taking) list.push(await send(worker, one, requests(one)));
  console.log('| | build | CPU µs an event | detector / that | events/s |\n|---|---|---|---|---|');
  const least = (list) => quantile(list.map((r) => r.us), 0.25);
  const detector = least(taking.find(({ one }) => one.floor).list);
  for (const { one, worker, list } of taking) console.log(`| ${one.name} | ${worker.name.slice(8)} | ${least(list).toFixed(1)} | ${(detector / least(list)).toFixed(2)} | ${Math.round(quantile(list.map((r) => r.perSecond), 0.75)).toLocaleString('en-US')} |`);
} finally {
  await Promise.all(workers.map((w) => w.stop()));
  sink.stop();
}
