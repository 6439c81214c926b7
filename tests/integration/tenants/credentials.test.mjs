// Credentials that depend on how an installation is set up: the one key of a single-tenant installation, signing keys that
// rotate, a shared signing secret; and accounts that nobody confirmed.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { HS256_SECRET } from '../../../scripts/stack/index.mjs';
import { decode, signHs256 } from '../../../scripts/stack/jwt.mjs';
import { a, api, assertProblem, eventually, figure, ingest, supabase, url } from '../support/stack.mjs';
import { PASSWORD, admin, freshAddress, freshNetwork, mailTo, newPerson, tokenIn, tokenOf } from './people.mjs';
import { ownWorker } from './own-worker.mjs';

test('DEFAULT_API_KEY stands for DEFAULT_ORG_ID', async (t) => {
  const [key, org] = [crypto.randomBytes(24).toString('base64url'), crypto.randomUUID()];
  const worker = await ownWorker(t, { DEFAULT_API_KEY: key, DEFAULT_ORG_ID: org });
  const call = (method, path, as, json) => api(method, path, { as, json, base: worker.url });
  const answer = await call('POST', '/v1/events', key, [{ stream: 'default', data: 'x' }]);
  assert.deepEqual([answer.status, answer.body.accepted], [200, 1], JSON.stringify(answer.body));
  await eventually('the organisation is made', async () => (await admin.select(`organizations?id=eq.${org}`)).length === 1);
  const recorded = await call('POST', '/v1/anomalies', key, { stream: 'default', event_type: 'log', severity: 'low' });
  assert.equal(recorded.status, 201, JSON.stringify(recorded.body));
  await eventually('it reads its own anomaly', async () => (await call('GET', '/v1/anomalies', key)).body.anomalies?.[0]?.id === recorded.body.id);
  assert.equal((await api('GET', '/v1/streams', { headers: { 'x-api-key': key }, base: worker.url })).status, 200, 'also as X-API-Key');
  for (const [method, path] of [['GET', '/v1/keys'], ['PATCH', '/v1/organization'], ['GET', '/v1/members'], ['DELETE', '/v1/organization']]) {
    assertProblem(await call(method, path, key, method === 'PATCH' ? { name: 'x' } : undefined), 403, 'insufficient_scope');
  }
  for (const bad of [`${key}x`, key.slice(0, -1), key.toUpperCase(), org]) assertProblem(await call('GET', '/v1/streams', bad), 401, 'invalid_credentials');
  assertProblem(await api('GET', '/v1/streams', { as: key }), 401, 'invalid_credentials');
  // other organisations go on beside it
  assert.equal((await call('GET', '/v1/anomalies', a.keys.read)).status, 200);
  assertProblem(await call('GET', `/v1/anomalies/${recorded.body.id}`, a.keys.read), 404, 'not_found');
});

test('a DEFAULT_API_KEY that could be guessed, or one without an organisation, opens nothing', async (t) => {
  const worker = await ownWorker(t, { DEFAULT_API_KEY: 'too-short', DEFAULT_ORG_ID: crypto.randomUUID() });
  assertProblem(await api('GET', '/v1/streams', { as: 'too-short', base: worker.url }), 401, 'invalid_credentials');
});

/** A project's JWKS whose keys the test changes, and that counts how often it is fetched. */
async function jwksServer(t) {
  const state = { keys: [], fetches: 0, down: false };
  const server = http.createServer((request, response) => {
    state.fetches += 1;
    if (state.down) return response.writeHead(503).end();
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: state.keys })), 100);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }));
  return Object.assign(state, { url: `http://127.0.0.1:${server.address().port}/jwks.json` });
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A signing key: its public half, and tokens of a person as Supabase makes them. */
function signingKey(kid) {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    public: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' },
    token(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const whole = { iss: supabase.SUPABASE_JWT_ISSUER, aud: 'authenticated', role: 'authenticated', sub: crypto.randomUUID(), email: 'x@people.test', iat: now, exp: now + 86_400, ...claims };
      const signed = `${encode({ alg: 'ES256', typ: 'JWT', kid, ...header })}.${encode(whole)}`;
      return { token: `${signed}.${crypto.sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}` };
    },
  };
}

test('signing keys rotate: a new one is fetched, an old one ends, and forged ids make no traffic', async (t) => {
  const jwks = await jwksServer(t);
  const [first, second, third] = ['first', 'second', 'third'].map(signingKey);
  jwks.keys = [first.public];
  const worker = await ownWorker(t, { SUPABASE_JWKS_URL: jwks.url });
  // a route for keys alone: 403 says that the token itself was found good
  const call = (as) => api('POST', '/v1/events', { as, json: [], base: worker.url });
  const good = async (key, why) => assertProblem(await call(key.token()), 403, 'insufficient_scope', why);
  const refused = async (as) => assertProblem(await call(as), 401, 'invalid_credentials');

  // a new isolate meets many at once: one of them fetches, none is turned away
  const cold = await Promise.all(Array.from({ length: 20 }, () => call(first.token())));
  assert.deepEqual(new Set(cold.map(({ status }) => status)), new Set([403]));
  assert.equal(jwks.fetches, 1);

  jwks.keys = [first.public, second.public];
  await refused(second.token());
  assert.equal(jwks.fetches, 1, 'the set has just been fetched');
  await worker.turnClock(30_000);
  const rotated = await Promise.all(Array.from({ length: 10 }, () => call(second.token())));
  assert.deepEqual(new Set(rotated.map(({ status }) => status)), new Set([403]), 'the new key, at once');
  await good(first);
  assert.equal(jwks.fetches, 2);

  jwks.keys = [second.public];
  await good(first);
  await worker.turnClock(30_000 + 600_000);
  await refused(first.token());
  await good(second);
  assert.equal(jwks.fetches, 3, 'a removed key ends when the set has served ten minutes');

  for (let i = 0; i < 200; i += 20) await Promise.all(Array.from({ length: 20 }, () => refused(third.token({}, { kid: crypto.randomUUID() }))));
  assert.equal(jwks.fetches, 3, '200 forged ids, no fetch');
  await worker.turnClock(30_000 + 600_000 + 30_000);
  await Promise.all(Array.from({ length: 20 }, () => refused(third.token({}, { kid: crypto.randomUUID() }))));
  assert.equal(jwks.fetches, 4, 'and one after half a minute');

  jwks.down = true;
  await worker.turnClock(2 * 660_000);
  await good(second);
  figure(t, `${jwks.fetches - 1} fetches for 255 tokens; the keys at hand serve while the provider is away`);
});

test('without any signing key the answer is 503, and nobody is let in', async (t) => {
  const jwks = await jwksServer(t);
  jwks.down = true;
  const worker = await ownWorker(t, { SUPABASE_JWKS_URL: jwks.url });
  const key = signingKey('x');
  const answer = await api('POST', '/v1/events', { as: key.token(), json: [], base: worker.url });
  assertProblem(answer, 503, 'dependency_unavailable');
  assert.ok(answer.headers.get('retry-after'));
  jwks.down = false;
  jwks.keys = [key.public];
  await eventually('it is asked again', async () => (await api('POST', '/v1/events', { as: key.token(), json: [], base: worker.url })).status === 403);
});

test('HS256 is accepted only where SUPABASE_JWT_SECRET is set', async (t) => {
  const person = await newPerson('legacy');
  const claims = decode(person.token);
  const token = signHs256(HS256_SECRET, claims);
  assertProblem(await api('GET', '/v1/me', { as: { token } }), 401, 'invalid_credentials');
  const worker = await ownWorker(t, { SUPABASE_JWT_SECRET: HS256_SECRET });
  const me = (as) => api('GET', '/v1/me', { as: { token: as }, base: worker.url });
  const mine = await me(token);
  assert.deepEqual([mine.status, mine.body.user?.id], [200, person.id], JSON.stringify(mine.body));
  assert.equal((await me(person.token)).status, 200, 'the other kind too: projects change over');
  const { publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const past = Math.floor(Date.now() / 1000) - 61;
  const bad = {
    'another secret': signHs256('another-secret-that-is-long-enough-for-hs256', claims),
    'an empty secret': signHs256('', claims),
    'a public key as the secret': signHs256(publicKey.export({ type: 'spki', format: 'pem' }), claims),
    'another issuer': signHs256(HS256_SECRET, { ...claims, iss: 'https://elsewhere.test/auth/v1' }),
    'another audience': signHs256(HS256_SECRET, { ...claims, aud: 'anon' }),
    'the role of the service': signHs256(HS256_SECRET, { ...claims, role: 'service_role' }),
    'past its end and the skew': signHs256(HS256_SECRET, { ...claims, exp: past }),
    'not yet valid': signHs256(HS256_SECRET, { ...claims, nbf: past + 200 }),
    'no end': signHs256(HS256_SECRET, { ...claims, exp: undefined }),
  };
  for (const [name, forged] of Object.entries(bad)) await t.test(name, async () => assertProblem(await me(forged), 401, 'invalid_credentials'));
});

test('accounts that nobody confirmed are removed after a week', async (t) => {
  const [abandoned, confirmed] = [freshAddress('abandoned'), freshAddress('confirmed')];
  for (const email of [abandoned, confirmed]) assert.equal((await api('POST', '/v1/onboard/signup', { json: { email, company: 'x' }, headers: freshNetwork() })).status, 202);
  const token = tokenIn(await mailTo(abandoned));
  const done = await api('POST', '/v1/onboard/verify', { json: { token: tokenIn(await mailTo(confirmed)), password: PASSWORD }, headers: freshNetwork() });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  const hourlyJob = async (days) => (await api('POST', `/v1/_test/scheduled?at=${new Date(Date.now() + days * 86_400_000).toISOString()}`)).body;
  await hourlyJob(6.9);
  const open = await api('POST', '/v1/onboard/resend-verification', { json: { email: abandoned }, headers: freshNetwork() });
  assert.equal(open.status, 202);
  await mailTo(abandoned, 2);
  const { accounts } = await hourlyJob(7.1);
  assert.ok(accounts >= 1, `${accounts}`);
  assert.equal((await hourlyJob(7.1)).accounts, 0, 'once');
  assertProblem(await api('POST', '/v1/onboard/verify', { json: { token }, headers: freshNetwork() }), 400, 'invalid_token');
  assert.deepEqual(await admin.select(`sign_ups?email=eq.${abandoned}`), [], 'with what was said at sign-up');
  await assert.rejects(tokenOf(abandoned));
  assert.ok(await tokenOf(confirmed), 'a confirmed account stays');
  assert.equal((await ingest(done.body.api_key, [{ data: 'x' }])).accepted, 1);
  // the address is free again
  assert.equal((await api('POST', '/v1/onboard/signup', { json: { email: abandoned, company: 'y' }, headers: freshNetwork() })).status, 202);
  await mailTo(abandoned, 3);
  figure(t, `${accounts} accounts removed`);
});
