// SIGKILL of the whole Worker process group in the middle of a replay. The client retries as ./scripts/replay does: the same
// body under the same Idempotency-Key until it has an answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { a, api, control, eventually, figure, freshStream, ingest, listAnomalies, sleep, streamState } from '../support/stack.mjs';

/** Ordinary events with an odd one now and then, so that there are scores to compare. */
function eventsWithOddOnes(stream) {
  const events = ordinaryEvents(stream, 1500, 11);
  for (const at of [700, 900, 1100, 1300, 1499]) events[at] = oddEvent(stream, `at${at}`);
  return events;
}

async function postUntilAnswered(batch, key) {
  let retries = 0;
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; retries += 1) {
    const answer = await api('POST', '/v1/events', { as: a.keys.ingest, json: batch, headers: { 'idempotency-key': key } }).catch(() => null);
    if (answer?.status === 200) return { body: answer.body, retries };
    assert.ok(!answer || answer.status >= 500, JSON.stringify(answer?.body));
    await sleep(100);
  }
  assert.fail('no answer within a minute');
}

const scoresOf = (anomalies) => anomalies.map(({ score, p_value, q_value, severity, reason, repeats }) => ({ score, p_value, q_value, severity, reason, repeats })).reverse();

test('must show 4: SIGKILL in the middle of a replay loses and doubles nothing, and scores go on unchanged', { timeout: 180_000 }, async (t) => {
  const [stream, control_] = [freshStream('killed'), freshStream('whole')];
  for (const batch of inBatches(eventsWithOddOnes(control_), 50)) await ingest(a.keys.ingest, batch);

  let answered = 0;
  let retries = 0;
  let last;
  const kills = [];
  for (const [index, batch] of [...inBatches(eventsWithOddOnes(stream), 50)].entries()) {
    // three crashes: while a request is under way, not between requests
    if ([8, 15, 24].includes(index)) kills.push(sleep(3).then(() => control('worker/kill')).then(() => control('worker/start')));
    const { body, retries: tries } = await postUntilAnswered(batch, `${stream}-${index}`);
    answered += body.accepted + body.duplicates;
    retries += tries;
    const seen = streamState(body, stream)?.events_seen;
    if (seen !== undefined) assert.equal(seen, (index + 1) * 50, 'events_seen continues where it was');
    last = body;
  }
  await Promise.all(kills);
  assert.equal(kills.length, 3);
  assert.equal(answered, 1500);
  assert.equal(streamState(last, stream).events_seen, 1500, 'every answered event counted once');

  const interrupted = await eventually('anomalies are in the list', async () => {
    const [x, y] = [await listAnomalies(a.keys.read, { stream }), await listAnomalies(a.keys.read, { stream: control_ })];
    return x.length === y.length && x.length >= 5 && { x, y };
  });
  assert.deepEqual(scoresOf(interrupted.x), scoresOf(interrupted.y), 'scores equal those of an uninterrupted run');
  figure(t, `3 kills, ${retries} retried requests, 1,500 of 1,500 counted once, ${interrupted.x.length} anomalies with equal scores`);
});
