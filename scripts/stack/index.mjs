// The local Supabase: PostgreSQL, PostgREST, Auth and an inbox behind one gateway, without Docker.
//
//   base      gateway (/rest/v1, /auth/v1)       base + 10   PostgREST (behind the gateway)
//   base + 1  PostgreSQL                         base + 11   PostgREST's admin port
//   base + 3  inbox
//
// The keys are the fixed, public ones of the Supabase CLI's local stack: they open nothing but this machine's own.
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { createAuth } from './auth.mjs';
import { startGateway } from './gateway.mjs';
import { startInbox } from './inbox.mjs';
import { loadSigningKey } from './jwt.mjs';
import { migrate } from './migrations.mjs';
import { STATE } from './paths.mjs';
import { removeCluster, startPostgres } from './postgres.mjs';
import { postgrest } from './postgrest.mjs';
import { requireFreePorts, stopRecorded } from './process.mjs';

const PUBLISHABLE_KEY = 'sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH';
const SECRET_KEY = 'sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz';
export const HS256_SECRET = 'super-secret-jwt-token-with-at-least-32-characters-long';

/** Folder that holds the state of the stack called `name` ("dev", "test"). */
export const stackDir = (name) => path.join(STATE, name);

/** Ends what an earlier, crashed run of this stack left behind; says whether there was anything. */
export async function clearLeftovers(name) {
  const record = (part) => path.join(stackDir(name), `${part}.pid`);
  const ended = [await stopRecorded(record('worker')), await stopRecorded(record('postgrest')), await stopRecorded(record('postgres'), 'SIGINT')];
  return ended.includes(true);
}

/** Removes all state of a stack that does not run. */
export function resetStack(name) {
  const dir = stackDir(name);
  if (fs.existsSync(dir)) removeCluster(dir);
  fs.rmSync(dir, { recursive: true, force: true });
}

export function stackPorts(base) {
  return { api: base, db: base + 1, inbox: base + 3, rest: base + 10, restAdmin: base + 11 };
}

/** Throws one clear line when a port of the stack is taken. */
export function requireStackPorts(base) {
  const names = { api: 'Supabase gateway', db: 'PostgreSQL', inbox: 'inbox', rest: 'PostgREST', restAdmin: 'PostgREST admin' };
  const remedy = 'free it, or move all of them with DRIFTLOCK_STACK_PORT';
  return requireFreePorts(Object.entries(stackPorts(base)).map(([key, port]) => ({ port, name: names[key], remedy })));
}

/** What programs need to use the stack; addresses and names as in a hosted project's settings. */
export function stackEnv(base) {
  const ports = stackPorts(base);
  const url = `http://127.0.0.1:${ports.api}`;
  return {
    SUPABASE_URL: url,
    SUPABASE_PUBLISHABLE_KEY: PUBLISHABLE_KEY,
    SUPABASE_SECRET_KEY: SECRET_KEY,
    SUPABASE_JWKS_URL: `${url}/auth/v1/.well-known/jwks.json`,
    SUPABASE_JWT_ISSUER: `${url}/auth/v1`,
    DATABASE_URL: `postgresql://postgres:postgres@127.0.0.1:${ports.db}/postgres?sslmode=disable`,
    INBOX_URL: `http://127.0.0.1:${ports.inbox}`,
    RESEND_BASE_URL: `http://127.0.0.1:${ports.inbox}`,
    RESEND_API_KEY: 're_local_inbox',
  };
}

/**
 * Starts the stack `name` at port `base`. `onStep(text)` hears about each thing that is ready.
 * Returns {env, fresh, postgrest: {start, stop}, stop()}.
 */
export async function startStack({ name, base, siteUrl, durable = true, onStep = () => {} }) {
  const dir = stackDir(name);
  fs.mkdirSync(dir, { recursive: true });
  await clearLeftovers(name);
  const ports = stackPorts(base);
  await requireStackPorts(base);
  const env = stackEnv(base);
  const urlFor = (role, password) => `postgresql://${role}:${password}@127.0.0.1:${ports.db}/postgres`;
  const log = (text) => fs.appendFileSync(path.join(dir, 'auth.log'), text);
  const marker = path.join(dir, '.platform-ready'); // a cluster whose preparation was interrupted is made anew
  if (!fs.existsSync(marker)) removeCluster(dir);
  const running = []; // stop functions, newest first
  const stop = async () => {
    for (const end of running.splice(0)) await end().catch((error) => log(`stop: ${error.stack}\n`));
  };

  try {
    const postgres = await startPostgres({ dir, port: ports.db, superuser: 'supabase_admin', password: 'postgres', durable });
    running.unshift(postgres.stop);
    onStep('PostgreSQL');

    const inbox = await startInbox(ports.inbox);
    running.unshift(inbox.stop);
    const pool = new pg.Pool({ connectionString: urlFor('supabase_auth_admin', 'postgres'), max: 3 });
    pool.on('error', () => {});
    running.unshift(() => pool.end());
    const applySql = (file) => asSuperuser(urlFor('supabase_admin', 'postgres'), fs.readFileSync(new URL(`sql/${file}`, import.meta.url), 'utf8'));
    if (postgres.fresh) await applySql('00_platform.sql');

    const key = loadSigningKey(path.join(dir, 'signing-key.json'));
    const auth = await createAuth({
      databaseUrl: urlFor('supabase_auth_admin', 'postgres'), pool, publicUrl: env.SUPABASE_URL, siteUrl, redirects: [`${siteUrl}/**`, 'http://localhost:5173/**'],
      secret: HS256_SECRET, key, sendMail: async (mail) => inbox.add(mail),
    });
    running.unshift(auth.stop);
    if (postgres.fresh) {
      await auth.createSchema();
      await applySql('01_auth.sql');
    }
    const migrations = await migrate(env.DATABASE_URL);
    fs.writeFileSync(marker, '');
    if (migrations) onStep(`${migrations} migrations`);

    const legacyKey = { kty: 'oct', alg: 'HS256', k: Buffer.from(HS256_SECRET).toString('base64url') };
    const rest = postgrest({ dir, port: ports.rest, databaseUrl: urlFor('authenticator', 'authenticator'), jwks: { keys: [key.publicJwk, legacyKey] } });
    running.unshift(rest.stop);
    await rest.start();
    onStep('PostgREST');

    await auth.init();
    const keys = { [PUBLISHABLE_KEY]: cachedToken(() => auth.roleToken('anon')), [SECRET_KEY]: cachedToken(() => auth.roleToken('service_role')) };
    const gateway = await startGateway({ port: ports.api, keys, restPort: ports.rest, auth: auth.handle, log });
    running.unshift(gateway.stop);
    onStep('Auth, gateway and inbox');
    return { env, dir, fresh: postgres.fresh, postgrest: rest, inbox, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function asSuperuser(connectionString, sql) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Role tokens last an hour; one is used for 50 minutes. */
function cachedToken(mint) {
  let token = null;
  let renewAt = 0;
  return () => {
    if (Date.now() > renewAt) {
      token = mint();
      renewAt = Date.now() + 50 * 60_000;
    }
    return token;
  };
}
