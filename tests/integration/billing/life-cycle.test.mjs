// must show 1: an organisation's life with money, on a moved clock: sign-up, trial, conversion, overage, a failed payment, grace,
// Developer, and back. The browser's view of it is in tests/e2e.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, assertProblem, figure } from '../support/stack.mjs';
import { DAY, account, admin, advance, billingOf, client, cron, dayOf, fake, mailsTo, newTenant, report, sql, subjects, subscribe, syncClock } from './support.mjs';

const seconds = (date) => date.getTime() / 1000;
const actions = async (org) => (await sql('select action from audit_log where org_id = $1 order by seq', [org])).map((r) => r.action);

test('must show 1: sign-up → trial → day 11 → converts → overage → invoice → failed payment → grace → Developer → pays → restored', async (t) => {
  let now = await syncClock();
  const tenant = await newTenant('life');

  await t.test('after sign-up: Developer, nothing to pay', async () => {
    const billing = await billingOf(tenant);
    assert.equal(billing.status, 'none');
    assert.equal(billing.plan, 'developer');
    assert.equal(billing.trial_days_remaining, null);
    assert.equal(billing.usage.included_detections, 1000);
    assert.equal((await api('GET', '/v1/subscription', { as: tenant.owner })).body.subscription, null);
    assert.deepEqual((await api('GET', '/v1/billing/invoices', { as: tenant.owner })).body, { invoices: [], next_cursor: null });
    assertProblem(await api('POST', '/v1/billing/portal', { as: tenant.owner }), 409, 'no_subscription');
    assertProblem(await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'growth' } }), 409, 'no_subscription');
  });

  await t.test('a checkout begins the trial of Standard', async () => {
    for (const bad of [{ plan: 'developer' }, { plan: 'gold' }, {}, { plan: 'standard', success_url: 'https://evil.test/' }, { plan: 'standard', promotion_code: 'NOPE' }])
      assertProblem(await api('POST', '/v1/billing/checkout', { as: tenant.owner, json: bad }), 400, 'invalid_body');
    const row = await subscribe(tenant);
    assert.equal(row.status, 'trialing');
    assert.equal(row.effective_plan, 'standard');
    assert.equal(seconds(row.trial_end) % DAY, 0, 'it ends at midnight UTC');
    assert.ok(seconds(row.trial_end) - now >= 14 * DAY && seconds(row.trial_end) - now < 15 * DAY);
    const billing = await billingOf(tenant);
    assert.equal(billing.status, 'trialing');
    assert.ok([14, 15].includes(billing.trial_days_remaining), `${billing.trial_days_remaining}`);
    assert.equal(billing.usage.included_detections, 50_000);
    assertProblem(await api('POST', '/v1/billing/checkout', { as: tenant.owner, json: { plan: 'growth' } }), 409, 'already_subscribed');
  });

  const first = await account(tenant.id);
  await t.test('three days before its end a mail says so, once', async () => {
    await advance((seconds(first.trial_end) - 3 * DAY - 3600 - now) / DAY);
    assert.deepEqual(await subjects(tenant.owner), [], 'not before');
    await advance(2 / 24);
    await cron();
    assert.deepEqual(await subjects(tenant.owner), [`Your Driftlock trial ends on ${dayOf(seconds(first.trial_end))}`]);
    const [mail] = await mailsTo(tenant.owner.email);
    assert.match(mail.Text, /Standard/);
    assert.match(mail.HTML, /<a href="http/);
  });

  await t.test('the trial converts', async () => {
    await advance(3.3);
    const row = await account(tenant.id);
    assert.equal(row.status, 'active');
    assert.equal(row.effective_plan, 'standard');
    assert.equal(seconds(row.current_period_start), seconds(first.trial_end));
    const billing = await billingOf(tenant);
    assert.equal(billing.status, 'active');
    assert.equal(billing.trial_days_remaining, null);
    assert.ok((await subjects(tenant.owner)).includes('Your Driftlock receipt'));
    const { invoices } = (await api('GET', '/v1/billing/invoices', { as: tenant.owner })).body;
    assert.equal(invoices[0].amount_due, 4900);
    assert.equal(invoices[0].status, 'paid');
    const pdf = await fetch(invoices[0].pdf_url);
    assert.deepEqual([pdf.status, pdf.headers.get('content-type')], [200, 'application/pdf']);
  });

  const period = await account(tenant.id);
  await t.test('overage is metered and announced', async () => {
    const day = dayOf(seconds(period.current_period_start) + 2 * DAY);
    await report(tenant.id, 'checkout-api', day, 36_000);
    await advance(2);
    await report(tenant.id, 'checkout-api', day, 46_000);
    await report(tenant.id, 'payments', day, 4_500);
    await cron();
    await report(tenant.id, 'payments', day, 15_000);
    await cron();
    await cron();
    const { usage } = await billingOf(tenant);
    assert.equal(usage.detections, 61_000);
    assert.equal(usage.overage_detections, 11_000);
    assert.equal(usage.overage_cost_usd, 11);
    assert.deepEqual(usage.alerts.map((a) => a.threshold), [70, 90, 100, 120]);
    const announced = (await subjects(tenant.owner)).filter((s) => /allowance/.test(s));
    assert.equal(announced.length, 4, announced.join());
    const [{ sent, flushes }] = await sql("select sum(value)::int as sent, count(*)::int as flushes from meter_flushes where org_id = $1 and state = 'sent'", [tenant.id]);
    assert.equal(sent, 61_000);
    figure(t, `${flushes} flushes, ${sent} detections at the meter`);
    const details = (await api('GET', `/v1/me/usage/details?from=${day}&to=${day}`, { as: tenant.owner })).body;
    assert.deepEqual(details.days, [{ day, events: 1_220_000, detections: 61_000 }]);
    assert.deepEqual(details.streams.map((s) => [s.stream, s.detections]), [['checkout-api', 46_000], ['payments', 15_000]]);
  });

  await t.test('the invoice is the month and each further detection; its payment fails', async () => {
    await fake('card', { customer: period.stripe_customer, card: 'decline' });
    await advance((seconds(period.current_period_end) + 7 * 3600 - (await syncClock())) / DAY);
    const { invoices } = (await api('GET', '/v1/billing/invoices', { as: tenant.owner })).body;
    assert.equal(invoices[0].amount_due, 4900 + 1100, '49 dollars and 11,000 × 0.1 cent');
    assert.equal(invoices[0].status, 'open');
    const row = await account(tenant.id);
    assert.equal(row.status, 'grace');
    assert.equal(row.effective_plan, 'standard', 'nothing is taken away yet');
    assert.equal(seconds(row.grace_ends_at) - seconds(row.grace_started_at), 7 * DAY);
    const billing = await billingOf(tenant);
    assert.equal(billing.status, 'grace');
    assert.equal(Date.parse(billing.grace_period_ends_at) / 1000, seconds(row.grace_ends_at));
    assert.ok((await subjects(tenant.owner)).includes('Your Driftlock payment failed'));
  });

  await t.test('grace: mails on days 3 and 6, and no more', async () => {
    const reminders = async () => (await subjects(tenant.owner)).filter((s) => /unless it is paid/.test(s)).length;
    await advance(2);
    assert.equal(await reminders(), 0);
    await advance(1);
    await cron();
    assert.equal(await reminders(), 1);
    await advance(3);
    await cron();
    assert.equal(await reminders(), 2);
    assert.equal((await account(tenant.id)).status, 'grace');
  });

  await t.test('after a week: Developer, the subscription cancelled, nobody locked out', async () => {
    await advance(1);
    const row = await account(tenant.id);
    assert.equal(row.status, 'canceled');
    assert.equal(row.effective_plan, 'developer');
    assert.equal((await client.subscriptions.retrieve(row.stripe_subscription)).status, 'canceled');
    assert.ok((await subjects(tenant.owner)).includes('Your Driftlock organisation is on the Developer plan now'));
    assert.ok(!(await subjects(tenant.owner)).includes('Your Driftlock subscription has ended'), 'one mail about it');
    const billing = await billingOf(tenant);
    assert.equal(billing.plan, 'developer');
    assert.equal(billing.usage.included_detections, 1000);
    for (const path of ['/v1/anomalies', '/v1/streams', '/v1/usage', '/v1/organization/export']) assert.equal((await api('GET', path, { as: tenant.owner })).status, 200, path);
  });

  await t.test('the invoice of the unpaid period can no longer be paid for nothing', async () => {
    const { invoices } = (await api('GET', '/v1/billing/invoices', { as: tenant.owner })).body;
    assert.ok(invoices.length && !invoices.some((i) => i.status === 'open'), JSON.stringify(invoices.map((i) => i.status)));
    const voided = invoices.find((i) => i.amount_due === 6000);
    assert.equal(voided.status, 'void');
    await assert.rejects(client.invoices.pay(voided.id), /void/);
    assert.ok((await actions(tenant.id)).includes('invoice.voided'));
  });

  await t.test('paying again restores the plan, without a second trial', async () => {
    await fake('card', { customer: period.stripe_customer, card: 'ok' });
    const row = await subscribe(tenant);
    assert.equal(row.status, 'active');
    assert.equal(row.effective_plan, 'standard');
    assert.equal(row.grace_ends_at, null);
    assert.notEqual(row.stripe_subscription, period.stripe_subscription);
    const billing = await billingOf(tenant);
    assert.deepEqual([billing.status, billing.grace_period_ends_at, billing.trial_available], ['active', null, false]);
  });

  await t.test('all of it is in the audit log, which is whole', async () => {
    const done = await actions(tenant.id);
    for (const wanted of ['customer.created', 'checkout.started', 'checkout.completed', 'subscription.changed', 'invoice.paid', 'invoice.payment_failed']) assert.ok(done.includes(wanted), `${wanted} in ${done}`);
    assert.equal((await api('GET', '/v1/audit/verify', { as: tenant.owner })).body.intact, true);
  });
});

test('a payment within grace clears it', async () => {
  await syncClock();
  const tenant = await newTenant('grace');
  const row = await subscribe(tenant, 'growth');
  assert.equal(row.status, 'active', 'Growth has no trial');
  await fake('card', { customer: row.stripe_customer, card: 'decline' });
  await advance(1.5);
  await advance((seconds((await account(tenant.id)).current_period_end) + 8 * 3600 - (await syncClock())) / DAY);
  assert.equal((await account(tenant.id)).status, 'grace');
  await fake('card', { customer: row.stripe_customer, card: 'ok' });
  await advance(1.1); // Stripe tries again by itself
  const after = await account(tenant.id);
  assert.deepEqual([after.status, after.effective_plan, after.grace_started_at, after.grace_ends_at], ['active', 'growth', null, null]);
});

test('grace cannot be escaped, nor begun anew, by a change of plan', async () => {
  await syncClock();
  const tenant = await newTenant('grace-change');
  const { stripe_customer: customer } = await subscribe(tenant, 'growth');
  await fake('card', { customer, card: 'decline' });
  await advance(1.5);
  await advance((seconds((await account(tenant.id)).current_period_end) + 8 * 3600 - (await syncClock())) / DAY);
  const before = await account(tenant.id);
  assert.equal(before.status, 'grace');
  for (const path of ['change', 'change/preview']) assertProblem(await api('POST', `/v1/billing/${path}`, { as: tenant.owner, json: { plan: 'standard' } }), 409, 'invalid_transition');
  await advance(0.1);
  const after = await account(tenant.id);
  assert.deepEqual([after.status, after.grace_ends_at], ['grace', before.grace_ends_at]);
  const ends = await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'developer' } });
  assert.equal(ends.body.subscription?.cancel_at_period_end, true, 'Developer is open to everybody');
  const goesOn = await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'growth' } });
  assert.equal(goesOn.body.subscription?.cancel_at_period_end, false);
});

test('a bank debit that fails eight days after the invoice begins a grace of seven whole days', async () => {
  await syncClock();
  const tenant = await newTenant('debit');
  const row = await subscribe(tenant, 'growth');
  await fake('card', { customer: row.stripe_customer, card: 'debit' });
  const due = seconds(row.current_period_end);
  await advance((due + 8 * 3600 - (await syncClock())) / DAY);
  await advance(7.5);
  assert.equal((await account(tenant.id)).status, 'active', 'under way, which is no failure');
  await advance(0.5);
  const failed = await account(tenant.id);
  const [event] = await sql("select e.created from stripe_events e where e.type = 'invoice.payment_failed' and e.subject = $1", [row.stripe_customer]);
  assert.ok(seconds(event.created) - due >= 8 * DAY, 'more than a grace after the invoice');
  assert.deepEqual([failed.status, seconds(failed.grace_started_at), seconds(failed.grace_ends_at)], ['grace', seconds(event.created), seconds(event.created) + 7 * DAY]);
  assert.ok((await subjects(tenant.owner)).includes('Your Driftlock payment failed'));
  await cron();
  await advance(6.5);
  const later = await account(tenant.id);
  // attempts were made and failed since: the first one counts
  assert.deepEqual([later.status, later.effective_plan, later.grace_ends_at], ['grace', 'growth', failed.grace_ends_at]);
  assert.equal((await subjects(tenant.owner)).filter((s) => /unless it is paid/.test(s)).length, 1, 'after downtime only the newest of several');
  await advance(0.6);
  const over = await account(tenant.id);
  assert.deepEqual([over.status, over.effective_plan, over.grace_ends_at], ['canceled', 'developer', null]);
});

test('a grace that only our row still has cancels nothing', async () => {
  await syncClock();
  const tenant = await newTenant('stale-grace');
  const row = await subscribe(tenant, 'growth');
  await fake('card', { customer: row.stripe_customer, card: 'decline' });
  await advance(1.5);
  await advance((seconds((await account(tenant.id)).current_period_end) + 8 * 3600 - (await syncClock())) / DAY);
  const real = await account(tenant.id);
  assert.equal(real.status, 'grace');
  // as after weeks without news: the invoice of then was paid since, and a newer one is overdue
  await sql("update subscriptions set grace_invoice = 'in_former', grace_started_at = grace_started_at - interval '30 days', grace_ends_at = grace_ends_at - interval '30 days' where org_id = $1", [tenant.id]);
  await cron();
  const now = await account(tenant.id);
  assert.deepEqual([now.status, now.grace_ends_at], ['grace', real.grace_ends_at]);
  assert.equal((await client.subscriptions.retrieve(row.stripe_subscription)).status, 'past_due');
});

test('the trial of Standard is no free month of Growth: a change ends it with the day', async () => {
  const now = await syncClock();
  const tenant = await newTenant('trial-change');
  const row = await subscribe(tenant);
  assert.equal(row.status, 'trialing');
  const preview = await api('POST', '/v1/billing/change/preview', { as: tenant.owner, json: { plan: 'growth' } });
  assert.deepEqual([preview.status, preview.body.amount_due], [200, 24_900], JSON.stringify(preview.body));
  const changed = await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'growth' } });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  const ends = Date.parse(changed.body.subscription.trial_ends_at) / 1000;
  assert.ok(ends % DAY === 0 && ends > now && ends <= now + DAY + 600, changed.body.subscription.trial_ends_at);
  await advance(1.4);
  const after = await account(tenant.id);
  assert.deepEqual([after.status, after.effective_plan], ['active', 'growth']);
  const { invoices } = (await api('GET', '/v1/billing/invoices', { as: tenant.owner })).body;
  assert.deepEqual([invoices[0].amount_due, invoices[0].status], [24_900, 'paid']);
});

test('a change of plan is previewed, made, and taken back; the end comes with the period', async () => {
  await syncClock();
  const tenant = await newTenant('change');
  await subscribe(tenant, 'standard');
  await advance(16);
  const preview = await api('POST', '/v1/billing/change/preview', { as: tenant.owner, json: { plan: 'growth' } });
  assert.equal(preview.status, 200, JSON.stringify(preview.body));
  assert.ok(preview.body.amount_due > 15_000 && preview.body.amount_due < 20_000, `${preview.body.amount_due}: about 200 dollars for the rest of the month`);
  assert.equal(preview.body.lines.length, 2);
  assert.equal((await account(tenant.id)).effective_plan, 'standard', 'a preview changes nothing');
  await report(tenant.id, 's', dayOf(await syncClock()), 60_000);
  const { lines } = (await api('POST', '/v1/billing/change/preview', { as: tenant.owner, json: { plan: 'growth' } })).body;
  assert.equal(lines.length, 3);
  assert.equal(lines[2].amount, -1000, 'what was counted so far is included in Growth');
  assert.match(lines[2].description, /not due now.*60000 detections/i);
  const changed = await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'growth', proration_date: preview.body.proration_date } });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal(changed.body.subscription.plan, 'growth');
  const { invoices } = (await api('GET', '/v1/billing/invoices', { as: tenant.owner })).body;
  assert.equal(invoices[0].amount_due, preview.body.amount_due, 'charged as previewed');
  const back = await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'developer' } });
  assert.equal(back.body.subscription.cancel_at_period_end, true);
  assert.equal((await account(tenant.id)).effective_plan, 'growth', 'until the period ends');
  const kept = await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'growth' } });
  assert.equal(kept.body.subscription.cancel_at_period_end, false);
  await api('POST', '/v1/billing/change', { as: tenant.owner, json: { plan: 'developer' } });
  await advance(31);
  const ended = await account(tenant.id);
  assert.deepEqual([ended.status, ended.effective_plan], ['canceled', 'developer']);
  assert.ok((await subjects(tenant.owner)).includes('Your Driftlock subscription has ended'));
});

test('a promotion code, the portal, a refund, a dispute and the customer\'s end', async () => {
  await syncClock();
  const tenant = await newTenant('extras');
  const row = await subscribe(tenant, 'standard', { promotion_code: 'LAUNCH20' });
  const portal = await api('POST', '/v1/billing/portal', { as: tenant.owner });
  assert.equal(portal.status, 200, JSON.stringify(portal.body));
  assert.match(portal.body.url, /\/portal\/bps_/);
  await fake('refund', { customer: row.stripe_customer, amount: 1234 });
  await fake('dispute', { customer: row.stripe_customer, amount: 4900 });
  await advance(0.1);
  assert.ok((await account(tenant.id)).disputed_at);
  const said = await subjects(tenant.owner);
  assert.ok(said.includes('A Driftlock payment was refunded') && said.includes('A Driftlock payment was disputed'), said.join());
  assert.match((await mailsTo(tenant.owner.email)).find((m) => /refunded/.test(m.Subject)).Text, /12\.34 USD/);
  await fake('delete_customer', { customer: row.stripe_customer });
  await advance(0.1);
  assert.equal((await account(tenant.id)).stripe_customer, null);
});

test('news that got lost is caught up with by cron after downtime', async () => {
  await syncClock();
  const tenant = await newTenant('downtime');
  const row = await subscribe(tenant, 'standard');
  await fake('mode', { mode: 'hold' }); // Stripe's deliveries all fail for weeks
  try {
    await advance(16);
    assert.equal((await account(tenant.id)).status, 'active', 'fetched, not told');
    await fake('card', { customer: row.stripe_customer, card: 'decline' });
    await advance(32);
    assert.equal((await account(tenant.id)).status, 'grace');
    await advance(9);
    assert.deepEqual([(await account(tenant.id)).status, (await account(tenant.id)).effective_plan], ['canceled', 'developer']);
    const said = await subjects(tenant.owner);
    assert.equal(said.filter((s) => /Developer plan now/.test(s)).length, 1);
  } finally {
    await fake('mode', { mode: 'send' });
  }
});

test('only those who run an organisation spend its money, and only its own', async () => {
  const [mine, theirs] = [await newTenant('mine'), await newTenant('theirs')];
  const member = await newTenant('member');
  await admin.insert('members', { org_id: mine.id, user_id: member.owner.id, role: 'member' });
  const as = { token: member.owner.token, org: mine.id };
  for (const path of ['checkout', 'portal', 'change', 'change/preview']) assertProblem(await api('POST', `/v1/billing/${path}`, { as, json: { plan: 'standard' } }), 403, 'insufficient_scope');
  assertProblem(await api('PATCH', '/v1/billing/settings', { as, json: { hard_cap: true } }), 403, 'insufficient_scope');
  assertProblem(await api('GET', '/v1/me/billing', { as: { token: theirs.owner.token, org: mine.id } }), 404, 'not_found');
  await subscribe(mine);
  const other = await api('GET', '/v1/billing/invoices', { as: theirs.owner });
  assert.deepEqual(other.body.invoices, []);
  assert.equal((await billingOf(theirs)).plan, 'developer');
});
