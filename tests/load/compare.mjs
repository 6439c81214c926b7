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
import { CLASSES, FLOOR, WORK, bodies, client, inTurn, lines, quantile, send, settings } from './driver.mjs';
import { defaultObjects, startSink, startWorkerd } from './workers.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string', default: '20' }, requests: { type: 'string', default: '60' }, connections: { type: 'string', default: '8' }, only: { type: 'string', default: '' }, objects: { type: 'string', default: defaultObjects() } } });
const [ROUNDS, REQUESTS, CONNECTIONS] = [values.rounds, values.requests, values.connections].map(Number);

const EVENTS = '/v1/events';
const CASES = [
  { name: 'detector alone, 1,000 lines', floor: true, events: 1000, route: '/detect', list: Array.from({ length: 40 }, () => lines(1000).join('\n')), connections: 1, share: 0.15 },
  { name: 'single events', events: 1, route: EVENTS, list: bodies({ batch: 1, name: 'single', count: 3000 }), share: 2 },
  { name: 'batches of 100, one stream', events: 100, route: EVENTS, list: bodies({ batch: 100, name: 'one' }), share: 1 },
  { name: 'batches of 100, 50 streams', events: 100, route: EVENTS, list: bodies({ batch: 100, streams: 50, name: 'many' }), share: 1 },
  { name: 'batches of 500, one stream', events: 500, route: EVENTS, list: bodies({ batch: 500, name: 'five', count: 100 }), share: 0.3 },
];

/** Sends so many requests of a case, its first bodies in every round. */
async function measure({ worker, pool, one: { route, list, connections, events } }, requests) {
  const { latencies, wall, used } = await send(worker, pool, { connections, next: inTurn(route, list) }, (sent) => sent < requests);
  const sent = latencies.length * events;
  return { us: (used * 1e6) / sent, perSecond: sent / wall };
}

const sink = await startSink();
const [workers, clients] = [[], []];
try {
  workers.push({ ...(await startWorkerd({ work: WORK, storage: values.objects, name: 'compare-floor', dir: FLOOR, main: 'index.js', classes: { ROWS: 'Rows' } })), floor: true });
  for (const [name, dir] of positionals.map((p) => p.split('='))) {
    workers.push(await startWorkerd({ work: WORK, storage: values.objects, name: `compare-${name}`, dir: path.resolve(dir), main: 'entry.js', classes: CLASSES, vars: settings(sink.url) }));
  }
  const taking = CASES.filter((one) => one.floor || one.name.includes(values.only)).flatMap((one) => workers.filter((w) => Boolean(w.floor) === Boolean(one.floor)).map((worker) => ({ one: { connections: CONNECTIONS, ...one }, worker, list: [] })));
  for (const taken of taking) clients.push((taken.pool = client(taken.worker, taken.one.connections)));
  const requests = (one) => Math.ceil(REQUESTS * one.share);
  // V8 compiles what runs often a second time
  for (const taken of taking) await measure(taken, 6 * requests(taken.one));
  for (let round = 0; round < ROUNDS; round += 1) for (const taken of taking) taken.list.push(await measure(taken, requests(taken.one)));
  console.log('| | build | CPU µs an event | detector / that | events/s |\n|---|---|---|---|---|');
  const least = (list) => quantile(list.map((r) => r.us), 0.25);
  const detector = least(taking.find(({ one }) => one.floor).list);
  for (const { one, worker, list } of taking) console.log(`| ${one.name} | ${worker.name.slice(8)} | ${least(list).toFixed(1)} | ${(detector / least(list)).toFixed(2)} | ${Math.round(quantile(list.map((r) => r.perSecond), 0.75)).toLocaleString('en-US')} |`);
} finally {
  await Promise.all(clients.map((pool) => pool.close()));
  await Promise.all(workers.map((w) => w.stop()));
  sink.stop();
}
