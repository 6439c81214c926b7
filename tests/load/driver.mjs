// What every measurement here sends, and how: an HTTP client that keeps its connections, and bodies that were made beforehand.
import path from 'node:path';
import { Pool } from 'undici';
import { ROOT } from '../../scripts/stack/paths.mjs';
import { hdfsLikeLines } from './lines.mjs';

export const KEY = 'load-test-key-of-a-single-tenant-0123456789';
export const WORK = path.join(ROOT, '.driftlock/load');
export const CLASSES = { STREAM: 'StreamObject', ORG: 'OrgObject', KEY: 'KeyObject' };
/** The floors in Rust, as run.mjs has built them. */
export const FLOOR = path.join(ROOT, 'tests/load/floor/build');

/** Settings of a Worker with one tenant, whose database is at `supabase`. */
export const settings = (supabase) => ({ SUPABASE_URL: supabase, SUPABASE_SECRET_KEY: 'sb_secret_load', SUPABASE_PUBLISHABLE_KEY: 'sb_publishable_load', DEFAULT_API_KEY: KEY, DEFAULT_ORG_ID: '00000000-0000-4000-8000-00000000010a', RATE_LIMITS: 'off', ENVIRONMENT: 'development', METRICS_TOKEN: KEY });

const source = hdfsLikeLines();
export const lines = (count) => Array.from({ length: count }, () => source.next().value);

/** Bodies of `batch` events, spread over `streams`. Events carry no id: no two are taken for one. */
export function bodies({ batch, streams = 1, count = 400, name }) {
  return Array.from({ length: count }, (_, i) => JSON.stringify(lines(batch).map((data) => ({ stream: `${name}-${i % streams}`, event_type: 'log', data }))));
}

/** The requests to a route with one body after another, from the first again behind the last. */
export function inTurn(route, list) {
  let i = 0;
  return () => ({ path: route, body: list[i++ % list.length] });
}

export const quantile = (list, q) => list.toSorted((x, y) => x - y)[Math.floor(q * (list.length - 1))];

/** A client with so many connections, which stay open until it is closed, as those of a sender do. */
export const client = (worker, connections) => new Pool(worker.url, { connections, pipelining: 1 });

/**
 * Sends `next()`'s requests over so many connections of a client, as long as `goesOn(sent)`: the latency of each in ms, the wall
 * seconds, and the seconds of processor that the Worker's process alone took.
 */
export async function send(worker, pool, { connections, next }, goesOn) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` };
  const latencies = [];
  const [cpu, start] = [worker.cpuSeconds(), performance.now()];
  let sent = 0;
  await Promise.all(Array.from({ length: connections }, async () => {
    while (goesOn(sent)) {
      sent += 1;
      const { path: route, body } = next();
      const from = performance.now();
      const answer = await pool.request({ method: body === undefined ? 'GET' : 'POST', path: route, headers, body });
      const said = await answer.body.text();
      latencies.push(performance.now() - from);
      if (answer.statusCode !== 200) throw new Error(`${worker.name} ${route}: ${answer.statusCode} ${said.slice(0, 300)}`);
    }
  }));
  return { latencies, wall: (performance.now() - start) / 1000, used: worker.cpuSeconds() - cpu };
}
