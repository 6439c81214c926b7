// API keys from creation to revocation, also under load.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { api, assertProblem, eventually, figure, freshStream, sleep } from '../support/stack.mjs';
import { admin, newKey, newOrganization, newPerson } from './people.mjs';

const CLIENTS = 20;
let owner;
let organization;

before(async () => {
  owner = await newPerson('key-owner');
  organization = await newOrganization(owner, 'Keys');
});

const post = (key, events) => api('POST', '/v1/events', { as: key, json: events });

test('a key is shown once, works at once, and is listed without its secret', async () => {
  const made = await newKey(owner, { name: 'ci', scopes: ['ingest', 'read'], environment: 'test' });
  assert.match(made.secret, /^dlk_test_[a-z0-9]{12}_[A-Za-z0-9]{49}$/);
  assert.equal((await post(made.secret, [{ data: 'x' }])).status, 200);
  const { body } = await api('GET', '/v1/me/keys', { as: owner });
  const listed = body.keys.find((key) => key.id === made.id);
  assert.deepEqual({ name: listed.name, scopes: listed.scopes }, { name: 'ci', scopes: ['ingest', 'read'] });
  assert.doesNotMatch(JSON.stringify(body), /hash|secret/);
  assert.ok(!JSON.stringify(body).includes(made.secret.slice(-49)));
  await eventually('its last use is noted', async () => (await api('GET', '/v1/keys', { as: owner })).body.keys.find((key) => key.id === made.id).last_used_at);
});

test('scope, stream prefix and expiry are kept to', async () => {
  const bound = await newKey(owner, { name: 'bound', scopes: ['ingest'], stream_prefix: 'team-a/' });
  assert.equal((await post(bound.secret, [{ stream: 'team-a/x', data: 'x' }])).body.accepted, 1);
  assert.notEqual((await post(bound.secret, [{ stream: 'team-b/x', data: 'x' }])).body.accepted, 1);
  assertProblem(await api('GET', '/v1/anomalies', { as: bound.secret }), 403, 'insufficient_scope');
  const brief = await newKey(owner, { name: 'brief', expires_at: new Date(Date.now() + 1500).toISOString() });
  assert.equal((await post(brief.secret, [{ data: 'x' }])).status, 200);
  await sleep(1700);
  assertProblem(await post(brief.secret, [{ data: 'x' }]), 401, 'invalid_credentials');
  for (const wish of [{}, { name: 'x', scopes: ['root'] }, { name: 'x', expires_at: '2020-01-01T00:00:00Z' }]) {
    assertProblem(await api('POST', '/v1/keys', { as: owner, json: wish }), 400, 'invalid_body');
  }
});

test(`must show 5: revoking stops ${CLIENTS} clients within 60 s`, async (t) => {
  const key = await newKey(owner, { name: 'busy' });
  const stream = freshStream('busy');
  let revokedAt = Infinity;
  let lastTaken = 0;
  let taken = 0;
  const client = async (n) => {
    for (let i = 0; ; i += 1) {
      const answer = await post(key.secret, [{ stream, id: `${n}-${i}`, data: `line ${i}` }]);
      if (answer.status === 401) return;
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      taken += 1;
      lastTaken = Math.max(lastTaken, Date.now());
      assert.ok(Date.now() < revokedAt + 60_000, 'still taken after 60 s');
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(n));
  await sleep(1500);
  const revoked = await api('POST', '/v1/me/keys/revoke', { as: owner, json: { id: key.id } });
  revokedAt = Date.now();
  assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
  assert.ok(revoked.body.revoked_at);
  await Promise.all(clients);
  figure(t, `${taken} events taken before; the last one ${lastTaken - revokedAt} ms after the answer`);
  assert.equal((await api('DELETE', `/v1/keys/${key.id}`, { as: owner })).status, 200, 'again changes nothing');
});

test('must show 5: regenerating with an overlap loses no event', async (t) => {
  const old = await newKey(owner, { name: 'rotated', scopes: ['ingest', 'read'] });
  const stream = freshStream('rotated');
  let secret = old.secret;
  let stop = false;
  let sent = 0;
  const client = async (n) => {
    let mine = old.secret;
    for (let i = 0; !stop; i += 1) {
      // clients are restarted with the new key one after another, as a roll-out does
      if (secret !== mine && i % CLIENTS === n) mine = secret;
      const answer = await post(mine, [{ stream, id: `${n}-${i}`, data: `line ${i}` }]);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      sent += answer.body.accepted;
    }
    return mine;
  };
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(n));
  await sleep(700);
  const fresh = await api('POST', `/v1/keys/${old.id}/regenerate`, { as: owner, json: { overlap_seconds: 30 } });
  assert.equal(fresh.status, 201, JSON.stringify(fresh.body));
  assert.deepEqual(fresh.body.scopes, ['ingest', 'read']);
  assert.ok(fresh.body.previous.expires_at);
  secret = fresh.body.secret;
  await sleep(2500);
  stop = true;
  const mine = await Promise.all(clients);
  const seen = (await post(secret, [{ stream, id: 'last', data: 'last' }])).body.streams[0].events_seen;
  assert.equal(seen, sent + 1);
  figure(t, `${sent} events from ${CLIENTS} clients, ${mine.filter((key) => key === secret).length} on the new key at the end; none lost`);
});

test('regenerating without overlap ends the old key', async () => {
  const old = await newKey(owner, { name: 'swapped' });
  assert.equal((await post(old.secret, [{ data: 'x' }])).status, 200);
  const fresh = await api('POST', '/v1/me/keys/regenerate', { as: owner, json: { id: old.id, overlap_seconds: 0 } });
  assert.equal(fresh.status, 201, JSON.stringify(fresh.body));
  assert.equal((await post(fresh.body.secret, [{ data: 'x' }])).status, 200);
  assertProblem(await post(old.secret, [{ data: 'x' }]), 401, 'invalid_credentials');
  assertProblem(await api('POST', `/v1/keys/${old.id}/regenerate`, { as: owner, json: {} }), 404, 'not_found');
});

test('a deleted organisation\'s keys end; restored, they work again', async () => {
  const person = await newPerson('short-lived');
  const made = await newOrganization(person, 'Short-lived');
  const key = await newKey(person, { name: 'x' });
  assert.equal((await post(key.secret, [{ data: 'x' }])).status, 200);
  assertProblem(await api('DELETE', '/v1/organization?confirm=wrong', { as: person }), 400, 'invalid_parameter');
  const exported = await api('GET', '/v1/organization/export', { as: person });
  assert.deepEqual([exported.body.keys.length, exported.body.complete], [1, true]);
  assert.equal((await api('DELETE', '/v1/organization?confirm=Short-lived', { as: person })).status, 200);
  await eventually('the key ends', async () => (await post(key.secret, [{ data: 'x' }])).status === 401, { timeoutMs: 60_000, everyMs: 1000 });
  assertProblem(await api('GET', '/v1/organization', { as: person }), 403);
  const deleted = async (as) => (await api('GET', '/v1/organizations/deleted', { as })).body.organizations.map(({ id, name }) => ({ id, name }));
  assert.deepEqual(await deleted(person), [{ id: made.id, name: made.name }]);
  assert.deepEqual(await deleted(await newPerson('stranger')), []);
  assert.equal((await api('POST', `/v1/organizations/${made.id}/restore`, { as: person })).status, 200);
  assert.deepEqual(await deleted(person), []);
  await eventually('the key works again', async () => (await post(key.secret, [{ data: 'x' }])).status === 200, { timeoutMs: 60_000, everyMs: 1000 });
  assertProblem(await api('POST', `/v1/organizations/${organization.id}/restore`, { as: person }), 404, 'not_found');
  await admin.update(`organizations?id=eq.${made.id}`, { deleted_at: new Date().toISOString() });
});
