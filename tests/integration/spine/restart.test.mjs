// SIGKILL of the whole Worker process group in the middle of a replay. The client retries as ./scripts/replay does: the same
// body under the same Idempotency-Key until it has an answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { inBatches, oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { a, api, control, figure, freshStream, full, ingest, listAnomalies, sleep, streamState } from '../support/stack.mjs';

const BATCH = 50;
const EVENTS = full ? 9000 : 1500;
/** Batches during which the Worker is killed: three, or every eighth from the eighth on. */
const KILLED = full ? Array.from({ length: EVENTS / BATCH / 8 - 1 }, (_, i) => 8 * (i + 1)) : [8, 15, 24];

/** Ordinary events with an odd one now and then, so that there are scores to compare. */
function eventsWithOddOnes(stream) {
  const events = ordinaryEvents(stream, EVENTS, 11);
  for (let at = 400, kind = 0; at < EVENTS; at += 179, kind += 1) events[at] = oddEvent(stream, `at${at}`, kind);
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

async function scores(stream) {
  const listed = await listAnomalies(a.keys.read, { stream });
  return listed.reverse().map(({ score, p_value, q_value, severity, reason, repeats }) => ({ score, p_value, q_value, severity, reason, repeats }));
}

test('must show 4: SIGKILL in the middle of a replay loses and doubles nothing, and scores go on unchanged', { timeout: full ? 1_800_000 : 180_000 }, async (t) => {
  const [stream, control_] = [freshStream('killed'), freshStream('whole')];
  for (const batch of inBatches(eventsWithOddOnes(control_), BATCH)) await ingest(a.keys.ingest, batch);

  let answered = 0;
  let retries = 0;
  let last;
  const kills = [];
  for (const [index, batch] of [...inBatches(eventsWithOddOnes(stream), BATCH)].entries()) {
    // while a request is under way, not between requests
    if (KILLED.includes(index)) kills.push(sleep(3).then(() => control('worker/kill')).then(() => control('worker/start')));
    const { body, retries: tries } = await postUntilAnswered(batch, `${stream}-${index}`);
    answered += body.accepted + body.duplicates;
    retries += tries;
    const seen = streamState(body, stream)?.events_seen;
    if (seen !== undefined) assert.equal(seen, (index + 1) * BATCH, 'events_seen continues where it was');
    last = body;
  }
  await Promise.all(kills);
  assert.equal(kills.length, KILLED.length);
  assert.equal(answered, EVENTS);
  assert.equal(streamState(last, stream).events_seen, EVENTS, 'every answered event counted once');

  // repeat counts follow the records a little later
  let [interrupted, uninterrupted] = [[], []];
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(250)) {
    [interrupted, uninterrupted] = [await scores(stream), await scores(control_)];
    if (uninterrupted.length && isDeepStrictEqual(interrupted, uninterrupted)) break;
  }
  assert.ok(uninterrupted.length >= 5, `only ${uninterrupted.length} to compare`);
  assert.deepEqual(interrupted, uninterrupted, 'scores equal those of an uninterrupted run');
  figure(t, `${kills.length} kills, ${retries} retried requests, ${answered} of ${EVENTS} counted once, ${interrupted.length} anomalies with equal scores`);
});
