// What every black-box test needs: who is who, and short ways to call the API. Run through ./scripts/test, which starts the
// stack and names its fixtures in DRIFTLOCK_TEST_FIXTURES.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';

const file = process.env.DRIFTLOCK_TEST_FIXTURES;
if (!file) throw new Error('these tests need a running stack: ./scripts/test --only spine');

export const { url, control: controlUrl, supabase, stripe, orgs, outsider, metricsToken } = JSON.parse(fs.readFileSync(file, 'utf8'));
export const { a, b } = orgs;
/** Whether the long runs are asked for (./scripts/test --full). */
export const full = process.env.DRIFTLOCK_FULL === '1';
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A stream name nobody else uses. */
export const freshStream = (name) => `${name}-${crypto.randomBytes(6).toString('hex')}`;

/** Kills or starts the Worker (`worker/kill`, `worker/start`) or PostgREST (`postgrest/stop`, `postgrest/start`). */
export async function control(action) {
  const response = await fetch(`${controlUrl}/${action}`, { method: 'POST' });
  assert.equal(response.status, 204, await response.text());
}

/** A network address that no other request comes from. */
const freshAddress = () => `2001:db8:${crypto.randomBytes(4).toString('hex').match(/.{4}/g).join(':')}::1`;

/** The figure of a check, shown beside its name by ./scripts/test. */
export const figure = (t, text) => t.diagnostic(text);

/**
 * One request. `as` is an API key, or {token, org?}; `json` or `body` what to send; `base` another Worker than the stack's.
 * Each comes from a network address of its own unless `headers` say otherwise, so that limits per address stay out of the way.
 * Gives {status, headers, body, ms}: the body parsed where it is JSON.
 */
export async function api(method, path, { as, json, body, headers = {}, signal, base = url } = {}) {
  const auth = typeof as === 'string' ? { authorization: `Bearer ${as}` } : as ? { authorization: `Bearer ${as.token}`, ...(as.org && { 'driftlock-organization': as.org }) } : {};
  const content = json === undefined ? {} : { 'content-type': 'application/json' };
  const start = performance.now();
  const response = await fetch(base + path, { method, headers: { 'cf-connecting-ip': freshAddress(), ...content, ...auth, ...headers }, body: json === undefined ? body : JSON.stringify(json), signal: signal ?? AbortSignal.timeout(30_000) });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text, ms: performance.now() - start };
}

/** Posts events; fails the test unless all were taken. */
export async function ingest(as, events, headers = {}) {
  const answer = await api('POST', '/v1/events', { as, json: events, headers });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual(answer.body.rejected, []);
  return answer.body;
}

/** Checks that an answer is a problem (RFC 9457) with this status and code. */
export function assertProblem(answer, status, code) {
  const seen = `${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`;
  assert.equal(answer.status, status, seen);
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/, seen);
  assert.equal(answer.body.status, status, seen);
  for (const member of ['type', 'title', 'detail', 'code', 'request_id']) assert.equal(typeof answer.body[member], 'string', `${member} of ${seen}`);
  if (code) assert.equal(answer.body.code, code, seen);
}

/** Calls `probe` until it gives a value that is not null, undefined or false. */
export async function eventually(what, probe, { timeoutMs = 15_000, everyMs = 100 } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== null && value !== undefined && value !== false) return value;
    if (Date.now() > deadline) assert.fail(`${what}: not within ${timeoutMs / 1000} s`);
    await sleep(everyMs);
  }
}

/** The names of an organisation's streams, through all pages. */
export async function listStreams(as) {
  const names = [];
  let cursor;
  do {
    const { body } = await api('GET', `/v1/streams?${new URLSearchParams({ limit: '500', ...(cursor && { cursor }) })}`, { as });
    names.push(...body.streams.map((s) => s.stream));
    cursor = body.next_cursor;
  } while (cursor);
  return names;
}

/** Every anomaly of a stream, through all pages. */
export async function listAnomalies(as, query = {}) {
  const found = [];
  let cursor;
  do {
    const parameters = new URLSearchParams({ limit: '100', ...query, ...(cursor && { cursor }) });
    const { status, body } = await api('GET', `/v1/anomalies?${parameters}`, { as });
    assert.equal(status, 200, JSON.stringify(body));
    found.push(...body.anomalies);
    cursor = body.next_cursor;
  } while (cursor);
  return found;
}

/** events_seen of a stream as its object says, read from the answer to an empty-handed retry-safe post of one event. */
export const streamState = (answer, stream) => answer.streams.find((s) => s.stream === stream);

/** The live feed until test `t` ends: {next(): Promise<{id, event, data}>, comments, close()}. */
export async function openFeed(t, as, { lastEventId } = {}) {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const headers = { authorization: `Bearer ${as.token ?? as}`, accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': String(lastEventId) }) };
  const response = await fetch(`${url}/v1/stream/anomalies`, { headers, signal: abort.signal });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  const queue = [];
  const waiting = [];
  const comments = [];
  const deliver = (message) => (waiting.length ? waiting.shift()(message) : queue.push(message));
  (async () => {
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const message = {};
        for (const line of text.slice(0, end).split('\n')) {
          if (line.startsWith(':')) comments.push(line);
          const [, name, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
          if (name) message[name] = value;
        }
        if (message.data) deliver({ ...message, data: JSON.parse(message.data) });
      }
    }
  })().catch(() => {});
  return {
    comments,
    close: () => abort.abort(),
    next: (timeoutMs = 5000) =>
      new Promise((resolve, reject) => {
        if (queue.length) return resolve(queue.shift());
        const timer = setTimeout(() => reject(new Error(`no event within ${timeoutMs} ms`)), timeoutMs);
        waiting.push((message) => (clearTimeout(timer), resolve(message)));
      }),
  };
}
