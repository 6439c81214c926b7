// What happens when there is more than can be taken now: a caller who would rather not wait, and a database that stays away.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { ENCODINGS, SIGNALS, gauge, logRecord, logsOf, metricsOf, post, span, tracesOf } from '../support/otlp.mjs';
import { a, api, assertProblem, b, control, eventually, figure, freshStream, ingest, listAnomalies, listStreams, metricsToken, streamState } from '../support/stack.mjs';

after(() => control('postgrest/start'));

const later = (json, key) => api('POST', '/v1/events', { as: a.keys.ingest, json, headers: { prefer: 'respond-async', ...(key && { 'idempotency-key': key }) } });
const probes = new Map();
/** Events counted so far, the probes themselves left out. */
async function counted(stream) {
  const earlier = probes.get(stream) ?? 0;
  probes.set(stream, earlier + 1);
  const answer = await ingest(a.keys.ingest, [{ stream, data: 'probe' }]);
  return streamState(answer, stream).events_seen - 1 - earlier;
}
const metric = async (name) => {
  const { status, body } = await api('GET', '/metrics', { as: metricsToken });
  assert.equal(status, 200);
  return Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\d+)$`, 'm').exec(body)?.[1]);
};

test('respond-async answers 202 and scores later, once', { timeout: 180_000 }, async (t) => {
  const stream = freshStream('later');
  const events = ordinaryEvents(stream, 900, 3).map(({ id: _, ...event }) => event);
  for (const batch of inBatches(events)) await ingest(a.keys.ingest, batch);
  const { id: _, ...odd } = oddEvent(stream, 'later', 1);
  const key = crypto.randomUUID();
  const answer = await later([odd, { stream, timestamp: 'never', data: 'x' }], key);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.equal(answer.headers.get('preference-applied'), 'respond-async');
  assert.deepEqual([answer.body.queued, answer.body.rejected[0].code], [1, 'invalid_timestamp']);
  await eventually('it is scored', async () => (await counted(stream)) === 901, { timeoutMs: 60_000, everyMs: 1000 });
  // sent again, with and without the preference: it was one event
  assert.equal((await later([odd, { stream, timestamp: 'never', data: 'x' }], key)).status, 202);
  const again = await api('POST', '/v1/events', { as: a.keys.ingest, json: [odd, { stream, timestamp: 'never', data: 'x' }], headers: { 'idempotency-key': key } });
  assert.equal(again.body.anomalies.length, 1, 'the answer that nobody waited for');
  const arrived = async () => (await listAnomalies(a.keys.read, { stream })).filter(({ id }) => id === again.body.anomalies[0].id).length === 1;
  await eventually('the anomaly is in the list', arrived, { timeoutMs: 60_000 });
  assertProblem(await later([odd], key), 422, 'idempotency_key_reused');
  assert.equal(await counted(stream), 901);
  figure(t, '901 of 901 events counted once, the anomaly recorded once');
});

test('a large request goes on the queue in pieces, for many streams', { timeout: 180_000 }, async () => {
  const streams = [freshStream('pieces'), freshStream('pieces'), freshStream('pieces')];
  const events = streams.flatMap((stream) => Array.from({ length: 300 }, (_, i) => ({ stream, data: `${i} ${'lorem ipsum '.repeat(60)}` })));
  const answer = await later(events);
  assert.deepEqual([answer.status, answer.body.queued], [202, 900]);
  for (const stream of streams) await eventually(`${stream} is scored`, async () => (await counted(stream)) === 300, { timeoutMs: 60_000, everyMs: 1000 });
});

test('OTLP with the preference: a full success once it is queued, counted once however often it is sent', { timeout: 180_000 }, async () => {
  const made = { logs: (s) => logsOf(s, [logRecord('queued')]), metrics: (s) => metricsOf(s, [gauge('queued', 1)]), traces: (s) => tracesOf(s, [span('queued')]) };
  await Promise.all(Object.keys(SIGNALS).flatMap((name) => Object.values(ENCODINGS).map(async ({ type, encode, response }) => {
    const [signal, service] = [SIGNALS[name], freshStream(`otlp-later-${name}`)];
    const body = encode(signal, made[name](service));
    const send = (headers) => post(signal.path, body, { type, key: a.keys.ingest, headers });
    for (let i = 0; i < 2; i += 1) {
      const answer = await send({ prefer: 'respond-async' });
      assert.deepEqual([answer.status, answer.headers.get('preference-applied'), answer.headers.get('content-type')], [200, 'respond-async', type]);
      assert.equal(response(signal, answer.body).partialSuccess ?? null, null);
    }
    const mine = async () => (await listStreams(a.keys.read)).filter((stream) => stream.includes(service));
    const [stream] = await eventually(`${service} is scored`, async () => (await mine()).length > 0 && mine(), { timeoutMs: 60_000, everyMs: 500 });
    const seen = async () => (await api('GET', `/v1/streams/${encodeURIComponent(stream)}/recent`, { as: a.keys.read })).body.events_seen;
    const before = await seen();
    assert.ok(before >= 1);
    assert.equal((await send({})).status, 200);
    assert.equal(await seen(), before, 'without the preference the same body is recognised as well');
  })));
});

test('an event larger than a message is answered as without the preference', async () => {
  const answer = await later([{ stream: freshStream('large'), data: 'x'.repeat(200_000) }]);
  assert.deepEqual([answer.status, answer.body.accepted], [200, 1]);
});

test('a database that stays away: first evidence is left out, then the stream refuses, then all is well again', { timeout: 800_000 }, async (t) => {
  const stream = freshStream('full');
  for (const batch of inBatches(ordinaryEvents(stream, 900, 13))) await ingest(a.keys.ingest, batch);
  const record = (n) => api('POST', '/v1/anomalies', { as: a.keys.write, json: { event_type: 'log', severity: 'low', stream, metadata: { n } } });
  const outbox = async () => (await api('GET', '/readyz')).body.dependencies.find(({ name }) => name === 'outbox');
  // a key that was never used could not be looked up
  await api('POST', '/v1/anomalies', { as: a.keys.write, json: { event_type: 'log', severity: 'low', stream: 'other' } });
  await ingest(b.keys.ingest, [{ stream, data: 'another organisation' }]);
  await control('postgrest/stop');
  for (let n = 0; n < 200; n += 1) assert.equal((await record(n)).status, 201, `record ${n}`);
  assert.equal((await eventually('readiness says slim', async () => { const seen = await outbox(); return seen.state === 'slim' && seen; })).needed, false);
  const slim = (await ingest(a.keys.ingest, [oddEvent(stream, 'slim', 2)])).anomalies[0];
  assert.ok(slim, 'events are still scored');
  for (let n = 201; n < 220; n += 1) assert.equal((await record(n)).status, 201);
  const event = { stream, id: 'refused-once', data: 'one more' };
  const refused = await api('POST', '/v1/events', { as: a.keys.ingest, json: [event] });
  assertProblem(refused, 503, 'stream_unavailable');
  assert.equal(refused.headers.get('retry-after'), '60');
  assertProblem(await record(220), 503, 'stream_unavailable');
  assert.equal((await ingest(b.keys.ingest, [{ stream, data: 'another organisation' }])).accepted, 1, 'other streams go on');
  await eventually('readiness says full', async () => (await outbox()).state === 'full');
  assert.ok((await metric('driftlock_batches_refused_total')) >= 1 && (await metric('driftlock_streams_under_pressure{level="full"}')) >= 1);

  await control('postgrest/start');
  const accepted = await eventually('the stream takes events again', async () => {
    const answer = await api('POST', '/v1/events', { as: a.keys.ingest, json: [event] });
    return answer.status === 200 && answer.body;
  }, { timeoutMs: 380_000, everyMs: 1000 });
  assert.equal(accepted.accepted, 1, 'what was refused had not been counted');
  const complete = async () => {
    const listed = await listAnomalies(a.keys.read, { stream });
    return listed.some(({ id }) => id === slim.id) && listed.filter(({ source }) => source === 'api').length >= 219 && listed;
  };
  const listed = await eventually('everything arrives', complete, { timeoutMs: 380_000, everyMs: 1000 });
  const numbers = listed.filter(({ source }) => source === 'api').map(({ metadata }) => metadata.n);
  assert.deepEqual([numbers.length, new Set(numbers).size], [219, 219]);
  await eventually('readiness is well again', async () => (await outbox()).state === 'up');
  const { body } = await api('GET', `/v1/anomalies/${slim.id}`, { as: a.keys.read });
  assert.ok(body.reason && body.event && !body.witness, 'kept slim: the sentence and the event, no witness');
  figure(t, '220 of 220 anomalies arrived once; refused events were not counted');
});

test('metrics are for whoever has their token', async () => {
  assert.equal((await api('GET', '/metrics')).status, 401);
  assert.equal((await api('GET', '/metrics', { as: a.keys.full })).status, 401);
  assert.ok((await metric('driftlock_events_accepted_total')) > 0);
});
