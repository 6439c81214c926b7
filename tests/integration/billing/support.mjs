// What the tests of billing share: the fake Stripe's controls, both clocks, cron, and an organisation of their own.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import pg from 'pg';
import { api, eventually, sleep, stripe, supabase } from '../support/stack.mjs';
import { admin, mailsTo, newPerson } from '../tenants/people.mjs';
import { stripeClient } from '../../../scripts/lib/stripe-setup.mjs';

export { admin, mailsTo };
// other tests live in the present
after(() => api('POST', '/v1/_test/clock?ms=0'));

export const DAY = 86_400;
export const client = stripeClient(stripe.secretKey, stripe.url);

/** A control of the fake Stripe. */
export async function fake(action, body = {}) {
  const response = await fetch(`${stripe.url}/_ctl/${action}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal(response.status, 200, `${action}: ${await response.clone().text()}`);
  return response.json();
}

/** Runs SQL as the database's own user; rows. */
export async function sql(text, values = []) {
  const connection = new pg.Client({ connectionString: supabase.DATABASE_URL });
  await connection.connect();
  try {
    return (await connection.query(text, values)).rows;
  } finally {
    await connection.end();
  }
}

/** Moves the Worker's billing clock to where the fake's is. */
export async function syncClock() {
  const { now } = await fake('advance', { days: 0 });
  const shifted = await api('POST', `/v1/_test/clock?ms=${now * 1000 - Date.now()}`);
  assert.equal(shifted.status, 200);
  return now;
}

/** What the cron trigger does for billing; with a hundred events to work off it takes a while on a busy machine. */
export async function cron() {
  const done = await api('POST', '/v1/_test/scheduled?job=billing', { signal: AbortSignal.timeout(180_000) });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  return done.body;
}

/** Moves both clocks on by so many days and lets cron run, as it would have. */
export async function advance(days) {
  await fake('advance', { days });
  await fake('settle');
  await syncClock();
  await drained();
  await cron();
  await mailed();
}

/** Waits until nobody is in the middle of sending a mail: cron leaves those alone that an event's own work holds. */
const mailed = () => eventually('no mail under way', async () => (await sql("select count(*)::int as n from billing_mails where state = 'pending' and leased_until > clock_timestamp()"))[0].n === 0, { timeoutMs: 60_000, everyMs: 200 });

/** Waits until no new event waits in the inbox; what a slow machine's deliveries leave undone is cron's, as it would be. */
export async function drained() {
  const isEmpty = async () => (await sql("select count(*)::int as waiting from stripe_events where state = 'received' and attempts = 0"))[0].waiting === 0;
  for (let i = 0; i < 20; i += 1) {
    if (await isEmpty()) return;
    await sleep(100);
  }
  await eventually('an empty inbox', async () => {
    await cron();
    return isEmpty();
  }, { timeoutMs: 120_000, everyMs: 500 });
}

/** An organisation on the Developer plan with the plan's own limits: {id, owner}. */
export async function newTenant(name) {
  const owner = await newPerson(name);
  const made = await api('POST', '/v1/organizations', { as: owner, json: { name: `Org ${name}` } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return { id: made.body.id, owner };
}

/** The row of subscriptions. */
export const account = async (org) => (await sql('select s.*, o.plan as effective_plan from subscriptions s join organizations o on o.id = s.org_id where org_id = $1', [org]))[0];

/** Subscribes through a checkout page; gives the row once it has changed. */
export async function subscribe(tenant, plan = 'standard', extra = {}) {
  const checkout = await api('POST', '/v1/billing/checkout', { as: tenant.owner, json: { plan, ...extra } });
  assert.equal(checkout.status, 200, JSON.stringify(checkout.body));
  await fake('pay', { session: checkout.body.url.split('/').at(-1) });
  return eventually('the subscription', async () => {
    const row = await account(tenant.id);
    return ['trialing', 'active'].includes(row.status) && row;
  }, { timeoutMs: 60_000 });
}

export const billingOf = async (tenant) => {
  const answer = await api('GET', '/v1/me/billing', { as: tenant.owner });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

/** Reports so many detections of a day, as a stream's flush does: totals. */
export const report = (org, stream, day, detections, events = detections * 20) =>
  sql('select record_usage($1::jsonb)', [JSON.stringify([{ org_id: org, stream, day, events, detections }])]);

/** The customer of a tenant is deleted at Stripe after 10 detections of today went to the meter: the day, and who it was. */
export async function loseCustomer(tenant) {
  const { stripe_customer: customer } = await subscribe(tenant, 'growth');
  const day = dayOf(await syncClock());
  await report(tenant.id, 's', day, 10);
  await cron();
  await fake('delete_customer', { customer });
  await eventually('the end', async () => (await account(tenant.id)).stripe_customer === null);
  return { customer, day };
}

export const dayOf = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

/** Subjects of the mails to a person. */
export const subjects = async (person) => (await mailsTo(person.email)).map((mail) => mail.Subject);
