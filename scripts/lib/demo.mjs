// The demo organisation of ./scripts/dev: an organisation, its owner and an API key, made once per Supabase project.
// What is secret (password, key) is made here and kept in .driftlock/demo.json, readable by its owner only.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { makeApiKey, hashApiKey } from './api-key.mjs';
import { supabaseAdmin } from './supabase-admin.mjs';

const ORG_ID = '00000000-0000-4000-8000-000000000001'; // as in supabase/seed.sql
const EMAIL = 'demo@driftlock.test';

export async function ensureDemo({ url, secretKey, file }) {
  const all = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  const demo = all[url] ?? { email: EMAIL, password: `demo-${crypto.randomBytes(9).toString('base64url')}`, ...makeApiKey({ orgId: ORG_ID, name: 'Demo key' }) };
  const admin = supabaseAdmin({ url, secretKey });
  const userId = await admin.ensureUser(demo.email, demo.password);
  await admin.insert('organizations', { id: ORG_ID, name: 'Demo', slug: 'demo', requests_per_minute: 1_000_000 });
  await admin.insert('members', { org_id: ORG_ID, user_id: userId, role: 'owner' });
  await admin.insert('api_keys', { ...demo.row, hash: hashApiKey(demo.key) });
  all[url] = demo;
  fs.writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
  return demo;
}
