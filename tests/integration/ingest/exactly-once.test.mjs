// What the documentation promises of retries: same key and body, same answer; another body is refused wherever it goes; ids count
// once; what was answered before a crash is remembered after it.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { test } from 'node:test';
import { a, api, assertProblem, b, control, figure, freshStream, full, ingest, streamState } from '../support/stack.mjs';

const events = (stream, count, more = () => ({})) => Array.from({ length: count }, (_, i) => ({ stream, data: `step ${i} done in ${10 + (i % 7)} ms`, ...more(i) }));
const post = (json, key, as = a.keys.ingest, path = '/v1/events') => api('POST', path, { as, json, headers: key ? { 'idempotency-key': key } : {} });
const seen = async (stream) => {
  const { body } = await post([{ stream, id: 'probe', data: 'probe' }]);
  return streamState(body, stream).events_seen - 1;
};

test('the same key with another body is refused, also where it goes to other streams', async () => {
  const [one, two, three] = ['first', 'second', 'third'].map(freshStream);
  const key = crypto.randomUUID();
  const first = await post(events(one, 5), key);
  assert.equal(first.status, 200);
  assert.deepEqual((await post(events(one, 5), key)).body, first.body, 'the same answer');
  assertProblem(await post(events(one, 6), key), 422, 'idempotency_key_reused');
  assertProblem(await post(events(two, 5), key), 422, 'idempotency_key_reused');
  assertProblem(await post([...events(two, 2), ...events(three, 2)], key), 422, 'idempotency_key_reused');
  await control('worker/kill');
  await control('worker/start');
  assertProblem(await post(events(two, 5), key), 422, 'idempotency_key_reused');
  assert.deepEqual((await post(events(one, 5), key)).body, first.body, 'the same answer after a crash');
  assert.deepEqual([await seen(one), await seen(two), await seen(three)], [5, 0, 0]);
  // another organisation's key of the same name is its own
  assert.equal((await post(events(two, 3), key, b.keys.ingest)).status, 200);
});

test('a request for several streams counts once in each, however often and however much at once it is sent', async (t) => {
  const streams = Array.from({ length: 6 }, () => freshStream('many'));
  const body = streams.flatMap((stream) => events(stream, 7));
  const key = crypto.randomUUID();
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(body, key)));
  for (const { status, body: answer } of answers) {
    assert.equal(status, 200);
    assert.deepEqual([answer.accepted, answer.duplicates], [42, 0]);
  }
  assert.deepEqual(await Promise.all(streams.map(seen)), streams.map(() => 7));
  figure(t, '10 of 10 sends of 42 events in 6 streams answered 200, 42 counted');
});

test('ids count once in their stream, within a request and across requests', async () => {
  const [one, two] = [freshStream('ids'), freshStream('ids')];
  const withId = (i) => ({ id: `event-${i % 50}` });
  const first = await ingest(a.keys.ingest, events(one, 60, withId));
  assert.deepEqual([first.accepted, first.duplicates], [50, 10]);
  const again = await ingest(a.keys.ingest, events(one, 60, withId));
  assert.deepEqual([again.accepted, again.duplicates], [0, 60]);
  assert.equal((await ingest(a.keys.ingest, events(two, 50, withId))).accepted, 50, 'another stream has ids of its own');
  assert.equal((await ingest(a.keys.ingest, events(one, 3))).accepted, 3, 'without id or key a repeat counts again');
});

test('an anomaly found elsewhere is recorded once under a key', async () => {
  const [stream, other] = [freshStream('found'), freshStream('found')];
  const key = crypto.randomUUID();
  const body = { event_type: 'log', severity: 'low', stream, metadata: { rule: 'R7' } };
  const first = await post(body, key, a.keys.write, '/v1/anomalies');
  assert.equal(first.status, 201);
  assert.equal((await post(body, key, a.keys.write, '/v1/anomalies')).body.id, first.body.id);
  assertProblem(await post({ ...body, stream: other }, key, a.keys.write, '/v1/anomalies'), 422, 'idempotency_key_reused');
});

test('the window of ids is bounded: 50,000 later the first counts again', { skip: !full, timeout: 600_000 }, async (t) => {
  const stream = freshStream('window');
  const send = (from, count) => ingest(a.keys.ingest, events(stream, count, (i) => ({ id: `n${from + i}` })));
  for (let from = 0; from < 60_000; from += 5000) assert.equal((await send(from, 5000)).accepted, 5000);
  assert.equal((await send(15_000, 5000)).duplicates, 5000, 'within the window');
  assert.equal((await send(0, 5000)).accepted, 5000, 'beyond it');
  figure(t, '60,000 ids: the newest 45,000 and more recognised, the first 5,000 not');
});
