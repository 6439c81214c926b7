// Feedback: "expected" teaches the stream, exactly once, through a restart, and is taken back exactly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { a, api, assertProblem, b, control, eventually, figure, freshStream, ingest } from '../support/stack.mjs';

const ODD = 'nightly export of table cards begins by operator=backup';
const ordinary = (stream, from, count) => Array.from({ length: count }, (_, i) => ({ stream, event_type: 'log', data: `user ${(from + i) % 17} paid order ${8000 + from + i} in ${(from + i) % 40} ms` }));
const say = (id, kind, as = a.people.member) => api('POST', `/v1/anomalies/${id}/feedback`, { as, json: { kind } });
const look = async (id) => (await api('GET', `/v1/anomalies/${id}/feedback`, { as: a.keys.read })).body;

async function oddAnomaly(stream) {
  const { anomalies } = await ingest(a.keys.full, [...ordinary(stream, 0, 600), { stream, event_type: 'log', data: ODD }]);
  const { id } = anomalies.at(-1);
  await eventually('the anomaly to be stored', async () => (await api('GET', `/v1/anomalies/${id}`, { as: a.keys.read })).status === 200);
  return id;
}

test('"expected" teaches: the event raises no alarm, before and after a restart, until it is taken back', { timeout: 120_000 }, async (t) => {
  const stream = freshStream('feedback');
  const id = await oddAnomaly(stream);
  const before = await look(id);
  assert.deepEqual([before.feedback, before.effect.taught, before.effect.anomaly], [null, false, true]);
  const [first, again] = [await say(id, 'expected'), await say(id, 'expected')];
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.deepEqual([first.body.feedback.kind, first.body.feedback.taught, first.body.effect.anomaly], ['expected', true, false]);
  assert.deepEqual(again.body, first.body, 'saying it twice is saying it once');

  await control('worker/kill');
  await control('worker/start');
  assert.equal((await look(id)).effect.score, first.body.effect.score, 'the same bits after a restart');
  assert.deepEqual((await ingest(a.keys.full, [{ stream, event_type: 'log', data: ODD }])).anomalies, []);

  const undone = await api('DELETE', `/v1/anomalies/${id}/feedback`, { as: a.people.member });
  assert.deepEqual([undone.body.feedback, undone.body.effect.taught], [null, false]);
  assert.equal((await api('DELETE', `/v1/anomalies/${id}/feedback`, { as: a.people.member })).status, 200, 'again: nothing more');
  const { body } = await api('GET', '/v1/audit?limit=50', { as: a.people.admin });
  const told = body.entries.filter((entry) => entry.target_id === id).map((entry) => entry.action).reverse();
  assert.deepEqual(told, ['anomaly_feedback.created', 'anomaly_feedback.removed']);
  figure(t, `${before.effect.score.toFixed(1)} bits, taught ${first.body.effect.score.toFixed(1)}, taken back ${undone.body.effect.score.toFixed(1)}`);
});

test('another opinion unteaches; metrics cannot be taught; outsiders and viewers cannot say', { timeout: 120_000 }, async () => {
  const id = await oddAnomaly(freshStream('feedback'));
  assert.equal((await say(id, 'expected')).body.effect.taught, true);
  const real = await say(id, 'real');
  assert.deepEqual([real.body.feedback.kind, real.body.effect.taught, real.body.effect.anomaly], ['real', false, true]);
  assertProblem(await say(id, 'perhaps'), 400);
  assertProblem(await say(id, 'real', a.people.viewer), 403);
  assertProblem(await say(id, 'real', b.people.owner), 404, 'not_found');
  assertProblem(await say(id, 'real', b.keys.full), 404, 'not_found');

  const stream = freshStream('feedback-metric');
  const { anomalies } = await ingest(a.keys.full, Array.from({ length: 400 }, (_, i) => ({ stream, event_type: 'metric', data: { value: i === 399 ? 9000 : 20 + (i % 7) } })));
  await eventually('the anomaly to be stored', async () => (await api('GET', `/v1/anomalies/${anomalies.at(-1).id}`, { as: a.keys.read })).status === 200);
  const metric = await say(anomalies.at(-1).id, 'expected');
  assert.deepEqual([metric.body.feedback.taught, metric.body.effect.taught], [false, false]);
  assert.match(metric.body.effect.note, /cannot be taught/);
});

test('the newest scores of a stream tell what another sensitivity would have flagged', async () => {
  const stream = freshStream('recent');
  const { anomalies } = await ingest(a.keys.full, [...ordinary(stream, 0, 300), { stream, event_type: 'log', data: ODD }]);
  const read = await eventually('the stream', async () => {
    const answer = await api('GET', `/v1/streams/${stream}/recent`, { as: a.people.viewer });
    return answer.status === 200 && answer;
  });
  const { scores, alpha, first_index, events_seen, learning_events } = read.body;
  assert.deepEqual([scores.length, first_index, events_seen, learning_events], [301, 0, 301, 128]);
  // an anomaly's place among them
  const { body: odd } = await eventually('the anomaly', async () => {
    const answer = await api('GET', `/v1/anomalies/${anomalies.at(-1).id}`, { as: a.people.viewer });
    return answer.status === 200 && answer;
  });
  assert.deepEqual([read.body.generation, read.body.runs], [odd.generation, [{ first_seq: 0, count: 301 }]]);
  assert.ok(Math.abs(scores[odd.seq] - odd.score) < 1e-3, `${scores[odd.seq]} at ${odd.seq} for ${odd.score}`);
  const flagged = scores.filter((score, i) => i >= learning_events && score >= -Math.log2(alpha)).length;
  assert.equal(flagged, anomalies.length);
  assertProblem(await api('GET', `/v1/streams/${stream}/recent`, { as: b.people.owner }), 404);
});

test('so do those of a stream of numbers, whose own bits are another measure', { timeout: 120_000 }, async () => {
  const stream = freshStream('recent-metric');
  const { anomalies } = await ingest(a.keys.full, Array.from({ length: 900 }, (_, i) => ({ stream, event_type: 'metric', data: { value: i > 400 && i % 150 === 0 ? 9000 : 20 + ((i * 7919) % 13) } })));
  assert.ok(anomalies.length >= 1, 'there are alarms');
  const { scores, alpha, first_index, learning_events, event_type } = await eventually('the stream', async () => {
    const answer = await api('GET', `/v1/streams/${stream}/recent`, { as: a.keys.full });
    return answer.status === 200 && answer.body;
  });
  assert.deepEqual([event_type, first_index, learning_events, scores.length], ['metric', 0, 350, 900]);
  const limit = -Math.log2(alpha);
  const flagged = scores.flatMap((score, i) => (i >= learning_events && score >= limit ? [i] : []));
  // repeats of an incident are flagged and not recorded again
  for (const { index, p_value } of anomalies) {
    assert.ok(flagged.includes(index), `${index} of ${flagged}`);
    assert.ok(Math.abs(scores[index] + Math.log2(p_value)) < 1e-3, `${scores[index]} for ${p_value}`);
  }
  assert.ok(scores.slice(0, learning_events).every((score) => score < limit), 'nothing is improbable while it learns');
  assert.ok(flagged.length <= anomalies.length + 20, `${flagged.length} of ${scores.length} flagged, ${anomalies.length} recorded`);
});
