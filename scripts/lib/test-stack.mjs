// The stack that black-box tests run against: fresh database and objects, two organisations, people of every role and keys
// of every scope, the Worker with TEST_HOOKS, and a small control server through which a test kills the Worker or takes
// PostgREST away. What tests need to know is written to
// .driftlock/NAME/fixtures.json.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { clearLeftovers, resetStack, stackDir, stackPorts, startStack } from '../stack/index.mjs';
import { closeServer } from '../stack/inbox.mjs';
import { requireFreePorts } from '../stack/process.mjs';
import { startWorker } from '../stack/worker.mjs';
import { makeApiKey } from './api-key.mjs';
import { setUp, stripeClient } from './stripe-setup.mjs';
import { limitFileSizes, workerdThatSurvives } from './refusing-store.mjs';
import { signIn, supabaseAdmin } from './supabase-admin.mjs';
import { SECRET_KEY, WEBHOOK_SECRET, startFakeStripe } from '../../tests/support/fake-stripe/server.mjs';

const METRICS_TOKEN = 'metrics-token-of-the-tests';
const PASSWORD = 'correct-horse-battery';
const ROLES = ['owner', 'admin', 'member', 'viewer'];

/** The first of a few port ranges that is free, so that two checkouts can test at once. */
async function chooseBase() {
  const first = Number(process.env.DRIFTLOCK_TEST_PORT ?? 24321);
  for (let base = first; ; base += 100) {
    const ports = [...Object.values(stackPorts(base)), base + 20, base + 21, base + 22];
    try {
      await requireFreePorts(ports.map((port) => ({ port, name: 'tests', remedy: 'set DRIFTLOCK_TEST_PORT' })));
      return base;
    } catch (error) {
      if (base >= first + 400) throw error;
    }
  }
}

async function seedOrganization(admin, env, letter, number) {
  const id = `00000000-0000-4000-8000-0000000000${letter}${number}`;
  await admin.insert('organizations', { id, name: `Test ${letter}`, slug: `test-${letter}`, requests_per_minute: 1_000_000 });
  // by contract without limits: other tests are not about them
  await admin.update(`subscriptions?org_id=eq.${id}`, { contract: { detections: null, events: null, streams: null, members: null } });
  const people = {};
  for (const role of ROLES) {
    const email = `${role}@test-${letter}.test`; // not those of the pgTAP fixtures, which share the database
    const userId = await admin.ensureUser(email, PASSWORD);
    await admin.insert('members', { org_id: id, user_id: userId, role });
    people[role] = { id: userId, email, password: PASSWORD, token: await signIn({ url: env.SUPABASE_URL, publishableKey: env.SUPABASE_PUBLISHABLE_KEY, email, password: PASSWORD }) };
  }
  const keys = {};
  const wanted = { full: ['ingest', 'read', 'write'], ingest: ['ingest'], read: ['read'], write: ['write'], admin: ['admin'] };
  for (const [name, scopes] of Object.entries(wanted)) {
    const { key, row } = makeApiKey({ orgId: id, name, scopes });
    await admin.insert('api_keys', row);
    keys[name] = key;
  }
  const bound = makeApiKey({ orgId: id, name: 'bound', scopes: ['ingest', 'read'], streamPrefix: 'bound/' });
  const expired = makeApiKey({ orgId: id, name: 'expired' });
  const revoked = makeApiKey({ orgId: id, name: 'revoked' });
  await admin.insert('api_keys', bound.row);
  await admin.insert('api_keys', { ...expired.row, expires_at: '2020-01-01T00:00:00Z' });
  await admin.insert('api_keys', { ...revoked.row, revoked_at: '2020-01-01T00:00:00Z' });
  return { id, people, keys: { ...keys, bound: bound.key, expired: expired.key, revoked: revoked.key } };
}

/** Runs one action at a time, whoever asks. */
function startControl(port, actions) {
  const server = http.createServer(async (request, response) => {
    const action = actions[request.url.slice(1)];
    try {
      if (!action) throw new Error(`no action ${request.url}`);
      await action();
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(500).end(String(error.stack));
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ stop: () => closeServer(server) }));
  });
}

/** A stack called `name`, of which several can stand side by side. Returns {fixturesFile, envFile, fixtures, env, stop()}. */
export async function startTestStack(name = 'test') {
  await clearLeftovers(name);
  resetStack(name);
  const base = await chooseBase();
  const url = `http://127.0.0.1:${base + 20}`;
  const stack = await startStack({ name, base, siteUrl: url, durable: false });
  let worker = null;
  let control = null;
  let stripe = null;
  const stop = async () => {
    await control?.stop();
    await worker?.stop();
    await stripe?.stop();
    await stack.stop();
  };
  try {
    const admin = supabaseAdmin({ url: stack.env.SUPABASE_URL, secretKey: stack.env.SUPABASE_SECRET_KEY });
    const orgs = { a: await seedOrganization(admin, stack.env, 'a', '1'), b: await seedOrganization(admin, stack.env, 'b', '2') };
    const outsiderEmail = 'outsider@test-c.test';
    await admin.ensureUser(outsiderEmail, PASSWORD);
    const outsider = { email: outsiderEmail, token: await signIn({ url: stack.env.SUPABASE_URL, publishableKey: stack.env.SUPABASE_PUBLISHABLE_KEY, email: outsiderEmail, password: PASSWORD }) };

    stripe = await startFakeStripe({ port: base + 22, endpoint: `${url}/stripe-webhook` });
    await setUp({ stripe: stripeClient(SECRET_KEY, stripe.url), admin, live: false });
    const billing = { STRIPE_SECRET_KEY: SECRET_KEY, STRIPE_WEBHOOK_SECRET: `${WEBHOOK_SECRET},whsec_the_one_before`, STRIPE_API_URL: stripe.url };

    const vars = { ...stack.env, ...billing, PUBLIC_URL: url, ENVIRONMENT: 'development', TEST_HOOKS: '1', FLUSH_SECONDS: '1', CORS_ORIGINS: 'http://localhost:5173', METRICS_TOKEN, OUTBOX_SLIM: '200', OUTBOX_FULL: '220', ...workerdThatSurvives(stackDir(name)) };
    const start = async () => (worker = await startWorker({ dir: stackDir(name), port: base + 20, vars }));
    await start();
    control = await startControl(base + 21, {
      'worker/kill': () => worker.kill(),
      'worker/start': start,
      'store/refuse': () => limitFileSizes(worker.pid, 1024),
      'store/accept': () => limitFileSizes(worker.pid, 'unlimited'),
      'postgrest/stop': () => stack.postgrest.stop(),
      'postgrest/start': () => stack.postgrest.start(),
    });
    const fixturesFile = path.join(stackDir(name), 'fixtures.json');
    const fixtures = { url, control: `http://127.0.0.1:${base + 21}`, supabase: stack.env, stripe: { url: stripe.url, secretKey: SECRET_KEY, webhookSecret: WEBHOOK_SECRET }, orgs, outsider, password: PASSWORD, metricsToken: METRICS_TOKEN };
    fs.writeFileSync(fixturesFile, JSON.stringify(fixtures, null, 2), { mode: 0o600 });
    const envFile = path.join(stackDir(name), 'tests.env');
    fs.writeFileSync(envFile, `DRIFTLOCK_TEST_FIXTURES=${fixturesFile}\n`);
    return { fixturesFile, envFile, fixtures, env: stack.env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
