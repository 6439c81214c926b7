// Every change is on record with who, from where, before and after; the record proves itself whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, assertProblem, eventually, figure, ingest } from '../support/stack.mjs';
import { freshAddress, newKey, newOrganization, newPerson } from './people.mjs';

test('changes are recorded and the chain holds', async (t) => {
  const owner = await newPerson('audited');
  await newOrganization(owner, 'Audited');
  const headers = { 'cf-connecting-ip': '203.0.113.77' };
  const key = (await api('POST', '/v1/keys', { as: owner, json: { name: 'recorded', scopes: ['admin'] }, headers })).body;
  await api('PATCH', '/v1/organization', { as: owner, json: { time_zone: 'Europe/Berlin', retention_days: 7 } });
  await api('POST', '/v1/invitations', { as: owner, json: { email: freshAddress('audited-guest') } });
  await ingest((await newKey(key.secret, { name: 'made by a key' })).secret, [{ stream: 'audited', data: 'x' }]);
  await eventually('the stream is known', async () => (await api('GET', '/v1/streams/audited', { as: owner })).status === 200);
  await api('PATCH', '/v1/streams/audited', { as: owner, json: { sensitivity: 'strict' } });
  await api('DELETE', `/v1/keys/${key.id}`, { as: owner });

  const { body } = await api('GET', '/v1/audit?limit=100', { as: owner });
  // what billing does beside is its own tests' business
  const actions = body.entries.map(({ action }) => action).filter((action) => !action.startsWith('subscription.')).reverse();
  assert.deepEqual(actions, ['organization.created', 'member.created', 'organization.changed', 'api_key.created', 'organization.changed', 'invitation.created', 'api_key.created', 'stream.changed', 'api_key.revoked']);
  const find = (action) => body.entries.find((entry) => entry.action === action);
  const created = body.entries.findLast((entry) => entry.action === 'api_key.created');
  assert.deepEqual([created.actor_type, created.actor_id, created.actor_name, created.address], ['person', owner.id, owner.email, '203.0.113.77']);
  assert.match(created.request_id, /^[0-9a-f]{32}$/);
  assert.deepEqual([find('api_key.created').actor_type, find('api_key.created').actor_id], ['key', key.id]);
  assert.deepEqual([find('stream.changed').before, find('stream.changed').after], [{ sensitivity: null }, { sensitivity: 0.25 }]);
  assert.deepEqual(find('organization.changed').after, { time_zone: 'Europe/Berlin', retention_days: 7 });
  assert.doesNotMatch(JSON.stringify(body.entries.map(({ before, after }) => [before, after])), /hash|dlk_/);

  const page = await api('GET', '/v1/audit?limit=4', { as: owner });
  const rest = await api('GET', `/v1/audit?limit=100&cursor=${page.body.next_cursor}`, { as: owner });
  assert.deepEqual([...page.body.entries, ...rest.body.entries].map(({ seq }) => seq), body.entries.map(({ seq }) => seq));

  const count = async (query) => (await api('GET', `/v1/audit?limit=100&${query}`, { as: owner })).body.entries.length;
  const byKey = body.entries.filter((entry) => entry.actor_id === key.id).length;
  assert.ok(byKey > 0);
  assert.equal(await count(`actor=${key.id}`), byKey);
  assert.equal(await count('actor=nobody'), 0);
  assert.equal(await count('from=2100-01-01T00:00:00Z'), 0);
  assert.equal(await count('from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z'), body.entries.length);
  assertProblem(await api('GET', '/v1/audit?from=yesterday', { as: owner }), 400, 'invalid_parameter');

  const chain = await api('GET', '/v1/audit/verify', { as: owner });
  assert.equal(chain.body.intact, true, JSON.stringify(chain.body));
  assert.equal(chain.body.entries, body.entries.length);
  assert.equal(chain.body.last_hash, body.entries[0].hash);
  figure(t, `${actions.length} changes, each with its actor; the chain is whole`);
  assertProblem(await api('GET', '/v1/audit?action=x%27', { as: owner }), 400, 'invalid_parameter');
});
