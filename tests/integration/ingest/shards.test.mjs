// A hot stream spread over several objects is one stream still: nothing lost or counted twice while the number of shards changes and
// everything is sent twice, one row in every list, one answer, and whatever is asked of the stream reaches every shard.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { ownWorker } from '../tenants/own-worker.mjs';
import { a, api, assertProblem, b, control, eventually, figure, freshStream, full, ingest, listAnomalies, listStreams, sleep, supabase } from '../support/stack.mjs';

const owner = { token: a.people.owner.token };
const pathOf = (stream) => `/v1/streams/${encodeURIComponent(stream)}`;
const resize = (stream, shards, as = owner) => api('PATCH', pathOf(stream), { as, json: { shards } });

async function query(text, values) {
  const database = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await database.connect();
  try {
    return (await database.query(text, values)).rows;
  } finally {
    await database.end();
  }
}

const known = (stream) => eventually('the stream is known', async () => (await api('GET', pathOf(stream), { as: owner })).status === 200);

/** Sends a batch until it is taken, and then again: the answers' anomalies and the number of attempts. */
async function sendTwice(batch, headers = {}) {
  let attempts = 0;
  const once = async () => {
    for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(100)) {
      attempts += 1;
      const answer = await api('POST', '/v1/events', { as: a.keys.ingest, json: batch, headers }).catch(() => ({ status: 0 }));
      if (answer.status === 200) return answer.body;
      assert.ok(answer.status === 0 || answer.status >= 500, JSON.stringify(answer.body));
    }
    throw assert.fail('no answer');
  };
  const first = await once();
  assert.equal(first.accepted + first.duplicates, batch.length, JSON.stringify(first));
  return { first, again: once, attempts: () => attempts };
}

test('retries across changes of the number of shards, with kills in between, count once', async (t) => {
  const stream = freshStream('shards');
  const count = full ? 4000 : 1200;
  const events = ordinaryEvents(stream, count, 7);
  for (let at = 500, kind = 0; at < count; at += 101, kind += 1) events[at] = oddEvent(stream, `at${at}`, kind);
  events.forEach((event, i) => {
    // by group, by id, and by text with the request's key alone
    if (i % 3 === 0) event.group = `session-${i % 57}`;
    if (Math.floor(i / 40) % 2 === 0) delete event.id;
  });
  const batches = Array.from({ length: count / 40 }, (_, i) => events.slice(i * 40, i * 40 + 40));
  const headersOf = (i) => (i % 2 === 0 ? { 'idempotency-key': `${stream}-${i}` } : {});
  const plan = [[0.2, 4], [0.4, 16], [0.55, 2], [0.7, 8], [0.85, 1]];
  const anomalies = new Set();
  let waiting = [];
  for (const [i, batch] of batches.entries()) {
    const due = plan.find(([share]) => Math.floor(share * batches.length) === i);
    if (due) {
      await known(stream);
      // while requests are under way, and the Worker is killed in the middle of one change
      const changing = resize(stream, due[1]).catch(() => ({ status: 0 }));
      const beside = waiting.map((w) => w.again());
      if (due[1] === 16) {
        await sleep(20);
        await control('worker/kill');
        await control('worker/start');
      }
      const [changed] = await Promise.all([changing, ...beside]);
      waiting = [];
      if (changed.status !== 200) await eventually('the change is taken', async () => (await resize(stream, due[1])).status === 200, { timeoutMs: 30_000 });
    }
    const sent = await sendTwice(batch, headersOf(i));
    for (const { id } of sent.first.anomalies) anomalies.add(id);
    waiting.push(sent);
    if (waiting.length > 6) {
      // long after it was answered, and across at least one layout where a change came between
      const { first, again } = waiting.shift();
      const second = await again();
      assert.equal(second.accepted + second.duplicates, 40);
      if (headersOf(i).length) assert.deepEqual(second.anomalies.map(({ id }) => id).sort(), first.anomalies.map(({ id }) => id).sort());
    }
  }
  for (const { again } of waiting) await again();
  const { streams: [state] } = (await sendTwice([{ stream, id: 'last', data: 'the last line' }])).first;
  assert.equal(state.events_seen, count + 1, 'the stream counted every event once');
  assert.equal((await listStreams(a.keys.read)).filter((name) => name === stream).length, 1, 'one stream in the list');
  const listed = await eventually('the list has the sum', async () => {
    const { body } = await api('GET', pathOf(stream), { as: owner });
    return body.events_seen === count + 1 && body;
  }, { timeoutMs: 30_000 });
  assert.equal(listed.shards, 1);
  const usage = await eventually('usage is the sum', async () => {
    const [sum] = await query('select sum(events)::int as events, count(distinct shard)::int as shards from usage_counters where org_id = $1 and stream = $2', [a.id, stream]);
    return sum.events >= count + 1 && sum;
  }, { timeoutMs: 30_000 });
  assert.equal(usage.events, count + 1);
  assert.ok(usage.shards >= 8, `${usage.shards} shards took part`);
  const rows = await eventually('anomalies arrive', async () => {
    const found = await listAnomalies(a.keys.read, { stream });
    return [...anomalies].every((id) => found.some((row) => row.id === id)) && found;
  }, { timeoutMs: 30_000 });
  const [{ rows: all, seqs }] = await query('select count(*)::int as rows, count(distinct (generation, seq))::int as seqs from anomalies where org_id = $1 and stream = $2', [a.id, stream]);
  assert.equal(all, rows.length);
  assert.equal(seqs, all, 'sequence numbers are unique in the stream');
  assert.ok(all >= 3, 'odd events are found by shards too: they begin with what the stream had learnt');
  figure(t, `${count + 1} events over 1, 4, 16, 2, 8 and 1 shards, each batch sent twice, counted once; ${all} anomalies`);
});

test('whatever is asked of a split stream reaches every shard; others cannot ask', async () => {
  const stream = freshStream('shards');
  const grouped = (n, from = 0) => Array.from({ length: n }, (_, i) => ({ stream, group: `g${from + i}`, id: `e${from + i}`, data: `line ${from + i}` }));
  await ingest(a.keys.ingest, grouped(40));
  await known(stream);
  assertProblem(await resize(stream, 4, { token: a.people.member.token }), 403, 'insufficient_scope');
  assertProblem(await resize(stream, 4, { token: b.people.owner.token }), 404, 'not_found');
  for (const shards of [0, 3, 32, '4', null]) assertProblem(await resize(stream, shards), 400, 'invalid_body');
  const split = await resize(stream, 8);
  assert.deepEqual([split.status, split.body.shards], [200, 8], JSON.stringify(split.body));
  assert.deepEqual((await resize(stream, 8)).body.shards, 8, 'saying it twice changes nothing');

  const answer = await ingest(a.keys.ingest, [...grouped(40), ...grouped(60, 40)]);
  assert.deepEqual([answer.accepted, answer.duplicates, answer.streams.length, answer.streams[0].events_seen], [60, 40, 1, 100]);
  const one = await ingest(a.keys.ingest, grouped(1, 100));
  assert.equal(one.streams[0].events_seen, 101, 'also where only one shard took part');
  // the other organisation's stream of the same name is another
  assert.equal((await ingest(b.keys.ingest, grouped(5))).streams[0].events_seen, 5);

  const { body: set } = await api('PATCH', pathOf(stream), { as: owner, json: { sensitivity: 0.9, shards: 4 } });
  assert.deepEqual([set.sensitivity, set.shards], [0.9, 4]);
  const { body: recent } = await api('GET', `${pathOf(stream)}/recent`, { as: owner });
  assert.deepEqual([recent.events_seen, recent.sensitivity], [101, 0.9]);
  assert.equal((await api('GET', `/v1/delivery?stream=${stream}`, { as: a.keys.read })).body.waiting, 0);

  // queued parts find their shards too
  const queued = await api('POST', '/v1/events', { as: a.keys.ingest, json: grouped(20, 90), headers: { prefer: 'respond-async' } });
  assert.equal(queued.status, 202);
  await eventually('what was queued is counted, without what was known', async () => (await api('GET', `${pathOf(stream)}/recent`, { as: owner })).body.events_seen === 110);

  assert.equal((await api('DELETE', pathOf(stream), { as: owner })).status, 204);
  assertProblem(await api('GET', pathOf(stream), { as: owner }), 404, 'not_found');
  const anew = await ingest(a.keys.ingest, grouped(40));
  assert.deepEqual([anew.accepted, anew.streams[0].events_seen, anew.streams[0].state], [40, 40, 'learning'], 'every shard forgot');
  await known(stream);
  const again = await resize(stream, 2);
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.deepEqual([again.body.shards, again.body.generation], [2, 1]);
  assert.equal((await ingest(a.keys.ingest, grouped(50))).streams[0].events_seen, 50);
  const used = await eventually('both generations are counted', async () => {
    const rows = await query('select generation, sum(events)::int as events from usage_counters where org_id = $1 and stream = $2 group by 1 order by 1', [a.id, stream]);
    return rows[1]?.events === 50 && rows;
  }, { timeoutMs: 30_000 });
  assert.deepEqual(used, [{ generation: 0, events: 110 }, { generation: 1, events: 50 }]);
});

test('a hot stream is spread without being asked, once, and says so in the audit log', async (t) => {
  const { url } = await ownWorker(t, { SPLIT_EVENTS_PER_SECOND: '200', RATE_LIMITS: 'off' });
  const send = async (stream, from, count) => {
    const events = Array.from({ length: count }, (_, i) => ({ stream, id: `e${from + i}`, data: `paid order ${from + i}` }));
    const answer = await api('POST', '/v1/events', { as: a.keys.ingest, json: events, base: url });
    // a batch that comes during the change is sent again
    if (answer.status === 503) return sleep(200).then(() => send(stream, from, count));
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.streams[0].events_seen;
  };
  const shardsOf = async (stream) => (await api('GET', pathOf(stream), { as: owner, base: url })).body.shards;
  const [hot, calm] = [freshStream('hot'), freshStream('calm')];
  let sent = 0;
  await eventually('the stream is spread', async () => {
    const seen = await send(hot, sent, 400);
    sent += 400;
    assert.equal(seen, sent, 'every event is counted once');
    await send(calm, sent, 1);
    await sleep(200);
    return (await shardsOf(hot)) > 1;
  }, { timeoutMs: 60_000 });
  assert.equal(await shardsOf(calm), 1);
  assert.equal(await send(hot, sent, 40), sent + 40, 'also after it was spread');
  const [entry] = await query("select actor_type, actor_id from audit_log where org_id = $1 and target_id = $2 and actor_type = 'system'", [a.id, hot]);
  assert.deepEqual(entry, { actor_type: 'system', actor_id: 'hot-stream' });
  figure(t, `${await shardsOf(hot)} shards after ${sent} events`);
});
