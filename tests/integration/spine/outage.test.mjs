// PostgREST is taken away during a replay, and a row comes up that Postgres refuses.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { inBatches, oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { a, api, control, eventually, figure, freshStream, ingest, listAnomalies, supabase } from '../support/stack.mjs';

after(() => control('postgrest/start'));

test('must show 5a: with PostgREST stopped ingestion goes on, and afterwards every anomaly arrives exactly once', { timeout: 180_000 }, async (t) => {
  const stream = freshStream('outage');
  const events = ordinaryEvents(stream, 1500, 23);
  for (let at = 620, kind = 0; at < 1500; at += 130, kind += 1) events[at] = oddEvent(stream, `at${at}`, kind);
  const ids = new Set();
  let answers = 0;
  for (const [index, batch] of [...inBatches(events, 50)].entries()) {
    if (index === 14) await control('postgrest/stop');
    for (const anomaly of (await ingest(a.keys.ingest, batch)).anomalies) ids.add(anomaly.id);
    answers += 1;
  }
  const during = await api('GET', '/readyz');
  assert.equal(during.status, 503, 'readiness tells that the database is away');
  assert.ok(ids.size >= 1, 'something was found during the outage');
  await control('postgrest/start');
  const arrived = await eventually('every anomaly arrives', async () => {
    const listed = await listAnomalies(a.keys.read, { stream }).catch(() => []);
    return listed.length >= ids.size && listed;
  }, { timeoutMs: 60_000, everyMs: 500 });
  assert.deepEqual(arrived.map((x) => x.id).sort(), [...ids].sort(), 'exactly those, exactly once');
  figure(t, `${answers} of ${answers} requests answered 200, ${ids.size} of ${ids.size} anomalies arrived once`);
});

test('must show 5b: a row that Postgres refuses does not block the others', { timeout: 120_000 }, async (t) => {
  const stream = freshStream('poison');
  const database = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await database.connect();
  await database.query(`
    create function private.refuse_poison() returns trigger language plpgsql as $$ begin
      raise exception 'refused by the test' using errcode = '22P05'; end $$;
    create trigger refuse_poison before insert on public.anomalies for each row
      when (new.event_text like '%gateway=sandbox-poison%') execute function private.refuse_poison()`);
  t.after(async () => {
    await database.query('drop function private.refuse_poison() cascade');
    await database.end();
  });
  for (const batch of inBatches(ordinaryEvents(stream, 1200, 31))) await ingest(a.keys.ingest, batch);
  const found = [];
  for (const [kind, mark] of [[1, 'before'], [0, 'poison'], [3, 'after']]) {
    found.push(...(await ingest(a.keys.ingest, [oddEvent(stream, mark, kind)])).anomalies.map((anomaly) => ({ mark, id: anomaly.id })));
  }
  const expected = found.filter(({ mark }) => mark !== 'poison').map(({ id }) => id);
  assert.ok(found.some(({ mark }) => mark === 'poison') && expected.length >= 1, JSON.stringify(found));
  await eventually('the others arrive', async () => {
    const listed = (await listAnomalies(a.keys.read, { stream })).map(({ id }) => id);
    return expected.every((id) => listed.includes(id));
  }, { timeoutMs: 30_000 });
  figure(t, `1 row refused, ${expected.length} others arrived`);
});

test('text with U+0000, which Postgres cannot hold, arrives escaped', { timeout: 60_000 }, async () => {
  const stream = freshStream('nul');
  for (const batch of inBatches(ordinaryEvents(stream, 600, 41))) await ingest(a.keys.ingest, batch);
  const odd = oddEvent(stream, 'nul');
  odd.data = odd.data.replace('payment captured', 'payment \u0000captured\u0000 by hand');
  const { anomalies } = await ingest(a.keys.ingest, [{ ...odd, metadata: { note: 'a\u0000b' } }]);
  assert.equal(anomalies.length, 1);
  const record = await eventually('the record arrives', async () => {
    const { status, body } = await api('GET', `/v1/anomalies/${anomalies[0].id}`, { as: a.keys.read });
    return status === 200 && body;
  });
  assert.match(record.event, /payment \\u0000captured/);
});
