// Deliberate panics, through routes that exist only with TEST_HOOKS=1.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { ordinaryEvents } from '../support/logs.mjs';
import { ENCODINGS, SIGNALS } from '../support/otlp.mjs';
import { a, api, assertProblem, figure, freshStream, ingest, sleep, streamState, url } from '../support/stack.mjs';

test('must show 7: a panic in a handler answers 500 within 200 ms and the next request works', async (t) => {
  const times = [];
  for (let i = 0; i < 3; i += 1) {
    const answer = await api('POST', '/v1/_test/panic', { as: a.keys.full });
    assertProblem(answer, 500);
    times.push(Math.round(answer.ms));
    assert.equal((await api('GET', '/healthz')).status, 200);
  }
  figure(t, `500 problem+json after ${times.join(', ')} ms`);
  assert.ok(Math.min(...times) < 200, `${times} ms`);
});

test('must show 7: a panic in a stream object answers 500 within 200 ms, others go on, and it recovers from its log', async (t) => {
  const other = freshStream('goes-on');
  const times = [];
  // in a task, and in the call that takes a batch, which is none
  for (const [round, place] of ['task', 'batch', 'task', 'batch'].entries()) {
    const broken = freshStream('panics');
    await ingest(a.keys.ingest, ordinaryEvents(broken, 120));
    const panic = api('POST', `/v1/_test/panic-object?stream=${broken}&in=${place}`, { as: a.keys.full });
    const meanwhile = ingest(a.keys.ingest, ordinaryEvents(other, 50 * (round + 1)).slice(50 * round));
    const answer = await panic;
    assertProblem(answer, 500);
    times.push(Math.round(answer.ms));
    assert.equal(streamState(await meanwhile, other).events_seen, 50 * (round + 1), 'another stream goes on');
    const next = await ingest(a.keys.ingest, ordinaryEvents(broken, 130).slice(120));
    assert.equal(streamState(next, broken).events_seen, 130, 'nothing was forgotten');
  }
  figure(t, `500 problem+json after ${times.join(', ')} ms; 4 × 120 events kept`);
  assert.ok(Math.min(...times) < 200, `${times} ms`);
});

/** A request whose body is still on its way when something panics. */
async function interrupted(path, headers) {
  const request = http.request(url + path, { method: 'POST', headers: { authorization: `Bearer ${a.keys.full}`, ...headers } });
  const answered = new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', async (response) => resolve({ status: response.statusCode, headers: new Headers(response.headers), bytes: Buffer.concat(await response.toArray()) }));
  });
  request.write('{');
  await sleep(150);
  assertProblem(await api('POST', '/v1/_test/panic', { as: a.keys.full }), 500);
  const answer = await answered;
  request.destroy();
  return answer;
}

test('a panic elsewhere: a pending OTLP request is told to come again, in its encoding', async () => {
  for (const encoding of Object.values(ENCODINGS)) {
    const answer = await interrupted(SIGNALS.logs.path, { 'content-type': encoding.type });
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [503, encoding.type]);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    const { code, message } = encoding.status(answer.bytes);
    assert.equal(code, 14);
    assert.match(message, /^dependency_unavailable: ./);
  }
});

test('a panic elsewhere: a pending request is told to come again where that does no harm', async () => {
  for (const [headers, status] of [[{}, 500], [{ 'idempotency-key': freshStream('panic') }, 503]]) {
    const answer = await interrupted('/v1/events', { 'content-type': 'application/json', ...headers });
    assertProblem({ ...answer, body: JSON.parse(answer.bytes) }, status, status === 503 ? 'dependency_unavailable' : 'internal_error');
    assert.equal(answer.headers.has('retry-after'), status === 503);
  }
});

test('a delta histogram with its greatest value within a bucket does not panic', async () => {
  const point = { timeUnixNano: `${Date.now()}000000`, count: '1', sum: 6.5, bucketCounts: ['0', '1', '0'], explicitBounds: [5, 10], max: 6.5 };
  const metric = { name: 'request.time', histogram: { aggregationTemporality: 1, dataPoints: [point] } };
  const json = { resourceMetrics: [{ resource: { attributes: [] }, scopeMetrics: [{ metrics: [metric] }] }] };
  const answer = await api('POST', '/v1/metrics', { as: a.keys.full, json });
  assert.deepEqual([answer.status, answer.body], [200, {}]);
});
