// Wrong credentials: beyond thirty a minute an address is told to wait; good ones are taken all the same.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { test } from 'node:test';
import { makeApiKey } from '../../../scripts/lib/api-key.mjs';
import { a, api, assertProblem, eventually, figure } from '../support/stack.mjs';
import { admin, freshNetwork, newKey, newOrganization, newPerson } from './people.mjs';
import { ownWorker } from './own-worker.mjs';

const ALLOWED = 30;
const KNOWN_LOOKUPS = 120;

/** A well-formed key that nobody has. */
const unknownKey = () => makeApiKey({ orgId: crypto.randomUUID(), name: 'x' }).key;

const wrong = [
  () => unknownKey(),
  () => a.keys.revoked,
  () => a.keys.expired,
  () => 'dlk_live_nonsense',
  () => ({ token: 'a.b.c' }),
  () => ({ token: `${a.people.owner.token.slice(0, -6)}AAAAAA` }),
];

test('401 becomes 429 beyond the limit, whatever is wrong with the credentials', async (t) => {
  const worker = await ownWorker(t);
  const network = freshNetwork();
  const call = (as, headers = network) => api('GET', '/v1/anomalies', { as, headers, base: worker.url });
  for (let i = 0; i < ALLOWED; i += 1) assertProblem(await call(wrong[i % wrong.length]()), 401, 'invalid_credentials');
  for (const make of wrong) {
    const refused = await call(make());
    assertProblem(refused, 429, 'rate_limited');
    assert.equal(refused.headers.get('ratelimit-policy'), `"address";q=${ALLOWED};w=60`);
    assert.match(refused.headers.get('ratelimit'), /^"address";r=0;t=\d+$/);
    const wait = Number(refused.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 60, `${wait}`);
  }
  assert.equal((await call(a.keys.read)).status, 200, 'a good key from the same address, not seen before');
  assert.equal((await call(a.people.viewer)).status, 200, 'a person there');
  assertProblem(await call(undefined), 401, 'missing_credentials');
  assertProblem(await call(unknownKey(), freshNetwork()), 401, 'invalid_credentials');
  await worker.turnClock(61_000);
  assertProblem(await call(unknownKey()), 401, 'invalid_credentials');
  figure(t, `${ALLOWED} times 401, then 429 with the time to wait; after a minute 401 again`);
});

test('a flood of made-up keys is not looked up for ever, and leaves a known key alone', async (t) => {
  const worker = await ownWorker(t);
  const owner = await newPerson('flooded');
  await newOrganization(owner, 'Flooded');
  const network = freshNetwork();
  const call = (as) => api('GET', '/v1/anomalies', { as, headers: network, base: worker.url });
  const make = (name) => newKey(owner, { name, scopes: ['read'] }, worker.url);
  const [known, fresh] = [await make('known'), await make('fresh')];
  assert.equal((await call(known.secret)).status, 200);
  const statuses = { 401: 0, 429: 0 };
  for (let i = 0; i < ALLOWED + KNOWN_LOOKUPS + 100; i += 10) {
    for (const { status } of await Promise.all(Array.from({ length: 10 }, () => call(unknownKey())))) statuses[status] += 1;
  }
  assert.ok(statuses[401] <= ALLOWED, JSON.stringify(statuses));
  assert.equal((await call(known.secret)).status, 200, 'a key that this location knows');
  assertProblem(await call(fresh.secret), 429, 'rate_limited');
  assert.equal((await api('GET', '/v1/anomalies', { as: fresh.secret, base: worker.url })).status, 200, 'from elsewhere');
  figure(t, `${statuses[401]} times 401, ${statuses[429]} times 429; the known key is taken throughout`);
});

test('made-up keys from ever other addresses are looked up only so often; keys made here and known ones are taken throughout', async (t) => {
  const worker = await ownWorker(t);
  const owner = await newPerson('distributed');
  const { id: orgId } = await newOrganization(owner, 'Distributed');
  const call = (as) => api('GET', '/v1/anomalies', { as, headers: freshNetwork(), base: worker.url });
  const make = (name) => newKey(owner, { name, scopes: ['read'] }, worker.url);
  const known = makeApiKey({ orgId, name: 'known', scopes: ['read'] });
  await admin.insert('api_keys', known.row);
  assert.equal((await call(known.key)).status, 200);
  const unused = await make('made before');
  assert.equal(unused.last_used_at, null);
  const statuses = { 401: 0, 429: 0 };
  const flood = async (count) => {
    for (let i = 0; i < count; i += 10) {
      for (const { status } of await Promise.all(Array.from({ length: 10 }, () => call(unknownKey())))) statuses[status] += 1;
    }
  };
  // the runtime's minute may turn once meanwhile
  await flood(2 * KNOWN_LOOKUPS + 60);
  assert.ok(statuses[401] <= 2 * KNOWN_LOOKUPS && statuses[429] >= 60, JSON.stringify(statuses));
  while ((await call(unknownKey())).status !== 429) await flood(KNOWN_LOOKUPS);
  const refused = await call(unknownKey());
  assertProblem(refused, 429, 'rate_limited');
  assert.equal(refused.headers.get('retry-after'), '60');
  assert.equal((await call(known.key)).status, 200, 'a key in use');
  assert.equal((await call(unused.secret)).status, 200, 'one that was made here and never used');
  assert.equal((await call((await make('made meanwhile')).secret)).status, 200);
  await eventually('its first use is noted', async () => (await admin.select(`api_keys?id=eq.${unused.id}&select=last_used_at`))[0].last_used_at);
  assert.equal((await api('GET', '/readyz', { base: worker.url })).status, 200);
  figure(t, `of ${statuses[401] + statuses[429]} made-up keys ${statuses[401]} were looked up`);
});
