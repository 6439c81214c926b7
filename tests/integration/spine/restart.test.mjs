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

/**
 * A stream of 40 events of which the database knows 20, whose object is not going to wake by itself: the Worker was killed, and the
 * runtime's list of whom to wake lacks it, as it may after a crash at the wrong moment. Gives the batch it still has to tell of.
 */
async function withoutAlarm(t, stream) {
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
  const objects = path.join(path.dirname(process.env.DRIFTLOCK_TEST_FIXTURES), 'objects/do/driftlock-StreamObject/metadata.sqlite');
  const alarms = new DatabaseSync(objects);
  const lost = alarms.prepare("delete from _cf_ALARM where actor_name like '%' || ? || '%'").run(stream);
  alarms.close();
  assert.equal(lost.changes, 1, 'the stream was to be woken');
  await control('worker/start');
  return { untold, usageIs, database };
}

test('a retry wakes a stream whose alarm was lost in a crash: its usage is told without another event', async (t) => {
  const stream = freshStream('asleep');
  const { untold, usageIs } = await withoutAlarm(t, stream);
  const { body } = await postUntilAnswered(untold, `${stream}-untold`);
  assert.equal(body.accepted, 20, 'the first answer again');
  await usageIs(40);
});

test('without a retry and without another event, the hourly job wakes it, and then leaves it alone', async (t) => {
  const stream = freshStream('forgotten');
  const { usageIs, database } = await withoutAlarm(t, stream);
  const hourlyJob = async (hours) => {
    const done = await api('POST', `/v1/_test/scheduled?at=${new Date(Date.now() + hours * 3_600_000).toISOString()}`);
    assert.equal(done.status, 200, JSON.stringify(done.body));
    return done.body.streams;
  };
  const isAsked = async (hours) => {
    const { rows: [{ silent }] } = await database.query("select silent_streams(now() + make_interval(hours => $1), '00000000-0000-0000-0000-000000000000', '', 100000) as silent", [hours]);
    return silent.some((row) => row.org_id === a.id && row.name === stream);
  };
  await hourlyJob(0);
  assert.ok(await isAsked(1), 'one that told something a moment ago is not asked yet');
  // a run asks 500 streams at most, those of other tests too
  let woken = 0;
  for (let i = 0; i < 20 && (await isAsked(1)); i += 1) woken += (await hourlyJob(1)).woken;
  assert.ok(woken >= 1, `${woken}`);
  await usageIs(40);
  // it has told more since it was asked: once more, then never again
  for (let i = 0; i < 20 && (await isAsked(1)); i += 1) await hourlyJob(1);
  assert.equal(await isAsked(24), false, 'an idle stream is not asked for ever');
  assert.equal((await postUntilAnswered(ordinaryEvents(stream, 41, 5).slice(40), `${stream}-again`)).body.accepted, 1);
  await eventually('asked again once it has told more', async () => isAsked(1));
  figure(t, 'usage of a stream without an alarm told by the hourly job');
});
