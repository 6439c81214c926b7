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
/** Requests a minute of one key, which the plans' page does not show. */
const KEY_RATE = { developer: 3_000, standard: 12_000, growth: 60_000, enterprise: 120_000 };

/**
 * Each plan in each state that it can be in; `plan` is the one in effect. Only Standard is tried. All are at their limit in the end:
 * Developer stops there, a paid plan only with the owner's hard cap.
 */
const STATES = [
  { name: 'Developer', plan: 'developer' },
  { name: 'Standard, trial', plan: 'standard', buys: 'standard', status: 'trialing' },
  { name: 'Standard, active', plan: 'standard', buys: 'standard', status: 'active', capped: true },
  { name: 'Standard, grace', plan: 'standard', buys: 'standard', pays: false, status: 'grace' },
  { name: 'Standard, downgraded', plan: 'developer', buys: 'standard', pays: false, status: 'canceled' },
  { name: 'Growth, active', plan: 'growth', buys: 'growth', status: 'active', capped: true },
  { name: 'Growth, grace', plan: 'growth', buys: 'growth', pays: false, status: 'grace' },
  { name: 'Growth, downgraded', plan: 'developer', buys: 'growth', pays: false, status: 'canceled' },
  { name: 'Enterprise', plan: 'enterprise' },
];

const event = (stream, data = 'x') => ({ stream, data });
const send = (key, ...events) => api('POST', '/v1/events', { as: key, json: events });
const record = (key, stream) => api('POST', '/v1/anomalies', { as: key, json: { stream, event_type: 'log', severity: 'low' } });
/** A key of its own for each step: what isolates know of a key's organisation is as old as the key at most. */
const keyOf = async (it, name) => (await newKey(it.tenant.owner, { name, scopes: ['ingest', 'read', 'write'] })).secret;

/** Every limited feature, below the plan's limits and at those of streams and members. */
const FEATURES = {
  async rate({ tenant, plan, key }) {
    const { body } = await api('GET', '/v1/config', { as: tenant.owner });
    assert.deepEqual(body.limits.requests_per_minute, { key: KEY_RATE[plan.id], organization: plan.requests_per_minute });
    const { headers } = await api('GET', '/v1/streams', { as: key });
    // the bucket that is nearer its end is told
    const told = [`"key";q=${KEY_RATE[plan.id]};w=60`, `"organization";q=${plan.requests_per_minute};w=60`];
    assert.ok(told.includes(headers.get('ratelimit-policy')), headers.get('ratelimit-policy'));
    return `${plan.requests_per_minute} a minute, one key ${KEY_RATE[plan.id]}`;
  },
  async retention({ tenant, plan, aged }) {
    const { body } = await api('GET', '/v1/config', { as: tenant.owner });
    assert.equal(body.retention.days_of_plan, plan.retention_days);
    assertProblem(await api('PATCH', '/v1/organization', { as: tenant.owner, json: { retention_days: plan.retention_days + 1 } }), 400, 'invalid_body');
    assert.deepEqual([aged.has(plan.retention_days - 1), aged.has(plan.retention_days + 1)], [true, false], 'a day less is kept, a day more is removed');
    return `${plan.retention_days} days`;
  },
  async evidence({ plan, aged }) {
    assert.equal(aged.get(plan.evidence_days - 1), 'kept');
    assert.equal(aged.get(plan.evidence_days + 1), plan.evidence_days < plan.retention_days ? null : undefined);
    return `${plan.evidence_days} days`;
  },
  async members({ tenant, plan }) {
    const invite = () => api('POST', '/v1/invitations', { as: tenant.owner, json: { email: freshAddress('seat'), role: 'viewer' } });
    if (plan.members === null) return 'unlimited';
    await sql("insert into invitations (org_id, email, token_hash, expires_at) select $1, 'seat-' || i || '-' || $3 || '@people.test', encode(sha256(($3 || i)::bytea), 'hex'), now() + interval '1 day' from generate_series(1, $2::int) i", [tenant.id, plan.members - 2, tenant.id]);
    assert.equal((await invite()).status, 201, 'the last seat can be taken');
    assertProblem(await invite(), 409, 'limit_reached');
    await sql("update invitations set revoked_at = now() where org_id = $1 and email like 'seat-1-%'", [tenant.id]);
    assert.equal((await invite()).status, 201, 'one that is free again, too');
    return `${plan.members}`;
  },
  async streams({ tenant, plan, key, name }) {
    if (plan.streams === null) return 'unlimited';
    // as the streams' own ways would have written them; with the usage below, so that one more place is left
    await sql("insert into streams (org_id, name, event_type) select $1, 'filled-' || i, 'log' from generate_series(1, $2::int) i", [tenant.id, plan.streams - 1]);
    const first = freshStream('first');
    assert.equal((await send(key, event(first))).body.accepted, 1, 'the last place');
    const refused = await send(key, event(freshStream('late')), event(first, 'y'));
    assert.equal(refused.status, 200);
    assert.deepEqual(refused.body.rejected.map((r) => [r.index, r.code]), [[0, 'stream_limit']]);
    assert.equal(refused.body.accepted, 1, 'streams that there are go on');
    assertProblem(await record(key, freshStream('late')), 409, 'limit_reached');
    if (name !== 'Developer') return `${plan.streams}`;
    // one that goes makes room for another, and has to find a place like any other when it comes again
    await eventually('the stream can be deleted', async () => (await api('DELETE', `/v1/streams/${first}`, { as: tenant.owner })).status === 204);
    assert.equal((await send(key, event(freshStream('next')))).body.accepted, 1, 'its place is free');
    assert.deepEqual((await send(key, event(first))).body.rejected.map((r) => r.code), ['stream_limit']);
    return `${plan.streams}`;
  },
  /** One less than the allowance: see `atTheLimit` for the rest. */
  async detections({ tenant, plan, key }) {
    const { usage, cap_reached: reached } = await billingOf(tenant);
    assert.deepEqual([usage.included_detections, usage.recording, reached], [plan.included_detections, true, false]);
    assert.equal((await record(key, 'filled-1')).status, 201);
    return `${plan.included_detections ?? 'unlimited'}`;
  },
  async events({ tenant, plan, key }) {
    const { usage } = await billingOf(tenant);
    assert.equal(usage.included_events, plan.included_events);
    assert.equal((await send(key, event('filled-1'))).body.accepted, 1);
    return `${plan.included_events ?? 'unlimited'}`;
  },
};

/** The allowance of detections is used up, then that of events. */
const AT_THE_LIMIT = {
  async detections({ tenant, stops, key }) {
    const { usage, cap_reached: reached } = await billingOf(tenant);
    assert.deepEqual([reached, usage.recording], [stops, !stops]);
    const recorded = await record(key, 'filled-1');
    if (stops) assertProblem(recorded, 403, 'quota_exhausted');
    else assert.equal(recorded.status, 201, 'each further one is paid');
    const scored = await send(key, event('filled-1'), event(freshStream('late')));
    assert.equal(scored.body.accepted, 1, 'events are scored all the same');
    assert.deepEqual([scored.body.rejected.map((r) => r.code), scored.body.quota?.recording], [['stream_limit'], stops ? false : undefined], 'and the answer says so');
    return stops ? 'stop' : 'are paid by the piece';
  },
  async others(it) {
    await FEATURES.rate(it);
    const { body } = await api('GET', '/v1/config', { as: it.tenant.owner });
    assert.equal(body.retention.days_of_plan, it.plan.retention_days);
    assertProblem(await api('POST', '/v1/invitations', { as: it.tenant.owner, json: { email: freshAddress('late'), role: 'viewer' } }), 409, 'limit_reached');
    return 'as before';
  },
  async events({ tenant, stops, eventsKey }) {
    const answer = await send(eventsKey, event('filled-1'));
    if (stops) assertProblem(answer, 403, 'quota_exhausted');
    else assert.equal(answer.body.accepted, 1, 'fair use, not a wall');
    for (const path of ['/v1/anomalies', '/v1/streams', '/v1/organization/export']) assert.equal((await api('GET', path, { as: tenant.owner })).status, 200, 'what is stored stays readable');
    return stops ? 'end' : 'go on';
  },
};

/** One row of each age at which a plan's days decide. */
async function plantAged({ tenant, plan }) {
  const ages = new Set([plan.evidence_days, plan.retention_days].flatMap((days) => [days - 1, days + 1]));
  await sql("insert into anomalies (id, org_id, stream, severity, event_id, detected_at, baseline_data) select gen_random_uuid(), $1, 'aged', 'low', d, now() - make_interval(days => d), 'kept' from unnest($2::int[]) d", [tenant.id, [...ages]]);
}
const agedOf = async ({ tenant }) => new Map((await sql("select event_id::int as age, baseline_data from anomalies where org_id = $1 and stream = 'aged'", [tenant.id])).map((r) => [r.age, r.baseline_data]));

/** All features in these states; what costs time (cron, the hourly job) is done once for all of them. */
async function inTheseStates(t, all, names) {
  const states = all.filter((it) => names.includes(it.name));
  const day = dayOf(await syncClock());
  const use = async (less) => {
    for (const { tenant, plan } of states) if (plan.included_detections !== null) await report(tenant.id, 'reported', day, plan.included_detections - less.detections, plan.included_events - less.events);
    await cron();
  };
  for (const it of states) await plantAged(it);
  assert.equal((await api('POST', '/v1/_test/scheduled')).status, 200);
  await use({ detections: 1, events: 100_000 });
  for (const it of states) {
    const { status, plan } = await billingOf(it.tenant);
    assert.deepEqual([it.name, status, plan], [it.name, it.status ?? 'none', it.plan.id]);
    Object.assign(it, { aged: await agedOf(it), key: await keyOf(it, 'below') });
    for (const [feature, check] of Object.entries(FEATURES)) await t.test(`${it.name}: ${feature}`, async (u) => figure(u, await check(it)));
  }
  const limited = states.filter((it) => it.plan.included_detections !== null);
  for (const it of limited) if (it.capped) assert.equal((await api('PATCH', '/v1/billing/settings', { as: it.tenant.owner, json: { hard_cap: true } })).status, 200);
  await use({ detections: 0, events: 100_000 });
  for (const it of limited) Object.assign(it, { stops: it.capped || it.plan.id === 'developer', key: await keyOf(it, 'detections') });
  for (const it of limited) for (const feature of ['detections', 'others']) await t.test(`${it.name}, cap reached: ${feature}`, async (u) => figure(u, await AT_THE_LIMIT[feature](it)));
  await use({ detections: 0, events: 0 });
  for (const it of limited) {
    it.eventsKey = await keyOf(it, 'events');
    await t.test(`${it.name}, cap reached: events`, async (u) => figure(u, await AT_THE_LIMIT.events(it)));
  }
}

test('must show 5: every limited feature × plan × state', { timeout: 600_000 }, async (t) => {
  await syncClock();
  const all = [];
  for (const state of STATES) {
    const tenant = await newTenant(`matrix-${state.name.replace(/\W+/g, '-').toLowerCase()}`);
    const row = state.buys ? await subscribe(tenant, state.buys) : await account(tenant.id);
    if (state.pays === false) await fake('card', { customer: row.stripe_customer, card: 'decline' });
    if (state.plan === 'enterprise') await sql("update organizations set plan = 'enterprise' where id = $1", [tenant.id]);
    all.push({ ...state, tenant, row, plan: PLANS.find((p) => p.id === state.plan) });
  }
  const to = async (moment) => advance((moment - (await syncClock())) / DAY);
  const the = (name) => all.find((it) => it.name === name).row;
  await inTheseStates(t, all, ['Developer', 'Standard, trial', 'Growth, active', 'Enterprise']);
  // Growth's first period ends with the day
  await to(seconds(the('Growth, grace').current_period_end) + 8 * 3600);
  await inTheseStates(t, all, ['Growth, grace']);
  await advance(7.5);
  await inTheseStates(t, all, ['Growth, downgraded']);
  // a trial that ends is paid for, or is not
  await to(seconds(the('Standard, active').trial_end) + 8 * 3600);
  await inTheseStates(t, all, ['Standard, active', 'Standard, grace']);
  await advance(7.5);
  await inTheseStates(t, all, ['Standard, downgraded']);
});

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
