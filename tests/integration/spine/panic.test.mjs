// Deliberate panics, through routes that exist only with TEST_HOOKS=1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ordinaryEvents } from '../support/logs.mjs';
import { a, api, assertProblem, figure, freshStream, ingest, streamState } from '../support/stack.mjs';

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
  for (let round = 0; round < 3; round += 1) {
    const broken = freshStream('panics');
    await ingest(a.keys.ingest, ordinaryEvents(broken, 120));
    const panic = api('POST', `/v1/_test/panic-object?stream=${broken}`, { as: a.keys.full });
    const meanwhile = ingest(a.keys.ingest, ordinaryEvents(other, 50 * (round + 1)).slice(50 * round));
    const answer = await panic;
    assertProblem(answer, 500);
    times.push(Math.round(answer.ms));
    assert.equal(streamState(await meanwhile, other).events_seen, 50 * (round + 1), 'another stream goes on');
    const next = await ingest(a.keys.ingest, ordinaryEvents(broken, 130).slice(120));
    assert.equal(streamState(next, broken).events_seen, 130, 'nothing was forgotten');
  }
  figure(t, `500 problem+json after ${times.join(', ')} ms; 3 × 120 events kept`);
  assert.ok(Math.min(...times) < 200, `${times} ms`);
});
