// The fake's pages, as a browser's forms use them: what is typed decides what happens, and the Worker hears of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, eventually } from '../support/stack.mjs';
import { account, fake, newTenant, syncClock } from './support.mjs';

const submit = (url, fields) => fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
const card = (number) => ({ card_number: number, card_expiry: '12 / 39', card_cvc: '123' });

test('a checkout page takes a card and leads back; the portal cancels, renews and takes another card', async () => {
  await syncClock();
  const tenant = await newTenant('pages');
  const { url } = (await api('POST', '/v1/billing/checkout', { as: tenant.owner, json: { plan: 'standard' } })).body;
  const page = await (await fetch(url)).text();
  assert.match(page, /Card number/);
  assert.match(page, /Start trial/);
  for (const [fields, problem] of [[card('4000 0000 0000 0002'), /declined/], [card('1234'), /number is invalid/], [{ ...card('4242 4242 4242 4242'), card_expiry: '12 / 20' }, /in the past/], [{ ...card('4242424242424242'), promotion_code: 'NOPE' }, /code is invalid/]]) {
    const refused = await submit(url, fields);
    assert.equal(refused.status, 402);
    assert.match(await refused.text(), problem);
  }
  const done = await submit(url, card('4242 4242 4242 4242'));
  assert.equal(done.status, 303);
  assert.match(done.headers.get('location'), /\/app\/billing\?checkout=success$/);
  await eventually('the trial', async () => (await account(tenant.id)).status === 'trialing');
  assert.match(await (await fetch(url)).text(), /already completed/);

  const portal = (await api('POST', '/v1/billing/portal', { as: tenant.owner })).body.url;
  const { stripe_subscription: id } = await account(tenant.id);
  assert.match(await (await fetch(portal)).text(), /Cancel subscription/);
  assert.equal((await submit(portal, { action: 'cancel', id })).status, 303);
  await eventually('the end to be known', async () => (await account(tenant.id)).cancel_at_period_end);
  assert.equal((await submit(portal, { action: 'renew', id })).status, 303);
  await eventually('its withdrawal to be known', async () => !(await account(tenant.id)).cancel_at_period_end);
  assert.equal((await submit(portal, { action: 'card', ...card('4000 0000 0000 0341') })).status, 303);
  await fake('settle');
});
