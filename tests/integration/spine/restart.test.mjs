// SIGKILL of the whole Worker process group in the middle of a replay. The client retries as ./scripts/replay does: the same
// body under the same Idempotency-Key until it has an answer. What the list then holds is compared with what the detector,
// run natively over the same events in one go, says.
import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import pg from 'pg';
import { verdicts } from '../support/cbad.mjs';
import { inBatches, oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { a, api, control, eventually, figure, freshStream, full, listAnomalies, sleep, streamState, supabase } from '../support/stack.mjs';

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

/** What the list should hold: every anomaly that is no repeat, oldest first, with its number of repeats. */
function expectedRecords(found) {
  const repeats = (index) => 1 + found.filter((verdict) => verdict.repeat_of === index).length;
  return found
    .filter((verdict) => verdict.anomaly && verdict.repeat_of === undefined)
    .map(({ index, score, p_value, q_value, severity, reason }) => ({ score, p_value, q_value, severity, reason, repeats: repeats(index) }));
}

test('must show 4: SIGKILL in the middle of a replay loses and doubles nothing, and scores go on unchanged', { timeout: full ? 3_000_000 : 600_000 }, async (t) => {
  const stream = freshStream('killed');
  const events = eventsWithOddOnes(stream);
  let answered = 0;
  let retries = 0;
  let last;
  const kills = [];
  for (const [index, batch] of [...inBatches(events, BATCH)].entries()) {
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

  const [first] = await eventually('something is in the list', async () => {
    const listed = await listAnomalies(a.keys.read, { stream });
    return listed.length > 0 && listed;
  });
  const { seed } = (await api('GET', `/v1/anomalies/${first.id}`, { as: a.keys.read })).body;
  const expected = expectedRecords(await verdicts(events.map((event) => event.data), seed));
  assert.ok(expected.length >= 5, `only ${expected.length} to compare`);

  // records, and then the counts of their repeats, follow the answers a little later
  let listed = [];
  const settled = () => listed.length >= expected.length && listed.every((record, i) => record.repeats >= expected[i].repeats);
  for (const deadline = Date.now() + 20_000; Date.now() < deadline && !settled(); await sleep(250)) {
    const records = (await listAnomalies(a.keys.read, { stream })).reverse();
    listed = records.map(({ score, p_value, q_value, severity, reason, repeats }) => ({ score, p_value, q_value, severity, reason, repeats }));
  }
  assert.deepEqual(listed, expected, 'scores equal those of an uninterrupted run');
  figure(t, `${kills.length} kills, ${retries} retried requests, ${answered} of ${EVENTS} counted once, ${listed.length} anomalies with the scores of an uninterrupted native run`);
});

test('a retry wakes a stream whose alarm was lost in a crash: its usage is told without another event', async (t) => {
  const stream = freshStream('asleep');
  const [told, untold] = inBatches(ordinaryEvents(stream, 40, 5), 20);
  const database = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await database.connect();
  t.after(() => database.end());
  const usageIs = (wanted) => eventually(`a usage of ${wanted}`, async () => {
    const { rows: [{ events }] } = await database.query('select coalesce(sum(events), 0)::int as events from usage_counters where org_id = $1 and stream = $2', [a.id, stream]);
    return events === wanted;
  });
  await postUntilAnswered(told, `${stream}-told`);
  await usageIs(20);
  await postUntilAnswered(untold, `${stream}-untold`);
  await control('worker/kill');
  // what the runtime is to wake, which a crash at the wrong moment leaves without an entry
  const objects = path.join(path.dirname(process.env.DRIFTLOCK_TEST_FIXTURES), 'objects/do/driftlock-StreamObject/metadata.sqlite');
  const alarms = new DatabaseSync(objects);
  const lost = alarms.prepare("delete from _cf_ALARM where actor_name like '%' || ? || '%'").run(stream);
  alarms.close();
  assert.equal(lost.changes, 1, 'the stream was to be woken');
  await control('worker/start');
  const { body } = await postUntilAnswered(untold, `${stream}-untold`);
  assert.equal(body.accepted, 20, 'the first answer again');
  await usageIs(40);
});
