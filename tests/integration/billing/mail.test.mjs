// The stand-in for Resend refuses what Resend refuses, so that a mail of ours that arrives here would be taken there.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { test } from 'node:test';
import { supabase } from '../support/stack.mjs';

const send = async (mail, { key, token = 're_test' } = {}) => {
  const response = await fetch(`${supabase.RESEND_BASE_URL}/emails`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) }, body: typeof mail === 'string' ? mail : JSON.stringify(mail) });
  return [response.status, (await response.json()).name];
};
const good = { from: 'Driftlock <billing@driftlock.test>', to: ['a@inbox.test'], subject: 'Hello', text: 'Hello' };

test('the inbox refuses what Resend would reject', async () => {
  assert.deepEqual(await send(good), [200, undefined]);
  for (const [mail, name] of [
    [{ ...good, subject: '' }, 'missing_required_field'], [{ ...good, to: [] }, 'missing_required_field'], [{ ...good, text: undefined }, 'missing_required_field'], [{ ...good, from: 'Driftlock' }, 'invalid_from_address'],
    [{ ...good, to: ['nobody'] }, 'validation_error'], [{ ...good, subject: 'a\nb' }, 'validation_error'], [{ ...good, colour: 'red' }, 'validation_error'], [{ ...good, to: Array(51).fill('a@inbox.test') }, 'validation_error'],
  ]) assert.deepEqual(await send(mail), [422, name], JSON.stringify(mail).slice(0, 80));
  assert.deepEqual(await send('x'), [400, 'validation_error']);
  assert.deepEqual(await send(good, { token: 'key' }), [401, 'missing_api_key']);
  const key = crypto.randomUUID();
  assert.deepEqual(await send(good, { key }), [200, undefined]);
  assert.deepEqual(await send(good, { key }), [200, undefined], 'the same again');
  assert.deepEqual(await send({ ...good, text: 'other' }, { key }), [409, 'invalid_idempotent_request']);
  assert.deepEqual(await send(good, { key: 'x'.repeat(257) }), [400, 'invalid_idempotency_key']);
});
