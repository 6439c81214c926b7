// Signatures of Stripe's webhooks, made by the official library, and everything that is no such signature.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { test } from 'node:test';
import Stripe from 'stripe';
import { api, assertProblem, eventually, figure, stripe } from '../support/stack.mjs';
import { sql } from './support.mjs';

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
