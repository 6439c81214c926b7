import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { a, b, api, assertProblem, figure, freshStream, ingest, openFeed, outsider, sleep } from '../support/stack.mjs';

const report = (as, note) => api('POST', '/v1/anomalies', { as, json: { stream: 'feed', event_type: 'log', severity: 'low', metadata: { note } } });

test('must show 2: an anomaly is in the feed within 2 s, for keys and people of the organisation and nobody else', async (t) => {
  const stream = freshStream('feed');
  for (const batch of inBatches(ordinaryEvents(stream, 800, 5))) await ingest(a.keys.ingest, batch);
  await sleep(500);
  const feeds = { key: await openFeed(t, a.keys.read), person: await openFeed(t, { token: a.people.viewer.token }), foreign: await openFeed(t, b.keys.read) };
  const start = performance.now();
  const { anomalies } = await ingest(a.keys.ingest, [oddEvent(stream, 'feed')]);
  const times = {};
  for (const who of ['key', 'person']) {
    let message;
    do message = await feeds[who].next(5000); while (message.data.id !== anomalies[0].id);
    times[who] = Math.round(performance.now() - start);
    assert.equal(message.event, 'anomaly');
    assert.match(message.id, /^\d+$/);
    assert.equal(message.data.stream, stream);
  }
  await assert.rejects(feeds.foreign.next(500), 'the other organisation hears nothing');
  figure(t, `${times.key} ms for a key, ${times.person} ms for a person`);
  assert.ok(Math.max(...Object.values(times)) < 2000, JSON.stringify(times));
});

test('Last-Event-ID goes on where the connection broke', async (t) => {
  const first = await openFeed(t, a.keys.read);
  await report(a.keys.write, 'one');
  let seen;
  do seen = await first.next(); while (seen.data.metadata?.note !== 'one');
  first.close();
  for (const note of ['two', 'three']) assert.equal((await report(a.keys.write, note)).status, 201);
  await sleep(200);
  const second = await openFeed(t, a.keys.read, { lastEventId: seen.id });
  const missed = [await second.next(), await second.next()];
  assert.deepEqual(missed.map((m) => m.data.metadata.note), ['two', 'three']);
  assert.ok(Number(missed[0].id) > Number(seen.id) && Number(missed[1].id) > Number(missed[0].id));
});

test('the feed asks for credentials, and for the right to read', async () => {
  assertProblem(await api('GET', '/v1/stream/anomalies'), 401, 'missing_credentials');
  assertProblem(await api('GET', '/v1/stream/anomalies', { as: a.keys.ingest }), 403, 'insufficient_scope');
  const refused = await api('GET', '/v1/stream/anomalies', { as: outsider });
  assert.ok([400, 403, 404].includes(refused.status), `${refused.status}`);
});

test('the feed sends a comment every 15 s', { timeout: 30_000 }, async (t) => {
  const feed = await openFeed(t, a.keys.read);
  const before = feed.comments.length;
  await sleep(16_500);
  assert.ok(feed.comments.length > before, 'a ping came');
});
