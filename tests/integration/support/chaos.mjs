// Load that goes on through failures, and the account afterwards: every event answered 2xx is counted once, every anomaly of an
// undisturbed run over the same events is recorded once, and nothing else is.
import assert from 'node:assert/strict';
import pg from 'pg';
import { verdicts } from './cbad.mjs';
import { inBatches, oddEvent, ordinaryEvents } from './logs.mjs';
import { a, api, eventually, freshStream, sleep, supabase, url } from './stack.mjs';

const ATTEMPTS_MS = 240_000;

/** Numbers in [0, 1) that are the same on every run (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Streams with `count` events each, odd ones among them. Half of the streams rely on event ids, half on `Idempotency-Key`. */
export function makeStreams(name, { streams = 4, count = 900, batch = 20, seed = 1 } = {}) {
  return Array.from({ length: streams }, (_, n) => {
    const stream = freshStream(`${name}-${n}`);
    const events = ordinaryEvents(stream, count, seed * 100 + n);
    for (let at = 450 + n, kind = n; at < count; at += 97, kind += 1) events[at] = oddEvent(stream, `at${at}`, kind);
    const byKey = n % 2 === 0;
    if (byKey) for (const event of events) delete event.id;
    return { stream, events, byKey, batches: [...inBatches(events, batch)], anomalies: new Set(), accepted: 0, attempts: 0 };
  });
}

async function postUntilAnswered(entry, index, target) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${a.keys.ingest}`, ...(entry.byKey && { 'idempotency-key': `${entry.stream}-${index}` }) };
  const body = JSON.stringify(entry.batches[index]);
  for (const deadline = Date.now() + ATTEMPTS_MS; Date.now() < deadline; ) {
    entry.attempts += 1;
    try {
      const response = await fetch(`${target}/v1/events`, { method: 'POST', headers, body, signal: AbortSignal.timeout(60_000) });
      const answer = await response.json();
      if (response.status === 200) return answer;
      assert.ok(response.status >= 500, `${response.status} ${JSON.stringify(answer)}`);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    }
    await sleep(150);
  }
  throw assert.fail(`batch ${index} of ${entry.stream} had no answer within ${ATTEMPTS_MS / 1000} s`);
}

/**
 * Posts every batch of every stream, the streams side by side, each in order, and each batch until it is answered 2xx.
 * `onProgress(share)` is called before each batch with the share of batches answered so far.
 */
export async function load(streams, { target = url, onProgress = () => {} } = {}) {
  const all = streams.reduce((sum, { batches }) => sum + batches.length, 0);
  let done = 0;
  await Promise.all(streams.map(async (entry) => {
    for (const index of entry.batches.keys()) {
      onProgress(done / all);
      const answer = await postUntilAnswered(entry, index, target);
      assert.deepEqual(answer.rejected, []);
      assert.equal(answer.accepted + answer.duplicates, entry.batches[index].length);
      entry.accepted += entry.batches[index].length;
      entry.seen = answer.streams[0].events_seen;
      for (const { id } of answer.anomalies) entry.anomalies.add(id);
      done += 1;
    }
  }));
}

/**
 * Calls `disturb(i)` at `times` moments spread over the load, each at a random place of its part of it. The last tenth is left
 * out: the progress a request sees lacks those still under way beside it.
 */
export function atRandomMoments(times, seed, disturb) {
  const random = randomFrom(seed);
  const moments = Array.from({ length: times }, (_, i) => (0.9 * (i + 0.1 + 0.8 * random())) / times);
  const delays = moments.map(() => random() * 40);
  let next = 0;
  let busy = Promise.resolve();
  return {
    onProgress(share) {
      if (next >= times || share < moments[next]) return;
      const [index, delay] = [next, delays[next]];
      next += 1;
      // while requests are under way, not between them
      busy = busy.then(() => sleep(delay)).then(() => disturb(index));
    },
    finished: async () => {
      await busy;
      assert.equal(next, times, 'every disturbance happened under load');
    },
  };
}

let hourlyJobs = 0;

/**
 * Waits until the database was told. A runtime that was killed, or whose clock jumped, can lose the alarm by which a stream tells; then the
 * hourly job wakes it, which is run here as if an hour had passed.
 */
async function told(what, probe) {
  try {
    return await eventually(what, probe, { timeoutMs: 90_000, everyMs: 500 });
  } catch {
    hourlyJobs += 1;
    const at = new Date(Date.now() + 3_600_000).toISOString();
    for (let run = 0; run < 5; run += 1) await api('POST', `/v1/_test/scheduled?at=${at}`);
    return eventually(`${what}, after the hourly job`, probe, { timeoutMs: 60_000, everyMs: 500 });
  }
}

/** The account. Returns a sentence with the figures. */
export async function account(streams) {
  const database = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await database.connect();
  try {
    let recorded = 0;
    for (const entry of streams) {
      const expected = await expectedRecords(entry);
      assert.equal(entry.seen, entry.events.length, `${entry.stream}: the object counted every event once`);
      const rows = await told(`${entry.stream}: all anomalies arrive`, async () => {
        const { rows } = await database.query('select id, seq, repeats from anomalies where org_id = $1 and stream = $2 order by seq', [a.id, entry.stream]);
        const settled = rows.length >= expected.length && rows.every((row, i) => row.repeats >= (expected[i]?.repeats ?? 0));
        return settled && rows;
      });
      assert.deepEqual(rows.map(({ seq, repeats }) => ({ seq: Number(seq), repeats })), expected, `${entry.stream}: the anomalies of an undisturbed run, once each`);
      const ids = new Set(rows.map(({ id }) => id));
      for (const id of entry.anomalies) assert.ok(ids.has(id), `${entry.stream}: ${id} was answered and is recorded`);
      const usage = await told(`${entry.stream}: usage arrives`, async () => {
        const { rows: [sum] } = await database.query('select sum(events)::int as events, sum(detections)::int as detections from usage_counters where org_id = $1 and stream = $2', [a.id, entry.stream]);
        return sum.events >= entry.events.length && sum;
      });
      assert.deepEqual(usage, { events: entry.events.length, detections: expected.length }, `${entry.stream}: counted for billing once`);
      recorded += rows.length;
    }
    const sum = (of) => streams.reduce((total, entry) => total + of(entry), 0);
    const [events, batches, attempts] = [sum((e) => e.accepted), sum((e) => e.batches.length), sum((e) => e.attempts)];
    return `${events} of ${events} events answered 2xx counted once, ${recorded} of ${recorded} anomalies recorded once; ${attempts - batches} retries of ${batches} requests${hourlyJobs ? `; woken by the hourly job so far: ${hourlyJobs}` : ''}`;
  } finally {
    await database.end();
  }
}

async function expectedRecords({ stream, events }) {
  const [first] = await told(`${stream}: something is recorded`, async () => {
    const { status, body } = await api('GET', `/v1/anomalies?stream=${stream}&limit=1`, { as: a.keys.read }).catch(() => ({}));
    return status === 200 && body.anomalies.length > 0 && body.anomalies;
  });
  const { seed } = (await api('GET', `/v1/anomalies/${first.id}`, { as: a.keys.read })).body;
  const found = await verdicts(events.map(({ data }) => data), seed);
  const repeats = (index) => 1 + found.filter((verdict) => verdict.repeat_of === index).length;
  return found.filter(({ anomaly, repeat_of: of }) => anomaly && of === undefined).map(({ index }) => ({ seq: index, repeats: repeats(index) }));
}
