// People, organisations and mail for the tests of tenants.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { signIn, supabaseAdmin } from '../../../scripts/lib/supabase-admin.mjs';
import { api, eventually, supabase } from '../support/stack.mjs';

export const PASSWORD = 'correct-horse-battery';
export const admin = supabaseAdmin({ url: supabase.SUPABASE_URL, secretKey: supabase.SUPABASE_SECRET_KEY });

/** An address that nobody else uses. */
export const freshAddress = (name) => `${name}-${crypto.randomBytes(5).toString('hex')}@people.test`;

/** A network address that no other test uses, as the edge would state it. */
export const freshNetwork = () => ({ 'cf-connecting-ip': `2001:db8:${crypto.randomBytes(2).toString('hex')}:${crypto.randomBytes(2).toString('hex')}::1` });

export const tokenOf = (email, password = PASSWORD) => signIn({ url: supabase.SUPABASE_URL, publishableKey: supabase.SUPABASE_PUBLISHABLE_KEY, email, password });

/** A confirmed person: {id, email, token}. */
export async function newPerson(name) {
  const email = freshAddress(name);
  const id = await admin.ensureUser(email, PASSWORD);
  return { id, email, token: await tokenOf(email) };
}

/** An organisation of its own for a test, with limits out of the way. */
export async function newOrganization(owner, name, requestsPerMinute = 1_000_000) {
  const made = await api('POST', '/v1/organizations', { as: owner, json: { name } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await admin.update(`organizations?id=eq.${made.body.id}`, { requests_per_minute: requestsPerMinute });
  await admin.update(`subscriptions?org_id=eq.${made.body.id}`, { contract: { detections: null, events: null, streams: null, members: null } });
  return made.body;
}

/** A key; {id, secret, …}. */
export async function newKey(as, wish, base) {
  const made = await api('POST', '/v1/keys', { as, json: wish, base });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

/** The mails that went to an address, oldest first. */
export async function mailsTo(email) {
  const response = await fetch(`${supabase.INBOX_URL}/api/v1/messages?to=${encodeURIComponent(email)}`);
  return (await response.json()).messages.reverse();
}

/** The newest mail to an address, once there are `count`. */
export const mailTo = (email, count = 1) => eventually(`mail ${count} to an address`, async () => (await mailsTo(email))[count - 1]);

export const tokenIn = (mail) => mail.Text.match(/[?&]token=([0-9A-Za-z_-]+)/)[1];
