// must show 4: a million detections on their way to Stripe's meter, through lost answers, kills, an hour without Stripe and a day and
// more without it: the meter has exactly what was recorded, and the reconciliation says so, or says what is wrong.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { api, control, eventually, figure, sleep, stripe, supabase } from '../support/stack.mjs';
import { account, cron, dayOf, fake, loseCustomer, newTenant, report, sql, subscribe, syncClock } from './support.mjs';

const MILLION = 1_000_000;
const STEPS_A_DAY = 8;
const DAYS = 10;
const STREAMS = ['checkout-api', 'payments', 'metrics/cpu'];
const script = fileURLToPath(new URL('../../../scripts/lib/reconcile.mjs', import.meta.url));

/** What ./scripts/reconcile prints, and its exit status. */
async function reconcile(org, from, to) {
  const env = { ...process.env, STRIPE_SECRET_KEY: stripe.secretKey, STRIPE_API_URL: stripe.url, SUPABASE_URL: supabase.SUPABASE_URL, SUPABASE_SECRET_KEY: supabase.SUPABASE_SECRET_KEY };
  const run = await promisify(execFile)(process.execPath, [script, '--org', org, '--from', from, '--to', to], { env }).catch((error) => error);
  return { code: run.code ?? 0, text: `${run.stdout}${run.stderr.replace(/^.*Node\.js.*$/gm, '').trim()}` };
}

const atMeter = async (customer) => {
  const { tables } = await fake('state');
  return (tables.meter_event ?? []).filter((e) => e.payload.stripe_customer_id === customer).reduce((sum, e) => sum + Number(e.payload.value), 0);
};

/** A run of cron that the Worker does not survive. */
async function killedCron() {
  const run = cron().catch(() => {});
  await sleep(20 + Math.random() * 120);
  await control('worker/kill');
  await run;
  await control('worker/start');
  await syncClock();
  // what the dead run held is free after two minutes, which have passed by the next run
  await sql('update meter_flushes set leased_until = null');
}

const settle = () => eventually('no flush to wait', async () => {
  await fake('advance', { days: 0.6 / 24 });
  await syncClock();
  await cron();
  const [{ waiting }] = await sql("select count(*)::int as waiting from meter_flushes where state = 'pending'");
  return waiting === 0;
}, { timeoutMs: 120_000, everyMs: 10 });

test('must show 4: a million detections metered under retries, crashes and outages: the sums are the same to the last one', async (t) => {
  await syncClock();
  const tenant = await newTenant('million');
  const { stripe_customer: customer } = await subscribe(tenant, 'growth');
  const first = dayOf(await syncClock());
  const totals = new Map(); // stream and day → detections
  let recorded = 0;
  let kills = 0;
  const steps = DAYS * STEPS_A_DAY;
  for (let step = 0; step < steps; step += 1) {
    const now = await syncClock();
    for (const [i, stream] of STREAMS.entries()) {
      const share = step === steps - 1 && i === STREAMS.length - 1 ? MILLION - recorded : Math.floor(MILLION / (steps * STREAMS.length));
      const key = `${stream} ${dayOf(now)}`;
      totals.set(key, (totals.get(key) ?? 0) + share);
      recorded += share;
      await report(tenant.id, stream, dayOf(now), totals.get(key));
      if (step % 3 === 0) await report(tenant.id, stream, dayOf(now), totals.get(key)); // a repeated flush
    }
    // day 2: every other answer is lost; day 4: Stripe is away for an hour and more; some runs do not survive
    const lost = step >= 2 * STEPS_A_DAY && step < 3 * STEPS_A_DAY && step % 2 === 0;
    const down = step >= 4 * STEPS_A_DAY && step < 4 * STEPS_A_DAY + 2;
    await fake('outage', { kind: lost ? 'lost' : down ? 'down' : 'none' });
    if (step % 16 === 7) {
      await killedCron();
      kills += 1;
    } else await cron();
    await fake('outage', { kind: 'none' });
    await fake('advance', { days: 1 / STEPS_A_DAY });
  }
  await settle();
  const last = dayOf(await syncClock());
  const [{ counted }] = await sql('select sum(detections)::int as counted from usage_counters where org_id = $1', [tenant.id]);
  const [{ sent, flushes, attempts }] = await sql("select sum(value)::int as sent, count(*)::int as flushes, sum(attempts)::int as attempts from meter_flushes where org_id = $1 and state = 'sent'", [tenant.id]);
  const metered = await atMeter(customer);
  assert.deepEqual({ counted, sent, metered }, { counted: MILLION, sent: MILLION, metered: MILLION });
  assert.ok(attempts > flushes, 'some were sent more than once');
  figure(t, `${metered} at the meter of ${counted} recorded: ${flushes} flushes, ${attempts} attempts, ${kills} kills`);

  await t.test('the reconciliation finds no difference', async () => {
    const { code, text } = await reconcile(tenant.id, first, last);
    assert.equal(code, 0, text);
    assert.match(text, /1 organisations, 0 differences/);
  });

  await t.test('and finds each planted one', async () => {
    await fake('plant', { customer, day: first, value: 7 });
    const more = await reconcile(tenant.id, first, last);
    assert.equal(more.code, 1);
    assert.match(more.text, new RegExp(`^${first} .*sent flushes differ from Stripe's sum  told=\\d+ stripe=\\d+ difference=-7$`, 'm'));
    assert.match(more.text, /1 differences/);
    // on our side: a flush too few, and detections nobody was told of
    await sql("update usage_counters set detections = detections + 5 where org_id = $1 and stream = 'payments' and day = $2", [tenant.id, first]);
    const both = await reconcile(tenant.id, first, last);
    assert.match(both.text, new RegExp(`^${first} .*recorded detections differ from flushes  recorded=\\d+ told=\\d+ difference=5$`, 'm'));
    assert.match(both.text, /2 differences/);
  });
});

test('after an outage longer than Stripe remembers, the meter is asked before anything is sent again', async (t) => {
  for (const [kind, arrived] of [['lost', true], ['down', false]]) {
    await syncClock();
    const tenant = await newTenant(`outage-${kind}`);
    const { stripe_customer: customer } = await subscribe(tenant, 'growth');
    const now = await syncClock();
    await report(tenant.id, 's', dayOf(now), 1234);
    await fake('outage', { kind });
    await cron();
    await fake('outage', { kind: 'down' });
    assert.equal(await atMeter(customer), arrived ? 1234 : 0);
    await fake('advance', { days: 1.3 });
    await syncClock();
    await cron();
    await fake('outage', { kind: 'none' });
    await settle();
    assert.equal(await atMeter(customer), 1234, `${kind}: once`);
    const [flush] = await sql('select * from meter_flushes where org_id = $1', [tenant.id]);
    assert.equal(flush.state, 'sent');
  }
  figure(t, 'arrived unseen: not sent again; never arrived: sent');
});

for (const [kind, what] of [['error', 'a failure that Stripe stores under its key'], ['key', 'a key that was refused for an hour']]) {
  test(`${what} keeps no detection from the meter`, async () => {
    await syncClock();
    const tenant = await newTenant(`outage-${kind}`);
    const { stripe_customer: customer } = await subscribe(tenant, 'growth');
    await report(tenant.id, 's', dayOf(await syncClock()), 321);
    await fake('settle');
    await fake('outage', { kind });
    try {
      await cron();
    } finally {
      await fake('outage', { kind: 'none' });
    }
    assert.deepEqual((await sql('select state from meter_flushes where org_id = $1', [tenant.id])).map((f) => f.state), ['pending'], 'nobody has to look');
    await fake('advance', { days: 1 / 24 });
    await settle();
    assert.equal(await atMeter(customer), 321);
  });
}

test('while Stripe is away one flush is tried, not all of them', async () => {
  await syncClock();
  const tenants = [];
  for (const name of ['away-1', 'away-2', 'away-3']) tenants.push(await newTenant(name));
  for (const tenant of tenants) await subscribe(tenant, 'growth');
  await cron();
  const day = dayOf(await syncClock());
  for (const tenant of tenants) await report(tenant.id, 's', day, 11);
  await fake('settle');
  await fake('outage', { kind: 'down' });
  const before = (await fake('state')).calls;
  try {
    await cron();
  } finally {
    await fake('outage', { kind: 'none' });
  }
  const flushes = await sql('select attempts, first_attempt_at, leased_until from meter_flushes where org_id = any ($1)', [tenants.map((t) => t.id)]);
  assert.equal(flushes.length, 3);
  assert.equal(flushes.filter((f) => f.attempts === 1).length, 1);
  assert.equal(flushes.filter((f) => f.attempts === 0 && !f.first_attempt_at && !f.leased_until).length, 2);
  assert.ok((await fake('state')).calls - before <= 3 * 3, 'other steps of cron included');
  await fake('advance', { days: 1 / 24 });
  await settle();
  assert.equal((await sql("select count(*)::int as n from meter_flushes where org_id = any ($1) and state = 'sent'", [tenants.map((t) => t.id)]))[0].n, 3);
});

test('a flush under review that has been looked at is compared, then sent again, and on record', async () => {
  await syncClock();
  const tenant = await newTenant('requeued');
  const { stripe_customer: customer } = await subscribe(tenant, 'growth');
  await report(tenant.id, 's', dayOf(await syncClock()), 40);
  await cron();
  assert.equal(await atMeter(customer), 40);
  const requeue = async () => {
    await sql("update meter_flushes set state = 'review', cause = 'looked at' where org_id = $1", [tenant.id]);
    const now = await syncClock();
    const [{ count }] = await sql('select requeue_meter_flushes(array_agg(identifier), to_timestamp($2)) as count from meter_flushes where org_id = $1', [tenant.id, now]);
    assert.equal(count, 1);
    await settle();
    const [flush] = await sql('select state from meter_flushes where org_id = $1', [tenant.id]);
    assert.deepEqual([flush.state, await atMeter(customer)], ['sent', 40]);
  };
  await requeue(); // it had arrived after all
  await fake('lose_meter_events', { customer });
  assert.equal(await atMeter(customer), 0);
  await requeue(); // it had not: sent, under a name that Stripe has not seen
  assert.equal((await sql("select count(*)::int as n from audit_log where org_id = $1 and action = 'meter.flush_requeued'", [tenant.id]))[0].n, 2);
});

test('what the meter reports as unusable waits for a person, visibly', async () => {
  await syncClock();
  const tenant = await newTenant('meter-error');
  await subscribe(tenant, 'growth');
  await report(tenant.id, 's', dayOf(await syncClock()), 10);
  await cron();
  const [{ identifier }] = await sql('select identifier from meter_flushes where org_id = $1', [tenant.id]);
  await fake('meter_error', { identifier });
  const row = await eventually('the flush to be set aside', async () => { const [r] = await sql('select * from meter_flushes where identifier = $1', [identifier]); return r.state === 'review' && r; });
  assert.equal(row.cause, 'meter_event_customer_not_found');
  const day = dayOf(await syncClock());
  const { code, text } = await reconcile(tenant.id, day, day);
  assert.equal(code, 1);
  assert.match(text, /flush review {2}identifier=dlk-/);
  await sql("update meter_flushes set state = 'sent' where identifier = $1", [identifier]); // as a person would, having looked
  assert.ok(await account(tenant.id));
});

test('a report that names one event of several leads to every flush that is missing', async (t) => {
  const now = await syncClock();
  const tenants = [];
  for (const name of ['named', 'unnamed', 'well']) {
    const tenant = await newTenant(`meter-${name}`);
    await subscribe(tenant, 'growth');
    await report(tenant.id, 's', dayOf(now), 40 + tenants.length);
    tenants.push(tenant);
  }
  await cron();
  const flushOf = async (tenant) => (await sql('select * from meter_flushes where org_id = $1', [tenant.id]))[0];
  const [named, unnamed] = await Promise.all(tenants.map(flushOf));
  await fake('meter_error', { identifier: named.identifier, unnamed: [unnamed.identifier] });
  await eventually('both to be set aside', async () => (await flushOf(tenants[0])).state === 'review' && (await flushOf(tenants[1])).state === 'review');
  assert.equal((await flushOf(tenants[1])).cause, 'the meter has 0 of 41 sent of the day');
  assert.equal((await flushOf(tenants[2])).state, 'sent', 'what the meter has stays');
  for (const [tenant, flush] of [[tenants[0], named], [tenants[1], unnamed]]) {
    const audit = await api('GET', '/v1/audit?action=meter.flush_refused', { as: tenant.owner });
    assert.equal(audit.status, 200, JSON.stringify(audit.body));
    const entries = audit.body.entries.filter((entry) => entry.action === 'meter.flush_refused');
    assert.deepEqual(entries.map((entry) => [entry.target_id, entry.after.detections]), [[flush.identifier, Number(flush.value)]]);
  }
  const ready = await api('GET', '/readyz');
  assert.match(ready.body.dependencies.find((d) => d.name === 'billing').detail, /flushes_to_review: 2/);
  await sql("update meter_flushes set state = 'sent' where identifier = any($1)", [[named.identifier, unnamed.identifier]]);
  figure(t, '2 flushes set aside of a report with 2 errors and 1 sample');
});

test('the reconciliation asks the right meter, and of former customers and earlier subscriptions, too', async () => {
  await syncClock();
  const tenant = await newTenant('former-customer');
  const { customer, day } = await loseCustomer(tenant);
  // a row of the other environment, before ours
  await sql("insert into plan_price_map (livemode, plan, base_price, metered_price, product, meter, event_name) values (true, 'growth', 'price_live', 'price_live_m', 'prod_live', 'mtr_live', 'd')");
  try {
    const none = await reconcile(tenant.id, day, day);
    assert.match(none.text, /1 organisations, 0 differences/, 'who has no customer any more is looked at, too');
    await fake('plant', { customer, day, value: 3 });
    const more = await reconcile(tenant.id, day, day);
    assert.match(more.text, /sent flushes differ from Stripe's sum {2}told=10 stripe=13 difference=-3/);
    const again = await subscribe(tenant, 'growth');
    assert.notEqual(again.stripe_customer, customer);
    const both = await reconcile(tenant.id, day, day);
    assert.match(both.text, /told=10 stripe=13 difference=-3/, 'the former customer\'s sum is not forgotten');
  } finally {
    await sql('delete from plan_price_map where livemode');
  }
});

test('usage that comes when its invoice is final is still told, and listed', async () => {
  await syncClock();
  const tenant = await newTenant('late');
  const row = await subscribe(tenant, 'growth');
  await fake('advance', { days: 1.5 });
  await fake('settle');
  await fake('advance', { to: Math.ceil((await syncClock()) / 86_400) * 86_400 + 32 * 86_400 });
  await fake('settle');
  await syncClock();
  await cron();
  const day = dayOf((await syncClock()) - 5 * 86_400);
  const [{ current_period_start: start }] = await sql('select current_period_start from subscriptions where org_id = $1', [tenant.id]);
  assert.ok(dayOf(start.getTime() / 1000) > day, 'the day lies in the period before');
  await report(tenant.id, 's', day, 77);
  await cron();
  const [flush] = await sql('select * from meter_flushes where org_id = $1 and value = 77', [tenant.id]);
  assert.deepEqual([flush.state, flush.late], ['sent', true]);
  const { text } = await reconcile(tenant.id, day, day);
  assert.match(text, /flush after its invoice was final .*value=77/);
  const details = await api('GET', `/v1/me/usage/details?from=${day}&to=${day}`, { as: tenant.owner });
  assert.deepEqual(details.body.late, [{ day, detections: 77 }], 'its organisation sees it, too');
  assert.ok(row);
});
