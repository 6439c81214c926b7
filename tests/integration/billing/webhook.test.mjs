// Signatures of Stripe's webhooks, made by the official library, and everything that is no such signature; and types of events that no other
// test brings about.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { test } from 'node:test';
import Stripe from 'stripe';
import { api, assertProblem, eventually, figure, stripe } from '../support/stack.mjs';
import { DAY, account, advance, billingOf, fake, newTenant, sql, subjects, subscribe, syncClock } from './support.mjs';

const official = new Stripe('sk_test_signs_only');
const now = () => Math.floor(Date.now() / 1000);
const freshId = () => `evt_${crypto.randomBytes(12).toString('hex')}`;
const event = (id, extra = {}) => JSON.stringify({ id, object: 'event', api_version: '2026-10-28.endive', created: now(), type: 'product.updated', livemode: false, data: { object: { id: 'prod_x', object: 'product' } }, ...extra });
const sign = (payload, { secret = stripe.webhookSecret, timestamp = now() } = {}) => official.webhooks.generateTestHeaderString({ payload, secret, timestamp });
const post = (body, signature, path = '/stripe-webhook') => api('POST', path, { body, headers: { 'content-type': 'application/json; charset=utf-8', ...(signature !== null && { 'stripe-signature': signature }) } });
const stored = async (id) => (await sql('select * from stripe_events where id = $1', [id]))[0];

test('must show 2: signatures of the official library verify, under both paths, both secrets and while one is rotated', async () => {
  const zeros = '0'.repeat(64);
  const cases = [
    ['as sent', (p) => sign(p)],
    ['under the other path', (p) => sign(p), '/v1/billing/webhook'],
    ['with the older secret', (p) => sign(p, { secret: 'whsec_the_one_before' })],
    ['with two signatures', (p) => `${sign(p)},v1=${zeros}`],
    ['with two signatures, ours last', (p) => sign(p).replace(',v1=', `,v1=${zeros},v1=`)],
    ['beside a test signature', (p) => `${sign(p)},v0=${zeros}`],
    ['almost too old', (p) => sign(p, { timestamp: now() - 290 })],
    ['almost too early', (p) => sign(p, { timestamp: now() + 290 })],
  ];
  for (const [name, header, path] of cases) {
    const id = freshId();
    const payload = event(id);
    const answer = await post(payload, header(payload), path);
    assert.equal(answer.status, 200, `${name}: ${JSON.stringify(answer.body)}`);
    assert.deepEqual(answer.body, { received: true, duplicate: false }, name);
    const row = await eventually('the event to be done', async () => { const r = await stored(id); return r?.state === 'done' && r; });
    assert.equal(row.outcome, 'not handled', 'an unknown type is acknowledged');
  }
});

test('must show 2: what does not verify is refused with 400 and stored nowhere', async (t) => {
  const cases = [
    ['no header', () => null],
    ['an empty header', () => ''],
    ['six minutes old', (p) => sign(p, { timestamp: now() - 360 })],
    ['six minutes early', (p) => sign(p, { timestamp: now() + 360 })],
    ['the wrong secret', (p) => sign(p, { secret: 'whsec_of_someone_else' })],
    ['an altered body', (p) => sign(p), (p) => p.replace('product.updated', 'product.deleted')],
    ['a body read and written again', (p) => sign(p), (p) => JSON.stringify(JSON.parse(p), null, 2)],
    ['a body with a line end', (p) => sign(p), (p) => `${p}\n`],
    ['another time than was signed', (p) => sign(p).replace(/t=\d+/, `t=${now() - 10}`)],
    ['no time', (p) => sign(p).replace(/t=\d+,/, '')],
    ['two times', (p) => `t=1,${sign(p)}`],
    ['a time that is no number', (p) => sign(p).replace(/t=\d+/, 't=soon')],
    ['only a test signature', (p) => sign(p).replace('v1=', 'v0=')],
    ['half a signature', (p) => sign(p).slice(0, -32)],
    ['many signatures, none ours', () => `t=${now()},${Array.from({ length: 200 }, () => `v1=${crypto.randomBytes(32).toString('hex')}`).join(',')}`],
    ['ours behind a hundred others', (p) => sign(p).replace(',v1=', `,${Array.from({ length: 100 }, () => `v1=${crypto.randomBytes(32).toString('hex')}`).join(',')},v1=`)],
    ['a signature in upper-case hexadecimal of another body', (p) => sign(`${p} `).toUpperCase().replace('T=', 't=').replace('V1=', 'v1=')],
    ['no hexadecimal', () => `t=${now()},v1=${'z'.repeat(64)}`],
  ];
  for (const [name, header, change = (p) => p] of cases) {
    const id = freshId();
    const payload = event(id);
    const answer = await post(change(payload), header(payload));
    assertProblem(answer, 400, 'invalid_signature');
    assert.equal(await stored(id), undefined, `${name} is stored nowhere`);
  }
  figure(t, `${cases.length} kinds refused`);
});

test('a signed body that is no event is refused and not stored', async () => {
  for (const payload of ['[]', '{}', 'x', JSON.stringify({ id: 'evt_x', type: '' })]) assertProblem(await post(payload, sign(payload)), 400, 'invalid_body');
});

test('a subscription that is paused gives no plan until it is resumed', async () => {
  await syncClock();
  const tenant = await newTenant('paused');
  const { stripe_customer: customer } = await subscribe(tenant, 'growth');
  // other news of it would bring the same
  await fake('settle');
  await eventually('all other news to be done', async () => (await sql("select 1 from stripe_events where subject = $1 and state = 'received'", [customer])).length === 0);
  for (const [control, type, status, plan] of [['pause', 'customer.subscription.paused', 'paused', 'developer'], ['resume', 'customer.subscription.resumed', 'active', 'growth']]) {
    const { id } = await fake(control, { customer });
    const row = await eventually(`${type} to be done`, async () => { const r = await stored(id); return r?.state === 'done' && r; });
    assert.deepEqual([row.type, row.outcome, row.org_id], [type, 'written', tenant.id]);
    const now = await account(tenant.id);
    assert.deepEqual([now.status, now.effective_plan, now.plan], [status, plan, 'growth']);
    const billing = await billingOf(tenant);
    assert.deepEqual([billing.status, billing.plan], [status, plan]);
    const [entry] = await sql("select after from audit_log where org_id = $1 and action = 'subscription.changed' and request_id = $2", [tenant.id, id]);
    assert.equal(entry?.after.status, status, 'on record, with the event that brought it');
  }
});

test('a payment that the bank asks to confirm: one mail with the invoice, and none once it is paid', async () => {
  await syncClock();
  const tenant = await newTenant('action');
  const row = await subscribe(tenant, 'growth');
  await fake('card', { customer: row.stripe_customer, card: 'action' });
  await advance((row.current_period_end.getTime() / 1000 + 7 * 3600 - (await syncClock())) / DAY);
  const [first] = await sql("select * from stripe_events where subject = $1 and type = 'invoice.payment_action_required'", [row.stripe_customer]);
  assert.deepEqual([first?.state, first?.outcome], ['done', 'written']);
  const asked = async () => (await subjects(tenant.owner)).filter((subject) => subject === 'Your bank asks you to confirm a Driftlock payment').length;
  assert.equal(await asked(), 1);
  assert.equal((await account(tenant.id)).status, 'grace');
  const [entry] = await sql("select target_id, after from audit_log where org_id = $1 and action = 'invoice.payment_action_required'", [tenant.id]);
  assert.deepEqual([entry.target_id, entry.after.status], [first.object_id, 'open']);

  const again = async () => {
    const { id } = await fake('emit', { type: 'invoice.payment_action_required', object: { id: first.object_id, object: 'invoice', customer: row.stripe_customer } });
    await eventually('the event to be done', async () => (await stored(id))?.state === 'done');
    await advance(0.01);
  };
  await again();
  assert.equal(await asked(), 1, 'once for an invoice');
  await fake('card', { customer: row.stripe_customer, card: 'ok' });
  await advance(1.1); // Stripe tries again by itself
  assert.equal((await account(tenant.id)).status, 'active');
  await sql("delete from billing_mails where org_id = $1 and kind = 'action_required'", [tenant.id]);
  await again();
  assert.equal(await asked(), 1, 'what is paid needs no confirmation, also where the mail was not remembered');
});
