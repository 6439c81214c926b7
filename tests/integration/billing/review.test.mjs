// Edges of the life cycle, each named after what went wrong without it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, assertProblem, eventually } from '../support/stack.mjs';
import { account, advance, billingOf, client, cron, dayOf, drained, fake, loseCustomer, newTenant, report, sql, subjects, subscribe, syncClock } from './support.mjs';

const sessionOf = (checkout) => checkout.body.url.split('/').at(-1);
const open = (tenant, plan) => api('POST', '/v1/billing/checkout', { as: tenant.owner, json: { plan } });
// other tests count the organisations that are due to be purged
const restored = (tenant) => sql('update organizations set deleted_at = null where id = $1', [tenant.id]);
const actions = async (org) => (await sql('select action from audit_log where org_id = $1 order by seq', [org])).map((r) => r.action);

test('a deleted organisation\'s last usage is at the meter before its subscription is cancelled, and on a final invoice', async () => {
  await syncClock();
  const tenant = await newTenant('deleted');
  const row = await subscribe(tenant, 'growth');
  await advance(3);
  const now = await syncClock();
  await report(tenant.id, 's', dayOf(now), 600_000);
  await sql('update organizations set deleted_at = to_timestamp($2) where id = $1', [tenant.id, now]);
  await advance(0.01);
  const status = async () => (await client.subscriptions.retrieve(row.stripe_subscription)).status;
  assert.equal(await status(), 'active', 'the meter adds up what it took a little later');
  await advance(0.01);
  assert.equal(await status(), 'canceled');
  const { data } = await client.invoices.list({ customer: row.stripe_customer, limit: 1 });
  assert.equal(data[0].amount_due, 5_000, '100,000 more than the allowance at 0.05 cents');
  assert.equal((await account(tenant.id)).status, 'canceled');
  await restored(tenant);
});

test('a deleted organisation is cancelled after a day even where the meter cannot be told', async () => {
  await syncClock();
  const tenant = await newTenant('deleted-unmetered');
  const row = await subscribe(tenant, 'growth');
  await sql("update plan_price_map set event_name = 'nobody_knows'");
  try {
    await report(tenant.id, 's', dayOf(await syncClock()), 5);
    await sql('update organizations set deleted_at = now() where id = $1', [tenant.id]);
    await sql("update meter_flushes set state = 'pending', due_at = now() + interval '9 days' where org_id = $1", [tenant.id]);
    await advance(1.1);
    assert.equal((await client.subscriptions.retrieve(row.stripe_subscription)).status, 'canceled');
  } finally {
    await sql("update plan_price_map set event_name = 'driftlock_detections'");
    await sql("update meter_flushes set state = 'sent' where org_id = $1", [tenant.id]);
    await restored(tenant);
  }
});

test('a deleted organisation stays until its subscription\'s end is confirmed, however long Stripe is away', async () => {
  await syncClock();
  const tenant = await newTenant('unreachable');
  const row = await subscribe(tenant, 'standard');
  // another one paid on a page that was open, and no event has told us
  const unheard = await newTenant('unheard');
  await fake('mode', { mode: 'hold' });
  let secret;
  try {
    await fake('pay', { session: sessionOf(await open(unheard, 'growth')) });
    const { stripe_customer: customer, status } = await account(unheard.id);
    assert.equal(status, 'none');
    [secret] = (await client.subscriptions.list({ customer })).data;
    await sql("update organizations set deleted_at = now() - interval '31 days' where id = any($1)", [[tenant.id, unheard.id]]);
    const hourly = () => api('POST', '/v1/_test/scheduled');
    const left = async () => (await sql('select id from organizations where id = any($1)', [[tenant.id, unheard.id]])).length;
    await fake('outage', { kind: 'down' });
    await cron();
    await hourly();
    assert.equal(await left(), 2, 'nothing is removed that Stripe may go on charging for');
    const { detail } = (await api('GET', '/readyz')).body.dependencies.find((d) => d.name === 'billing');
    assert.match(detail, /unclosed_accounts: 2/);
    await fake('outage', { kind: 'none' });
    await cron();
    await cron();
    for (const id of [row.stripe_subscription, secret.id]) assert.equal((await client.subscriptions.retrieve(id)).status, 'canceled');
    await hourly();
    assert.equal(await left(), 0);
    assert.doesNotMatch(JSON.stringify((await api('GET', '/readyz')).body), /unclosed_accounts/);
  } finally {
    await fake('outage', { kind: 'none' });
    await fake('mode', { mode: 'send' });
    await fake('settle');
    await drained();
  }
});

test('an earlier checkout page is closed when a new one is made', async () => {
  await syncClock();
  const tenant = await newTenant('two-pages');
  const first = await open(tenant, 'standard');
  const second = await open(tenant, 'growth');
  assert.equal((await client.checkout.sessions.retrieve(sessionOf(first))).status, 'expired');
  assert.equal((await client.checkout.sessions.retrieve(sessionOf(second))).status, 'open');
  const both = await Promise.all([open(tenant, 'standard'), open(tenant, 'growth'), open(tenant, 'standard')]);
  assert.ok(both.every((answer) => answer.status === 200));
  const { customer } = await client.checkout.sessions.retrieve(sessionOf(second));
  assert.equal((await client.checkout.sessions.list({ customer, status: 'open' })).data.length, 1, 'of several at once, too, one stays open');
});

test('a checkout is refused while a subscription runs that we have not heard of yet', async () => {
  await syncClock();
  const tenant = await newTenant('unheard');
  const first = await open(tenant, 'growth');
  await fake('mode', { mode: 'hold' });
  try {
    await fake('pay', { session: sessionOf(first) });
    assert.equal((await account(tenant.id)).status, 'none');
    assertProblem(await open(tenant, 'standard'), 409, 'already_subscribed');
    assert.equal((await billingOf(tenant)).plan, 'growth', 'and is known from then on');
  } finally {
    await fake('mode', { mode: 'send' });
  }
});

test('of two checkouts that were both paid the older is cancelled and refunded, with an audit entry and a mail', async () => {
  await syncClock();
  const tenant = await newTenant('paid-twice');
  await subscribe(tenant, 'growth');
  const older = await account(tenant.id);
  await advance(0.01);
  const prices = (await sql("select base_price, metered_price from plan_price_map where plan = 'standard'"))[0];
  // a page that was open all the while: made without our route, which would refuse it
  const page = await client.checkout.sessions.create({ mode: 'subscription', customer: older.stripe_customer, success_url: 'https://x.test/', line_items: [{ price: prices.base_price, quantity: 1 }, { price: prices.metered_price }] });
  await fake('pay', { session: page.id });
  await eventually('the newer one', async () => (await account(tenant.id)).plan === 'standard');
  await fake('settle');
  await drained();
  await cron();
  const now = await account(tenant.id);
  assert.deepEqual([now.status, now.effective_plan], ['active', 'standard']);
  assert.notEqual(now.stripe_subscription, older.stripe_subscription);
  assert.equal((await client.subscriptions.retrieve(older.stripe_subscription)).status, 'canceled');
  const { tables } = await fake('state');
  const refunds = tables.refund.filter((r) => tables.charge.find((c) => c.id === r.charge).customer === older.stripe_customer);
  assert.equal(refunds.length, 1);
  assert.equal(refunds[0].reason, 'duplicate');
  const said = await subjects(tenant.owner);
  assert.equal(said.filter((s) => s === 'A second Driftlock subscription was cancelled').length, 1, said.join());
  assert.ok(!said.includes('Your Driftlock subscription has ended'), 'the plan goes on');
  assert.equal((await actions(tenant.id)).filter((a) => a === 'subscription.duplicate_cancelled').length, 1);
});

for (const order of [['customer.deleted', 'customer.subscription.deleted'], ['customer.subscription.deleted', 'customer.deleted']]) {
  test(`a deleted customer ends the plan and is replaced by another one, ${order[0]} heard first`, async () => {
    await syncClock();
    const tenant = await newTenant(`gone-${order[0].length}`);
    const row = await subscribe(tenant, 'growth');
    await fake('settle');
    await fake('mode', { mode: 'hold' });
    try {
      const before = (await fake('events')).length;
      await fake('delete_customer', { customer: row.stripe_customer });
      const news = (await fake('events')).slice(before);
      for (const type of order) {
        const { id } = news.find((e) => e.type === type);
        assert.equal((await fake('send', { id })).status, 200);
        await eventually(`${type} to be done`, async () => (await sql('select state from stripe_events where id = $1', [id]))[0]?.state === 'done');
        assert.equal((await account(tenant.id)).effective_plan, 'developer', `after ${type}`);
      }
      const after = await account(tenant.id);
      assert.deepEqual([after.status, after.effective_plan, after.stripe_customer], ['canceled', 'developer', null]);
      assert.ok(after.ended_at);
      await cron();
      assert.equal((await subjects(tenant.owner)).filter((s) => s === 'Your Driftlock subscription has ended').length, 1);
    } finally {
      await fake('mode', { mode: 'send' });
    }
    const again = await subscribe(tenant, 'growth');
    assert.equal(again.effective_plan, 'growth', 'and subscribing again works');
    assert.notEqual(again.stripe_customer, row.stripe_customer, 'with a customer that lives');
  });
}

test('what a shared Stripe account sells besides Driftlock is left alone, and no dead letter', async () => {
  await syncClock();
  const product = await client.products.create({ name: 'Something else' });
  const price = await client.prices.create({ product: product.id, currency: 'usd', unit_amount: 700, recurring: { interval: 'month' } });
  const customer = await client.customers.create({ email: 'somebody@else.test' });
  const page = await client.checkout.sessions.create({ mode: 'subscription', customer: customer.id, success_url: 'https://x.test/', line_items: [{ price: price.id, quantity: 1 }] });
  await fake('pay', { session: page.id });
  await fake('settle');
  await drained();
  await advance(32); // a period's draft among them
  const events = await sql('select type, state, outcome, cause from stripe_events where subject = $1', [customer.id]);
  assert.ok(events.length >= 5, JSON.stringify(events));
  assert.deepEqual(events.filter((e) => e.state !== 'done' || !['not ours', 'not handled'].includes(e.outcome)), []);
  const { tables } = await fake('state');
  const cycle = tables.invoice.find((i) => i.customer === customer.id && i.billing_reason === 'subscription_cycle');
  assert.equal(cycle.status, 'paid', 'finalised when its owner meant it to be');
  assert.equal(cycle.status_transitions.finalized_at - cycle.created, 3600);
});

test('a customer that replaces another on the same day is metered for what the former was not', async () => {
  await syncClock();
  const tenant = await newTenant('replaced');
  const { customer, day } = await loseCustomer(tenant);
  const again = await subscribe(tenant, 'growth');
  await report(tenant.id, 's', day, 25);
  await cron();
  const flushes = await sql('select customer, value, state from meter_flushes where org_id = $1 order by created_at', [tenant.id]);
  assert.deepEqual(flushes.map((f) => [f.customer, Number(f.value), f.state]), [[customer, 10, 'sent'], [again.stripe_customer, 15, 'sent']]);
});
