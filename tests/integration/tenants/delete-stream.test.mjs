// Removing one stream: it and its anomalies are gone everywhere, what was used stays counted, and its name begins anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, assertProblem, eventually, ingest, listAnomalies, openFeed } from '../support/stack.mjs';
import { admin, newKey, newOrganization, newPerson } from './people.mjs';

test('a removed stream leaves nothing but its usage, and begins anew under the same name', async (t) => {
  const owner = await newPerson('remover');
  const organization = await newOrganization(owner, 'Remover');
  const key = await newKey(owner, { name: 'x', scopes: ['ingest', 'read', 'write'] });
  const path = '/v1/streams/team%2Fgone';
  const events = (count) => Array.from({ length: count }, (_, i) => ({ stream: 'team/gone', id: `e${i}`, data: `line ${i}` }));
  const record = (stream) => api('POST', '/v1/anomalies', { as: key.secret, json: { stream, event_type: 'log', severity: 'low' } });
  await ingest(key.secret, events(60));
  const old = (await record('team/gone')).body.id;
  const other = (await record('team/stays')).body.id;
  await eventually('both streams are listed', async () => (await api('GET', '/v1/streams', { as: owner })).body.streams?.length === 2);

  assertProblem(await api('DELETE', path, { as: key.secret }), 403, 'insufficient_scope');
  const gone = await api('DELETE', path, { as: owner });
  assert.equal(gone.status, 204, JSON.stringify(gone.body));
  assert.deepEqual((await api('GET', '/v1/streams', { as: owner })).body.streams.map(({ stream }) => stream), ['team/stays']);
  assertProblem(await api('GET', path, { as: owner }), 404, 'not_found');
  assertProblem(await api('GET', `/v1/anomalies/${old}`, { as: owner }), 404, 'not_found');
  assert.deepEqual((await listAnomalies(owner)).map(({ id }) => id), [other]);
  assertProblem(await api('DELETE', path, { as: owner }), 404, 'not_found');
  const feed = await openFeed(t, owner, { lastEventId: '0' });
  // a gap in the numbers is told first, where there is one
  let message = await feed.next();
  if (!message.data.id) message = await feed.next();
  assert.equal(message.data.id, other, 'the feed has forgotten it too');
  const { body: audit } = await api('GET', '/v1/audit?action=stream.removed', { as: owner });
  assert.deepEqual(audit.entries.map(({ target_id, actor_id }) => [target_id, actor_id]), [['team/gone', owner.id]]);

  const { streams: [state] } = await ingest(key.secret, events(5));
  assert.deepEqual([state.events_seen, state.state], [5, 'learning'], 'its event ids are forgotten too');
  const fresh = (await record('team/gone')).body.id;
  assert.notEqual(fresh, old);
  const listed = await eventually('it is listed again', async () => (await api('GET', path, { as: owner })).body.generation === 1 && (await api('GET', path, { as: owner })).body);
  assert.equal(listed.sensitivity, null);
  const used = await eventually('both generations are counted', async () => {
    const rows = await admin.select(`usage_counters?org_id=eq.${organization.id}&stream=eq.team/gone&order=generation`);
    return rows[1]?.events === 5 && rows[1].detections === 1 && rows;
  });
  assert.deepEqual(used.map(({ generation, events: count, detections }) => [generation, count, detections]), [[0, 60, 1], [1, 5, 1]]);
});
