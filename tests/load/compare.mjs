#!/usr/bin/env node
// Measures several builds of the Worker in turn, round by round, so that whatever else the machine does falls on all of them, and
// the detector alone between them. Prints medians of processor time, and of events a second.
//
//   node tests/load/compare.mjs NAME=DIR… [--rounds 5] [--requests 200] [--connections 8]
//
// DIR: a build such as dist/worker. The Rust floor is the one that tests/load/run.mjs has built.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { ROOT } from '../../scripts/stack/paths.mjs';
import { hdfsLikeLines } from './lines.mjs';
import { startSink, startWorkerd } from './workers.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string', default: '5' }, requests: { type: 'string', default: '200' }, connections: { type: 'string', default: '8' } } });
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

const median = (list) => list.toSorted((x, y) => x - y)[list.length >> 1];
const sink = await startSink();
const vars = { SUPABASE_URL: sink.url, SUPABASE_SECRET_KEY: 'sb_secret_load', SUPABASE_PUBLISHABLE_KEY: 'sb_publishable_load', DEFAULT_API_KEY: KEY, DEFAULT_ORG_ID: '00000000-0000-4000-8000-00000000010a', RATE_LIMITS: 'off', ENVIRONMENT: 'development' };
const workers = [];
try {
  workers.push({ ...(await startWorkerd({ work: WORK, name: 'compare-floor', dir: path.join(ROOT, 'tests/load/floor/build'), main: 'index.js', classes: { ROWS: 'Rows' } })), floor: true });
  for (const [name, dir] of positionals.map((p) => p.split('='))) {
    workers.push(await startWorkerd({ work: WORK, name: `compare-${name}`, dir: path.resolve(dir), main: 'entry.js', classes: { STREAM: 'StreamObject', ORG: 'OrgObject', KEY: 'KeyObject' }, vars }));
  }
  console.log('| | build | CPU µs an event | events/s |\n|---|---|---|---|');
  for (const one of CASES) {
    const taking = workers.filter((w) => Boolean(w.floor) === Boolean(one.floor));
    const requests = Math.ceil(REQUESTS * one.share);
    // twice as many first: V8 compiles what runs often a second time
    for (const worker of taking) await send(worker, one, 2 * requests);
    const results = new Map(taking.map((w) => [w, []]));
    for (let round = 0; round < ROUNDS; round += 1) for (const worker of taking) results.get(worker).push(await send(worker, one, requests));
    for (const [worker, list] of results) console.log(`| ${one.name} | ${worker.name.slice(8)} | ${median(list.map((r) => r.us)).toFixed(1)} | ${Math.round(median(list.map((r) => r.perSecond))).toLocaleString('en-US')} |`);
  }
} finally {
  await Promise.all(workers.map((w) => w.stop()));
  sink.stop();
}
