// Batches that come at the same time are written together: each is answered when it is on disk, and none is there twice.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ordinaryEvents } from '../support/logs.mjs';
import { a, api, control, figure, freshStream, ingest, streamState } from '../support/stack.mjs';

const OBJECTS = path.join(path.dirname(process.env.DRIFTLOCK_TEST_FIXTURES), 'objects/do/driftlock-StreamObject');
const ROUNDS = 12;
const AT_ONCE = 16;
const EVENTS = 20;
/** Without ids: what has some is written by itself. */
const plain = (stream, count, seed) => ordinaryEvents(stream, count, seed).map(({ id: _, ...event }) => event);

/** Rows of the log of the stream whose events hold `mark`, while the Worker does not run. */
function rowsOf(mark) {
  for (const file of fs.readdirSync(OBJECTS)) {
    if (!file.endsWith('.sqlite') || file === 'metadata.sqlite') continue;
    const database = new DatabaseSync(path.join(OBJECTS, file));
    try {
      const { all, marked } = database.prepare('SELECT count(*) AS "all", coalesce(sum(instr(body, ?) > 0), 0) AS marked FROM journal').get(mark);
      if (marked > 0) return all;
    } catch {
      // an object without events
    } finally {
      database.close();
    }
  }
  return 0;
}

test('batches at the same time are one row or few, each answered, and all there after a kill', async (t) => {
  const stream = freshStream('together');
  const events = plain(stream, ROUNDS * AT_ONCE * EVENTS, 5).map((event, i) => (i % EVENTS === 0 ? { ...event, data: `${stream} begins a batch` } : event));
  const seen = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const batches = Array.from({ length: AT_ONCE }, (_, i) => events.slice((round * AT_ONCE + i) * EVENTS).slice(0, EVENTS));
    for (const answer of await Promise.all(batches.map((batch) => ingest(a.keys.ingest, batch)))) {
      assert.deepEqual([answer.accepted, answer.duplicates], [EVENTS, 0]);
      seen.push(streamState(answer, stream).events_seen);
    }
  }
  const expected = Array.from({ length: ROUNDS * AT_ONCE }, (_, i) => (i + 1) * EVENTS);
  assert.deepEqual(seen.toSorted((x, y) => x - y), expected, 'one after another, whoever was answered first');
  await control('worker/kill');
  const rows = rowsOf(stream);
  await control('worker/start');
  figure(t, `${expected.length} batches in ${rows} rows`);
  assert.ok(rows > 0 && rows < expected.length, 'fewer rows than batches');
  const last = await ingest(a.keys.ingest, plain(stream, 1));
  assert.equal(streamState(last, stream).events_seen, events.length + 1);
});

test('a panic while batches wait leaves none of them without an answer, and what was answered is there', async () => {
  const stream = freshStream('panics-together');
  await ingest(a.keys.ingest, plain(stream, EVENTS));
  let kept = EVENTS;
  let most = EVENTS;
  for (let round = 0; round < 6; round += 1) {
    const batches = Array.from({ length: AT_ONCE }, (_, i) => plain(stream, EVENTS, round * AT_ONCE + i));
    const sent = batches.map((json) => api('POST', '/v1/events', { as: a.keys.ingest, json }));
    const panic = api('POST', `/v1/_test/panic-object?stream=${stream}&in=${round % 2 ? 'batch' : 'task'}`, { as: a.keys.full });
    const statuses = (await Promise.all(sent)).map((answer) => answer.status);
    assert.equal((await panic).status, 500);
    assert.deepEqual(statuses.filter((status) => ![200, 500, 503].includes(status)), []);
    kept += EVENTS * statuses.filter((status) => status === 200).length;
    most += EVENTS * AT_ONCE;
    const next = await ingest(a.keys.ingest, plain(stream, EVENTS));
    [kept, most] = [kept + EVENTS, most + EVENTS];
    const there = streamState(next, stream).events_seen;
    assert.ok(there >= kept && there <= most, `${kept} answered, ${most} sent, ${there} there`);
    // what broke off may have been stored before its answer
    kept = there;
    most = there;
  }
});
