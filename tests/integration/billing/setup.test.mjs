// scripts/stripe-setup against the fake: what it makes, and that it makes it once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, eventually, figure, stripe } from '../support/stack.mjs';
import { setUp } from '../../../scripts/lib/stripe-setup.mjs';
import { PLANS } from './plans.mjs';
import { account, admin, client, drained, fake, newTenant, sql, subscribe, syncClock } from './support.mjs';

const count = async () => Object.fromEntries(Object.entries((await fake('state')).tables).map(([name, rows]) => [name, rows.length]));

test('stripe-setup made what the plan table says, and run again changes nothing', async (t) => {
  const before = await count();
  const map = await sql('select * from plan_price_map order by plan');
  const again = await setUp({ stripe: client, admin, live: false });
  assert.deepEqual(again.changed, []);
  assert.deepEqual(await count(), before);
  const strip = (rows) => rows.map(({ updated_at: _, ...row }) => row);
  assert.deepEqual(strip(await sql('select * from plan_price_map order by plan')), strip(map));
  for (const row of map) {
    const plan = PLANS.find((p) => p.id === row.plan);
    const base = await client.prices.list({ lookup_keys: [`driftlock_${row.plan}_${plan.price_usd * 100}`] });
    assert.deepEqual([base.data[0].id, base.data[0].unit_amount, base.data[0].recurring.interval], [row.base_price, plan.price_usd * 100, 'month']);
    const metered = (await fake('state')).tables.price.find((p) => p.id === row.metered_price);
    assert.deepEqual(metered.tiers.map((tier) => [tier.up_to, Number(tier.unit_amount_decimal ?? tier.unit_amount)]), [[plan.included_detections, 0], [null, plan.overage_usd * 100]]);
    assert.equal(metered.recurring.meter, row.meter);
  }
  figure(t, `${map.length} plans: ${map.map((r) => r.plan).join(', ')}`);
});

test('a changed price leaves everybody who subscribed before on theirs', async () => {
  await syncClock();
  const map = await sql('select * from plan_price_map');
  const [was] = map.filter((p) => p.plan === 'growth');
  const tenant = await newTenant('before-the-change');
  const row = await subscribe(tenant, 'growth');
  const growth = PLANS.find((plan) => plan.id === 'growth');
  try {
    const { rows: [now] } = await setUp({ stripe: client, admin, live: false, sold: [{ ...growth, price_usd: 259 }] });
    assert.notEqual(now.base_price, was.base_price);
    assert.deepEqual((await sql("select base_price, current from plan_price_map where plan = 'growth' order by current")), [{ base_price: was.base_price, current: false }, { base_price: now.base_price, current: true }]);
    await fake('emit', { type: 'customer.subscription.updated', object: { id: row.stripe_subscription, object: 'subscription', customer: row.stripe_customer } });
    await fake('settle');
    await drained();
    // one that has been taken up may still be under way
    const unfinished = () => sql("select id, cause from stripe_events where object_id = $1 and state <> 'done'", [row.stripe_subscription]);
    await eventually('its events are done', async () => (await unfinished()).length === 0);
    assert.equal((await account(tenant.id)).effective_plan, 'growth');
    const other = await newTenant('after-the-change');
    const bought = await subscribe(other, 'growth');
    const pricesOf = async (id) => (await client.subscriptions.retrieve(id)).items.data.map((item) => item.price.id);
    assert.deepEqual(await pricesOf(bought.stripe_subscription), [now.base_price, now.metered_price]);
    // away from the former price: month for month, detections for detections
    const changed = await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'standard' } });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    const standard = map.find((p) => p.plan === 'standard');
    assert.deepEqual(await pricesOf(row.stripe_subscription), [standard.base_price, standard.metered_price]);
    await api('POST', '/v1/billing/change', { as: other.owner, json: { plan: 'standard' } });
  } finally {
    await setUp({ stripe: client, admin, live: false });
    await sql("delete from plan_price_map where not current");
  }
});

test('the webhook endpoint is made once, and brought up to date', async () => {
  const webhookUrl = 'https://setup.test/stripe-webhook';
  const first = await setUp({ stripe: client, admin, live: false, webhookUrl });
  assert.deepEqual(first.changed, ['webhook endpoint']);
  assert.match(first.webhookSecret, /^whsec_/);
  const second = await setUp({ stripe: client, admin, live: false, webhookUrl });
  assert.deepEqual([second.changed, second.webhookSecret], [[], null]);
  const { data } = await client.webhookEndpoints.list();
  await client.webhookEndpoints.update(data.find((e) => e.url === webhookUrl).id, { enabled_events: ['invoice.paid'] });
  assert.deepEqual((await setUp({ stripe: client, admin, live: false, webhookUrl })).changed, ['events of the webhook endpoint']);
});

test('a portal configuration that was changed is brought in line again, under its id', async () => {
  const [{ portal_configuration: id }] = await sql('select distinct portal_configuration from plan_price_map');
  await client.billingPortal.configurations.update(id, { features: { subscription_cancel: { enabled: true, mode: 'immediately' } } });
  assert.deepEqual((await setUp({ stripe: client, admin, live: false })).changed, ['features of the portal configuration']);
  const found = (await client.billingPortal.configurations.list()).data.filter((c) => c.metadata.driftlock === '1');
  assert.deepEqual(found.map((c) => [c.id, c.features.subscription_cancel.mode]), [[id, 'at_period_end']]);
  await client.billingPortal.configurations.update(id, { features: { customer_update: { enabled: true, allowed_updates: ['email'] } } });
  assert.deepEqual((await setUp({ stripe: client, admin, live: false })).changed, ['features of the portal configuration']);
  // what Stripe adds by itself, and the order of a list, are no difference
  await client.billingPortal.configurations.update(id, { features: { customer_update: { enabled: true, allowed_updates: ['name', 'tax_id', 'address', 'email'] }, subscription_update: { enabled: false } } });
  assert.deepEqual((await setUp({ stripe: client, admin, live: false })).changed, []);
});

test('the fake refuses what Stripe refuses', async () => {
  const call = (path, { key = 'sk_test_fake_driftlock', version = '2026-10-28.endive', body, idempotency } = {}) =>
    fetch(`${new URL(path, stripe.url)}`, { method: body === undefined ? 'GET' : 'POST', body, headers: { authorization: `Bearer ${key}`, 'stripe-version': version, ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }), ...(idempotency && { 'idempotency-key': idempotency }) } });
  const refusal = async (response, status, code) => {
    const { error } = await response.json();
    assert.deepEqual([response.status, error.code ?? error.type], [status, code], error.message);
  };
  await refusal(await call('/v1/prices', { key: 'sk_test_other' }), 401, 'invalid_request_error');
  await refusal(await call('/v1/prices', { version: '2020-01-01' }), 400, 'invalid_request_error');
  await refusal(await call('/v1/customers', { body: 'colour=red' }), 400, 'parameter_unknown');
  await refusal(await call('/v1/customers/cus_none'), 404, 'resource_missing');
  const key = `same-${Date.now()}`;
  const made = await (await call('/v1/customers', { body: 'email=a%40b.test', idempotency: key })).json();
  const replayed = await call('/v1/customers', { body: 'email=a%40b.test', idempotency: key });
  assert.equal(replayed.headers.get('idempotent-replayed'), 'true');
  assert.equal((await replayed.json()).id, made.id);
  await refusal(await call('/v1/customers', { body: 'email=c%40d.test', idempotency: key }), 400, 'idempotency_error');
  const event = (extra) => `event_name=driftlock_detections&payload[stripe_customer_id]=${made.id}&payload[value]=1${extra}`;
  assert.equal((await call('/v1/billing/meter_events', { body: event('&identifier=one') })).status, 200);
  await refusal(await call('/v1/billing/meter_events', { body: event('&identifier=one') }), 400, 'duplicate_meter_event');
  await fake('advance', { days: 1.01 });
  assert.equal((await call('/v1/billing/meter_events', { body: event('&identifier=one') })).status, 200, 'forgotten after a day');
  const { now } = await fake('advance', { days: 0 });
  await refusal(await call('/v1/billing/meter_events', { body: event(`&timestamp=${now - 36 * 86_400}`) }), 400, 'timestamp_too_far_in_past');
  await refusal(await call('/v1/billing/meter_events', { body: event(`&timestamp=${now + 600}`) }), 400, 'timestamp_in_future');
  await refusal(await call('/v1/billing/meter_events', { body: event('').replace('value]=1', 'value]=1.5') }), 400, 'parameter_invalid_integer');
});

test('plans and estimates are anyone\'s to read', async () => {
  const plans = await api('GET', '/v1/plans');
  assert.deepEqual(plans.body.plans, PLANS);
  const { body } = await api('GET', '/v1/billing/estimate?events=2000000&detections=60000');
  assert.deepEqual(body.plans.map((p) => [p.plan, p.fits, p.monthly_usd]), [['developer', false, null], ['standard', true, 59], ['growth', true, 249], ['enterprise', true, null]]);
  assert.equal((await api('GET', '/v1/billing/estimate?events=-1')).status, 400);
});
