// From an address to a first anomaly, without telling anyone which addresses are known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../support/logs.mjs';
import { a, api, assertProblem, eventually, figure, ingest, listAnomalies, sleep, supabase } from '../support/stack.mjs';
import { PASSWORD, freshAddress, freshNetwork, mailTo, mailsTo, newPerson, tokenIn, tokenOf } from './people.mjs';

const signUp = (json, headers = freshNetwork()) => api('POST', '/v1/onboard/signup', { json, headers });

test('must show 4: sign-up, mail, verify, key, event, anomaly', async (t) => {
  const begun = Date.now();
  const email = freshAddress('starter');
  const network = freshNetwork();
  const answer = await signUp({ email, company: 'Ångström & <Söhne>', plan: 'growth' }, network);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  await assert.rejects(tokenOf(email), /40\d|confirm/i, 'nobody signs in before confirming');
  const mail = await mailTo(email);
  const token = tokenIn(mail);
  assert.match(mail.HTML, /\/v1\/onboard\/verify\?token=/);

  const page = await api('GET', `/v1/onboard/verify?token=${token}`, { headers: network });
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'.*form-action 'self'/);
  assert.match(page.body, /<form method="post"/);
  await assert.rejects(tokenOf(email), /40\d|confirm/i, 'looking at the page confirms nothing');

  assert.match(page.body, /<input type="password" name="password"/);
  const form = new URLSearchParams({ token, password: PASSWORD }).toString();
  const done = await api('POST', '/v1/onboard/verify', { body: form, headers: { ...network, 'content-type': 'application/x-www-form-urlencoded' } });
  assert.equal(done.status, 200, done.body);
  assert.match(done.body, /Ångström &amp; &lt;Söhne&gt; is ready/);
  const key = done.body.match(/dlk_live_[a-z0-9]{12}_[A-Za-z0-9]{49}/)[0];
  const again = await api('POST', '/v1/onboard/verify', { json: { token }, headers: network });
  assertProblem(again, 400, 'invalid_token');

  const session = { token: await tokenOf(email) };
  const { organizations } = (await api('GET', '/v1/me', { as: session })).body;
  assert.deepEqual(organizations.map(({ name, role, plan }) => ({ name, role, plan })), [{ name: 'Ångström & <Söhne>', role: 'owner', plan: 'developer' }]);
  assert.deepEqual((await api('GET', '/v1/streams', { as: session })).body.streams.map(({ stream }) => stream), ['getting-started']);
  for (const batch of inBatches(ordinaryEvents('getting-started', 1500), 500)) await ingest(key, batch);
  const odd = await ingest(key, [oddEvent('getting-started')]);
  assert.equal(odd.anomalies.length, 1, JSON.stringify(odd));
  await eventually('the anomaly is listed', async () => (await listAnomalies(session)).some(({ id }) => id === odd.anomalies[0].id));
  figure(t, `${((Date.now() - begun) / 1000).toFixed(1)} s from sign-up to the first anomaly`);
});

test('without a password: the mailed code confirms and signs in', async () => {
  const email = freshAddress('coder');
  const network = freshNetwork();
  assert.equal((await signUp({ email, company: 'Code' }, network)).status, 202);
  const code = (await mailTo(email)).Text.match(/\b(\d{6})\b/)[1];
  const verify = (wish) => api('POST', '/v1/onboard/verify', { json: wish, headers: network });
  assertProblem(await verify({ email, code: code === '000000' ? '000001' : '000000' }), 400, 'invalid_token');
  const done = await verify({ email, code });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.equal(done.body.status, 'ready');
  assert.equal((await api('POST', '/v1/events', { as: done.body.api_key, json: [{ data: 'first' }] })).body.accepted, 1);
  const me = await api('GET', '/v1/me', { as: { token: done.body.session.access_token } });
  assert.equal(me.body.user.email, email);
  assert.match(done.body.sample, /^curl .*\/v1\/events/);
});

const PLANTED = 'planted-by-mallory-1';
const PLANTS = {
  'at the API': (email) => signUp({ email, company: 'Planted', password: PLANTED }),
  'at Supabase Auth itself': async (email) => {
    const response = await fetch(`${supabase.SUPABASE_URL}/auth/v1/signup`, {
      method: 'POST', headers: { apikey: supabase.SUPABASE_PUBLISHABLE_KEY, 'content-type': 'application/json' }, body: JSON.stringify({ email, password: PLANTED }),
    });
    return { status: response.ok ? 202 : response.status };
  },
};
const PROOFS = {
  'the link, with a password': async (email, mail) => {
    const done = await api('POST', '/v1/onboard/verify', { json: { token: tokenIn(mail), password: PASSWORD }, headers: freshNetwork() });
    assert.deepEqual([done.status, done.body.password_set], [200, true], JSON.stringify(done.body));
    assert.ok(await tokenOf(email), 'the owner signs in with the password chosen with the proof');
    return done.body.session;
  },
  'the link, without a password': async (email, mail) => {
    const done = await api('POST', '/v1/onboard/verify', { json: { token: tokenIn(mail) }, headers: freshNetwork() });
    assert.deepEqual([done.status, done.body.password_set], [200, false], JSON.stringify(done.body));
    return done.body.session;
  },
  'the code at Supabase Auth itself': async (email, mail) => {
    const code = mail.Text.match(/\b(\d{6})\b/)[1];
    const response = await fetch(`${supabase.SUPABASE_URL}/auth/v1/verify`, {
      method: 'POST', headers: { apikey: supabase.SUPABASE_PUBLISHABLE_KEY, 'content-type': 'application/json' }, body: JSON.stringify({ type: 'email', email, token: code }),
    });
    assert.equal(response.status, 200);
    return response.json();
  },
};

test('a password set before the proof of the address opens nothing after it', async (t) => {
  for (const [where, plant] of Object.entries(PLANTS)) {
    for (const [how, prove] of Object.entries(PROOFS)) {
      await t.test(`planted ${where}; proved by ${how}`, async () => {
        const email = freshAddress('victim');
        assert.equal((await plant(email)).status, 202);
        const session = await prove(email, await mailTo(email));
        await assert.rejects(tokenOf(email, PLANTED), /400|invalid/i);
        assert.equal((await api('GET', '/v1/me', { as: { token: session.access_token } })).body.user.email, email);
      });
    }
  }
});

test('nobody learns from sign-up or resending whether an address is known', async (t) => {
  const known = await newPerson('known');
  const pending = freshAddress('pending');
  await signUp({ email: pending, company: 'x' });
  await mailTo(pending);
  const times = { known: [], pending: [], unknown: [] };
  const answers = new Set();
  const kinds = [['known', known.email], ['pending', pending], ['unknown', freshAddress('nobody')]];
  for (let i = 0; i < 18; i += 1) {
    // each in each place: what one causes after its answer slows the next
    for (const [kind, email] of [...kinds.slice(i % 3), ...kinds.slice(0, i % 3)]) {
      const answer = await api('POST', '/v1/onboard/resend-verification', { json: { email }, headers: freshNetwork() });
      times[kind].push(answer.ms);
      answers.add(JSON.stringify([answer.status, answer.body]));
    }
  }
  for (const email of [known.email, pending, freshAddress('other')]) {
    const answer = await signUp({ email, company: 'x' });
    answers.add(JSON.stringify([answer.status, answer.body]));
  }
  assert.equal(answers.size, 1, [...answers].join('\n'));
  const median = (list) => list.sort((x, y) => x - y)[list.length >> 1];
  const [k, p, u] = [median(times.known), median(times.pending), median(times.unknown)];
  // 25 ms, and what a busy machine adds
  assert.ok(Math.max(k, p, u) - Math.min(k, p, u) < 25 + 0.3 * Math.max(k, p, u), `medians ${k}, ${p}, ${u} ms`);
  figure(t, `one answer; medians ${k.toFixed(1)}, ${p.toFixed(1)} and ${u.toFixed(1)} ms for a known, a pending and an unknown address`);
  await eventually('the pending one is mailed again', async () => (await mailsTo(pending)).length > 1);
  assert.equal((await mailsTo(known.email)).length, 0, 'a confirmed address gets nothing');
});

test('five sign-ups an hour for each network address', async () => {
  const network = freshNetwork();
  for (let i = 0; i < 5; i += 1) {
    const answer = await signUp({ email: freshAddress(`many${i}`), company: 'x' }, network);
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('ratelimit-policy'), '"address";q=5;w=3600');
    assert.match(answer.headers.get('ratelimit'), new RegExp(`^"address";r=${4 - i};t=\\d+$`));
  }
  const email = freshAddress('sixth');
  // another address of the same customer's network
  const neighbour = { 'cf-connecting-ip': network['cf-connecting-ip'].replace(/::1$/, ':aaaa:bbbb:cccc:dddd') };
  const sixth = await signUp({ email, company: 'x' }, neighbour);
  assertProblem(sixth, 429, 'rate_limited');
  assert.ok(Number(sixth.headers.get('retry-after')) > 3500);
  assertProblem(await api('POST', '/v1/onboard/resend-verification', { json: { email }, headers: network }), 429, 'rate_limited');
  await sleep(300);
  assert.equal((await mailsTo(email)).length, 0);
});

test('what is not valid is refused before anything is sent', async () => {
  for (const bad of [{}, { email: 'x', company: 'x' }, { email: 'a@b.test', company: '' }, { email: 'a@b.test', company: 'x', plan: 'free' }]) {
    assertProblem(await signUp(bad), 400, 'invalid_body');
  }
  assertProblem(await api('POST', '/v1/onboard/verify', { json: { token: 'x', password: 'short' }, headers: freshNetwork() }), 400, 'invalid_body');
  for (const token of ['', 'x', '../..', '%00', 'a'.repeat(300)]) {
    const answer = await api('POST', '/v1/onboard/verify', { json: { token }, headers: freshNetwork() });
    assert.equal(answer.status, 400, `${token}: ${answer.status}`);
  }
  assert.equal((await api('GET', '/v1/me', { as: a.people.owner })).status, 200);
});
