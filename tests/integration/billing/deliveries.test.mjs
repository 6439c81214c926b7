// must show 3: webhook deliveries in any order, up to five times each, while the Worker is killed: the end is that of one orderly
// delivery of each, and nothing was done twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { control, eventually, figure, full, metricsToken, sleep } from '../support/stack.mjs';
import { DAY, account, cron, drained, fake, newTenant, sql, syncClock } from './support.mjs';
import { api } from '../support/stack.mjs';

const DELIVERIES = full ? 10_000 : 500;
const KILLS = 20;
const ORGANIZATIONS = Math.ceil(DELIVERIES / 60);
const AT_ONCE = 8;

/** Numbers that look random and are the same on every run. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
const random = seeded(20_261_121);
const shuffled = (list) => list.map((item) => [random(), item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);

/** A checkout, finished at the fake, without waiting for news of it. */
async function subscribeQuietly(tenant, plan) {
  const checkout = await api('POST', '/v1/billing/checkout', { as: tenant.owner, json: { plan } });
  assert.equal(checkout.status, 200, JSON.stringify(checkout.body));
  await fake('pay', { session: checkout.body.url.split('/').at(-1) });
}

const planChanges = (orgs, since = 0) => sql(`select org_id, count(*)::int as n from audit_log where org_id = any($1) and actor_id = 'stripe' and action = 'organization.changed' and seq > $2 group by 1 order by 1`, [orgs, since]);

/** Everything that deliveries decide, without times of arrival. */
async function outcome(tenants) {
  const orgs = tenants.map((t) => t.id);
  return {
    accounts: await sql(`select s.org_id, s.status, s.plan, o.plan as effective, s.stripe_status, s.stripe_subscription, s.trial_end, s.trial_used, s.current_period_start,
      s.current_period_end, s.cancel_at_period_end, s.ended_at, s.grace_started_at, s.grace_ends_at, s.disputed_at, s.metering_from, s.metering_until
      from subscriptions s join organizations o on o.id = s.org_id where s.org_id = any($1) order by 1`, [orgs]),
    mails: await sql('select org_id, key, kind from billing_mails where org_id = any($1) order by key', [orgs]),
    audit: await sql(`select org_id, action, target_id, request_id from audit_log where org_id = any($1) and actor_id = 'stripe' and action not in ('subscription.changed', 'organization.changed') order by request_id, action`, [orgs]),
    // which of its events changes the plan depends on the order, but it changes as often
    planChanges: await planChanges(orgs),
    events: await sql('select id, state, outcome, org_id from stripe_events where org_id = any($1) order by id', [orgs]),
  };
}

/** Posts until it is taken, as Stripe does for days. */
async function deliver(id) {
  for (let tries = 0; ; tries += 1) {
    const { status } = await fake('send', { id });
    if (status === 200) return;
    assert.ok(tries < 200, `${id} is not taken: ${status}`);
    await sleep(100);
  }
}

const finished = () => eventually('all events to be done', async () => {
  await cron();
  const [{ waiting }] = await sql("select count(*)::int as waiting from stripe_events where state = 'received'");
  return waiting === 0;
}, { timeoutMs: full ? 1_800_000 : 300_000, everyMs: 500 });

test(`must show 3: ${DELIVERIES} deliveries, shuffled, each one to five times, ${KILLS} kills of the Worker`, async (t) => {
  await syncClock();
  await fake('mode', { mode: 'hold' });
  const before = (await fake('events')).length;
  const tenants = [];
  let events;
  try {
    for (let i = 0; i < ORGANIZATIONS; i += 1) {
      const tenant = await newTenant(`deliveries-${i}`);
      await subscribeQuietly(tenant, i % 2 ? 'growth' : 'standard');
      tenant.customer = (await account(tenant.id)).stripe_customer;
      tenants.push(tenant);
    }
    await fake('advance', { days: 16 });
    for (const [i, { customer }] of tenants.entries()) {
      if (i % 6 === 0) await fake('card', { customer, card: 'decline' });
      if (i % 4 === 0) await fake('refund', { customer, amount: 100 + i });
      if (i % 5 === 0) await fake('dispute', { customer, amount: 4_900 });
    }
    await fake('advance', { days: 32 });
    for (const [i, { customer }] of tenants.entries()) if (i % 12 === 0) await fake('card', { customer, card: 'ok' });
    // nobody's grace is over yet: that would be cron's doing, not the deliveries'
    await fake('advance', { days: 3 });
    const mine = new Set(tenants.map((tenant) => tenant.customer));
    events = (await fake('events')).slice(before).filter((e) => mine.has(e.data.object.customer) || mine.has(e.data.object.id) || e.type === 'charge.dispute.created');
  } finally {
    await fake('mode', { mode: 'send' });
  }
  await syncClock();
  // the wanted number of deliveries: each event once, the rest dealt out, at most five for each
  const copies = new Map(events.map((e) => [e.id, 1]));
  for (let spare = DELIVERIES - events.length; spare > 0; ) {
    const { id } = events[Math.floor(random() * events.length)];
    if (copies.get(id) >= 5 && events.some((e) => copies.get(e.id) < 5)) continue;
    copies.set(id, copies.get(id) + 1);
    spare -= 1;
  }
  const queue = shuffled([...copies].flatMap(([id, n]) => Array(n).fill(id)));
  const total = queue.length;
  assert.ok(total >= DELIVERIES);

  let delivered = 0;
  const client = async () => {
    for (let id; (id = queue.pop()); ) {
      await deliver(id);
      delivered += 1;
    }
  };
  const clients = Array.from({ length: AT_ONCE }, client);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const at = Math.floor((kill * total) / (KILLS + 1));
    await eventually(`delivery ${at}`, () => delivered >= at, { timeoutMs: 300_000, everyMs: 5 });
    await control('worker/kill');
    await control('worker/start');
    await syncClock();
  }
  await Promise.all(clients);
  await finished();
  const shuffledOutcome = await outcome(tenants);

  const ids = events.map((e) => e.id);
  const states = await sql('select state, count(*)::int as n from stripe_events where id = any($1) group by 1', [ids]);
  assert.deepEqual(states, [{ state: 'done', n: ids.length }], 'each event is done');
  const twice = await sql(`select request_id, action, count(*)::int from audit_log where request_id = any($1) and action not in ('subscription.changed', 'organization.changed') group by 1, 2 having count(*) > 1`, [ids]);
  assert.deepEqual(twice, [], 'no event left its mark twice');

  // once more from the beginning: in order, each once
  const orgs = tenants.map((tenant) => tenant.id);
  const marks = (await sql('select org_id, max(seq)::int as seq from audit_log where org_id = any($1) group by 1', [orgs])).map((r) => [r.org_id, r.seq]);
  await sql('delete from stripe_events where id = any($1)', [ids]);
  await sql('delete from billing_mails where org_id = any($1)', [orgs]);
  await sql("update subscriptions set status = 'none', stripe_subscription = null, stripe_status = null, stripe_created = null, trial_used = false, disputed_at = null, grace_invoice = null, grace_started_at = null, grace_ends_at = null where org_id = any($1)", [orgs]);
  await sql("update organizations set plan = 'developer' where id = any($1)", [orgs]);
  for (const { id } of events) await deliver(id);
  await finished();
  const ordered = await outcome(tenants);
  const bySubject = (x, y) => (x.request_id + x.action < y.request_id + y.action ? -1 : 1);
  [ordered.audit, ordered.planChanges] = [[], []];
  for (const [org, seq] of marks) {
    ordered.audit.push(...(await sql(`select org_id, action, target_id, request_id from audit_log where org_id = $1 and seq > $2 and actor_id = 'stripe' and action not in ('subscription.changed', 'organization.changed')`, [org, seq])));
    ordered.planChanges.push(...(await planChanges([org], seq)));
  }
  ordered.audit.sort(bySubject);
  ordered.planChanges.sort((x, y) => (x.org_id < y.org_id ? -1 : 1));
  assert.deepEqual(shuffledOutcome.accounts, ordered.accounts);
  assert.deepEqual(shuffledOutcome.mails, ordered.mails);
  assert.deepEqual(shuffledOutcome.audit.toSorted(bySubject), ordered.audit);
  assert.deepEqual(shuffledOutcome.events, ordered.events);
  assert.deepEqual(shuffledOutcome.planChanges, ordered.planChanges);
  const kinds = new Set(ordered.accounts.map((a) => a.status));
  assert.ok(kinds.has('active') && kinds.has('grace'), [...kinds].join());
  figure(t, `${total} deliveries of ${ids.length} events to ${tenants.length} organisations, ${KILLS} kills; ${ordered.mails.length} mails, ${ordered.audit.length} audit entries, none twice`);
});

test('an event that cannot be processed is retried from our own table, given up visibly, and can be taken up again', async () => {
  await syncClock();
  const tenant = await newTenant('dead-letter');
  await subscribeQuietly(tenant, 'growth');
  const row = await eventually('the subscription', async () => { const r = await account(tenant.id); return r.status === 'active' && r; });
  // only the event below is to fail
  await fake('settle');
  await drained();
  const [lost] = await sql("update plan_price_map set base_price = 'price_taken_away' where plan = 'growth' returning *");
  assert.ok(lost);
  try {
    const event = await fake('emit', { type: 'customer.subscription.updated', object: { id: row.stripe_subscription, object: 'subscription', customer: row.stripe_customer } });
    const state = async () => (await sql('select * from stripe_events where id = $1', [event.id]))[0];
    await eventually('a first attempt', async () => (await state())?.attempts >= 1);
    for (let i = 0; i < 40 && (await state()).state === 'received'; i += 1) {
      await fake('advance', { days: 1.1 / 24 });
      await syncClock();
      await cron();
    }
    assert.equal((await state()).state, 'dead');
    assert.match((await state()).cause, /internal_error/);
    const ready = await api('GET', '/readyz');
    assert.equal(ready.status, 200, 'it is no reason to take no traffic');
    const billing = ready.body.dependencies.find((d) => d.name === 'billing');
    assert.equal(billing.state, 'down');
    assert.match(billing.detail, /dead_events: [1-9]/);
    assert.match((await api('GET', '/metrics', { as: metricsToken })).body, /^driftlock_billing\{what="dead_events"\} [1-9]/m);
    const { base_price: real } = (await sql("select base_price from (values ($1::text)) v(base_price)", [(await fake('state')).tables.price.find((p) => p.nickname === 'Growth').id]))[0];
    await sql("update plan_price_map set base_price = $1 where plan = 'growth'", [real]);
    await sql('select revive_stripe_events(now())');
    await syncClock();
    await cron();
    assert.equal((await state()).state, 'done');
    assert.equal((await api('GET', '/readyz')).body.dependencies.find((d) => d.name === 'billing').state, 'up');
  } finally {
    const price = (await fake('state')).tables.price.find((p) => p.nickname === 'Growth').id;
    await sql("update plan_price_map set base_price = $1 where plan = 'growth'", [price]);
  }
});

test('an event whose effects cannot be written is retried and given up like any other, and holds up no other', async () => {
  await syncClock();
  const [bad, good] = [await newTenant('poison'), await newTenant('behind-poison')];
  const rows = [];
  for (const tenant of [bad, good]) {
    await subscribeQuietly(tenant, 'growth');
    rows.push(await eventually('the subscription', async () => { const r = await account(tenant.id); return r.status === 'active' && r; }));
  }
  await fake('settle');
  await drained();
  await sql(`create function private.poison() returns trigger language plpgsql as $$ begin raise exception 'planted'; end $$`);
  await sql(`create trigger poison before update on stripe_events for each row when (new.state = 'done' and new.subject = '${rows[0].stripe_customer}') execute function private.poison()`);
  try {
    await fake('mode', { mode: 'hold' });
    const events = [];
    for (const row of rows) events.push(await fake('emit', { type: 'customer.subscription.updated', object: { id: row.stripe_subscription, object: 'subscription', customer: row.stripe_customer } }));
    // both are in the inbox before either is worked on, the one that fails is the older
    for (const [i, e] of events.entries()) await sql('select store_stripe_event($1, now())', [JSON.stringify({ id: e.id, type: e.type, created: e.created - 60 * (1 - i), subject: e.data.object.customer, object_id: e.data.object.id })]);
    const state = async (i) => (await sql('select state, attempts, cause, due_at > received_at as later from stripe_events where id = $1', [events[i].id]))[0];
    await cron();
    assert.equal((await state(1)).state, 'done', 'the other goes on in the same run');
    const failed = await state(0);
    assert.deepEqual([failed.state, failed.attempts, failed.later], ['received', 1, true]);
    assert.match(failed.cause, /internal_error/);
    for (let i = 0; i < 15 && (await state(0)).state === 'received'; i += 1) {
      await fake('advance', { days: 1.1 / 24 });
      await syncClock();
      await cron();
    }
    assert.deepEqual([(await state(0)).state, (await state(0)).attempts], ['dead', 10]);
  } finally {
    await fake('mode', { mode: 'send' });
    await sql('drop trigger poison on stripe_events');
    await sql('drop function private.poison()');
    await sql('select revive_stripe_events(now())');
    await syncClock();
    await cron();
  }
  assert.deepEqual(await sql("select count(*)::int as n from stripe_events where subject = $1 and state <> 'done'", [rows[0].stripe_customer]), [{ n: 0 }]);
});
