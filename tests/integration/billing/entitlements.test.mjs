// must show 5: every limited feature × plan × state, over HTTP: what the answer is, and that nobody is locked out of what is stored.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLANS } from './plans.mjs';
import { api, assertProblem, eventually, figure, freshStream } from '../support/stack.mjs';
import { freshAddress, newKey } from '../tenants/people.mjs';
import { account, advance, billingOf, cron, dayOf, fake, newTenant, report, sql, subscribe, syncClock } from './support.mjs';
import { ordinaryEvents, oddEvent } from '../support/logs.mjs';

const DAY = 86_400;
const seconds = (date) => date.getTime() / 1000;

/** Ways to bring a fresh tenant into a state; each gives the plan in effect. */
const STATES = {
  developer: async () => 'developer',
  trial: async (tenant) => (await subscribe(tenant, 'standard'), 'standard'),
  'active growth': async (tenant) => (await subscribe(tenant, 'growth'), 'growth'),
  grace: async (tenant) => {
    const row = await subscribe(tenant, 'growth');
    await fake('card', { customer: row.stripe_customer, card: 'decline' });
    await advance(1.5);
    await advance((seconds((await account(tenant.id)).current_period_end) + 8 * 3600 - (await syncClock())) / DAY);
    assert.equal((await billingOf(tenant)).status, 'grace');
    return 'growth';
  },
  downgraded: async (tenant) => {
    await STATES.grace(tenant);
    await advance(7.5);
    assert.equal((await billingOf(tenant)).status, 'canceled');
    return 'developer';
  },
  enterprise: async (tenant) => {
    await sql("update organizations set plan = 'enterprise' where id = $1", [tenant.id]);
    return 'enterprise';
  },
};

/** Rows as the stream's and the members' own ways would have written them, so that a limit is near. */
const fillStreams = (org, count) => sql("insert into streams (org_id, name, event_type) select $1, 'filled-' || i, 'log' from generate_series(1, $2::int) i on conflict do nothing", [org, count]);

const FEATURES = {
  async rate(tenant, plan) {
    const { body } = await api('GET', '/v1/config', { as: tenant.owner });
    assert.deepEqual(body.limits.requests_per_minute.organization, plan.requests_per_minute);
    const { headers } = await api('GET', '/v1/streams', { as: tenant.owner });
    assert.match(headers.get('ratelimit-policy'), /^"(key|organization)";q=\d+;w=60$/);
    return `${plan.requests_per_minute} a minute`;
  },
  async retention(tenant, plan) {
    const { body } = await api('GET', '/v1/config', { as: tenant.owner });
    assert.equal(body.retention.days_of_plan, plan.retention_days);
    assertProblem(await api('PATCH', '/v1/organization', { as: tenant.owner, json: { retention_days: plan.retention_days + 1 } }), 400, 'invalid_body');
    return `${plan.retention_days} days`;
  },
  async evidence(tenant, plan) {
    await sql('insert into anomalies (id, org_id, stream, severity, detected_at, baseline_data) select gen_random_uuid(), $1, $2, \'low\', now() - make_interval(days => d, hours => h), \'kept\' from (values ($3::int - 1, 0), ($3::int, 1)) v(d, h)', [tenant.id, 'evidence', plan.evidence_days]);
    await api('POST', '/v1/_test/clock?ms=0');
    assert.equal((await api('POST', '/v1/_test/scheduled')).status, 200);
    await syncClock();
    const rows = await sql("select baseline_data from anomalies where org_id = $1 and stream = 'evidence' order by detected_at desc", [tenant.id]);
    assert.deepEqual(rows.map((r) => r.baseline_data).slice(0, 2), plan.evidence_days === plan.retention_days ? ['kept'] : ['kept', null]);
    return `${plan.evidence_days} days`;
  },
  async members(tenant, plan) {
    if (plan.members === null) return 'unlimited';
    await sql("insert into invitations (org_id, email, token_hash, expires_at) select $1, 'seat-' || i || '-' || $3 || '@people.test', encode(sha256(($3 || i)::bytea), 'hex'), now() + interval '1 day' from generate_series(1, $2::int) i", [tenant.id, plan.members - 1, tenant.id]);
    assertProblem(await api('POST', '/v1/invitations', { as: tenant.owner, json: { email: freshAddress('late'), role: 'viewer' } }), 409, 'limit_reached');
    await sql("update invitations set revoked_at = now() where org_id = $1 and email like 'seat-1-%'", [tenant.id]);
    assert.equal((await api('POST', '/v1/invitations', { as: tenant.owner, json: { email: freshAddress('in'), role: 'viewer' } })).status, 201, 'a free seat can be taken');
    return `${plan.members}`;
  },
  async streams(tenant, plan, key) {
    if (plan.streams === null) return 'unlimited';
    await fillStreams(tenant.id, plan.streams - 1);
    const first = freshStream('first');
    assert.equal((await api('POST', '/v1/events', { as: key, json: [{ stream: first, data: 'x' }] })).body.accepted, 1, 'the last place');
    const refused = await api('POST', '/v1/events', { as: key, json: [{ stream: freshStream('late'), data: 'x' }, { stream: first, data: 'y' }] });
    assert.equal(refused.status, 200);
    assert.deepEqual(refused.body.rejected.map((r) => [r.index, r.code]), [[0, 'stream_limit']]);
    assert.equal(refused.body.accepted, 1, 'streams that there are go on');
    assertProblem(await api('POST', '/v1/anomalies', { as: key, json: { stream: freshStream('late'), event_type: 'log', severity: 'low' } }), 409, 'limit_reached');
    // one that goes makes room for another, and has to find a place like any other when it comes again
    await eventually('the stream can be deleted', async () => (await api('DELETE', `/v1/streams/${first}`, { as: tenant.owner })).status === 204);
    assert.equal((await api('POST', '/v1/events', { as: key, json: [{ stream: freshStream('next'), data: 'x' }] })).body.accepted, 1, 'its place is free');
    const again = await api('POST', '/v1/events', { as: key, json: [{ stream: first, data: 'x' }] });
    assert.deepEqual(again.body.rejected.map((r) => r.code), ['stream_limit']);
    return `${plan.streams}`;
  },
  async detections(tenant, plan, key) {
    if (plan.included_detections === null) return 'unlimited';
    const now = await syncClock();
    await report(tenant.id, 'reported', dayOf(now), plan.included_detections - 1);
    await cron();
    const stops = plan.overage_usd === null;
    const { usage, cap_reached } = await billingOf(tenant);
    assert.equal(cap_reached, false);
    assert.equal(usage.recording, true);
    await report(tenant.id, 'reported', dayOf(now), plan.included_detections);
    await cron();
    assert.equal((await billingOf(tenant)).cap_reached, stops, stops ? 'recording stops' : 'each further one is paid');
    const found = await api('POST', '/v1/anomalies', { as: tenant.owner, json: { stream: 'filled-1', event_type: 'log', severity: 'high' } });
    if (stops) await eventually('the isolate to hear of it', async () => (await api('POST', '/v1/anomalies', { as: tenant.owner, json: { stream: 'filled-1', event_type: 'log', severity: 'high' } })).status === 403, { timeoutMs: 70_000, everyMs: 3_000 });
    else assert.equal(found.status, 201);
    for (const path of ['/v1/anomalies', '/v1/streams', '/v1/organization/export']) assert.equal((await api('GET', path, { as: tenant.owner })).status, 200, 'what is stored stays readable');
    return stops ? 'stops' : 'paid by the piece';
  },
};

for (const [state, enter] of Object.entries(STATES)) {
  test(`must show 5: entitlements, ${state}`, async (t) => {
    await syncClock();
    const tenant = await newTenant(`matrix-${state.replace(' ', '-')}`);
    const id = await enter(tenant);
    const plan = PLANS.find((p) => p.id === id);
    assert.equal((await billingOf(tenant)).plan, id);
    const key = (await newKey(tenant.owner, { name: 'matrix', scopes: ['ingest', 'read', 'write'] })).secret;
    for (const [feature, check] of Object.entries(FEATURES)) {
      await t.test(`${feature}`, async (u) => figure(u, await check(tenant, plan, key)));
    }
  });
}

test('must show 5: at its limit Developer goes on scoring and counting, records nothing more, and says so in each answer', async (t) => {
  await api('POST', '/v1/_test/clock?ms=0'); // streams count by the day that it is
  const tenant = await newTenant('capped');
  // by contract three detections, so that a test can find them
  await sql(`update subscriptions set contract = '{"detections": 3}' where org_id = $1`, [tenant.id]);
  const key = (await newKey(tenant.owner, { name: 'capped', scopes: ['ingest', 'read'] })).secret;
  const stream = freshStream('capped');
  const send = async (events) => {
    const answer = await api('POST', '/v1/events', { as: key, json: events });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const learnt = [];
  for (let i = 0; i < 8; i += 1) learnt.push(await send(ordinaryEvents(stream, 500, 7).map((e, n) => ({ ...e, id: `${i}-${n}` }))));
  let recorded = learnt.flatMap((a) => a.anomalies).length;
  let unrecorded = learnt.reduce((sum, a) => sum + (a.quota?.unrecorded ?? 0), 0);
  for (let kind = 0; kind < 7; kind += 1) {
    const answer = await send([oddEvent(stream, `cap${kind}`, kind)]);
    recorded += answer.anomalies.length;
    unrecorded += answer.quota?.unrecorded ?? 0;
    assert.equal(answer.accepted, 1, 'events are scored all the same');
  }
  assert.equal(recorded, 3, 'exactly the allowance');
  assert.ok(unrecorded > 0, 'the rest is counted');
  const after = await send([ordinaryEvents(stream, 1)[0]].map((e) => ({ ...e, id: 'after' })));
  assert.deepEqual([after.quota.recording, after.quota.included_detections, after.quota.plan], [false, 3, 'developer'], 'each answer says so, also one that found nothing');
  await eventually('the counts in the database', async () => {
    const { usage } = await billingOf(tenant);
    return usage.detections === 3 && usage.unrecorded_detections === unrecorded && usage.recording === false;
  });
  const listed = await eventually('the anomalies', async () => { const { body } = await api('GET', `/v1/anomalies?stream=${stream}`, { as: key }); return body.anomalies.length === 3 && body.anomalies; });
  figure(t, `${listed.length} recorded, ${unrecorded} counted beyond`);
});

test('must show 5: the owner\'s hard cap stops a paid plan at its allowance; without it there is none', async () => {
  await syncClock();
  const tenant = await newTenant('hard-cap');
  await subscribe(tenant, 'growth');
  const now = await syncClock();
  await report(tenant.id, 'reported', dayOf(now), 600_000);
  await cron();
  assert.equal((await billingOf(tenant)).cap_reached, false);
  const set = await api('PATCH', '/v1/billing/settings', { as: tenant.owner, json: { hard_cap: true } });
  assert.deepEqual([set.status, set.body], [200, { hard_cap: true }]);
  const capped = await billingOf(tenant);
  assert.deepEqual([capped.hard_cap, capped.cap_reached, capped.usage.recording], [true, true, false]);
  await api('PATCH', '/v1/billing/settings', { as: tenant.owner, json: { hard_cap: false } });
  assert.equal((await billingOf(tenant)).cap_reached, false);
});

test('must show 5: Developer\'s events end with a 403 that names the quota; Standard\'s do not', async () => {
  await syncClock();
  const tenant = await newTenant('events');
  const now = await syncClock();
  const key = (await newKey(tenant.owner, { name: 'events', scopes: ['ingest', 'read'] })).secret;
  await report(tenant.id, 'reported', dayOf(now), 0, 1_000_000);
  await cron();
  const stream = freshStream('events');
  const refused = await api('POST', '/v1/events', { as: key, json: [{ stream, data: 'x' }] });
  assertProblem(refused, 403, 'quota_exhausted');
  assert.equal((await api('GET', '/v1/anomalies', { as: key })).status, 200, 'reading goes on');
  await subscribe(tenant, 'standard');
  await eventually('the plan at the edge', async () => (await api('POST', '/v1/events', { as: key, json: [{ stream, data: 'x' }] })).status === 200, { timeoutMs: 70_000, everyMs: 3_000 });
});
