// Options of ./scripts/dev: from the command line, then the environment, then defaults.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stackEnv } from '../stack/index.mjs';
import { STATE } from '../stack/paths.mjs';

export const USAGE = `Runs Driftlock on this machine: PostgreSQL, PostgREST, Auth and an inbox, the Worker and the dashboard.

  ./scripts/dev              in the foreground; Ctrl-C stops what it started
  ./scripts/dev --detach     returns when everything is ready; --stop ends it
  ./scripts/dev --reset      forgets all data first

  --port N          the Worker's and dashboard's port                (DRIFTLOCK_PORT, 8787)
  --stack-port N    first of the database's ports, N to N+11         (DRIFTLOCK_STACK_PORT, 54321)

With SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY set, a hosted project takes the place of the local
database; with DATABASE_URL as well, pending migrations are applied to it.
What it prints is also in .driftlock/dev.env.
`;

export const files = {
  env: path.join(STATE, 'dev.env'),
  demo: path.join(STATE, 'demo.json'),
  pid: path.join(STATE, 'dev.pid'),
  log: path.join(STATE, 'dev.log'),
};

const plainError = (message) => Object.assign(new Error(message), { plain: true });

function portOf(name, text) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1024 || port > 65_000) throw plainError(`${name} must be a port number from 1024 to 65000, not ${text}`);
  return port;
}

/** A hosted project's settings, or null for the local stack (also when the environment names that: a sourced dev.env). */
function hostedProject(localUrl, { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, SUPABASE_JWKS_URL, SUPABASE_JWT_ISSUER, SUPABASE_JWT_SECRET, DATABASE_URL, RESEND_BASE_URL, RESEND_API_KEY, MAIL_FROM }) {
  if (!SUPABASE_URL || SUPABASE_URL === localUrl) return null;
  if (!SUPABASE_PUBLISHABLE_KEY || !SUPABASE_SECRET_KEY) {
    throw plainError('SUPABASE_URL is set: SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY are needed too (project settings, API keys)');
  }
  const url = SUPABASE_URL.replace(/\/+$/, '');
  const optional = { SUPABASE_JWKS_URL, SUPABASE_JWT_ISSUER, SUPABASE_JWT_SECRET, DATABASE_URL, RESEND_BASE_URL, RESEND_API_KEY, MAIL_FROM };
  return { SUPABASE_URL: url, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value)) };
}

export function readConfig(argv, env) {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        detach: { type: 'boolean' }, stop: { type: 'boolean' }, reset: { type: 'boolean' }, help: { type: 'boolean', short: 'h' },
        port: { type: 'string' }, 'stack-port': { type: 'string' },
      },
    }));
  } catch (error) {
    throw plainError(`${error.message}\n\n${USAGE}`);
  }
  const stackPort = portOf('--stack-port', values['stack-port'] ?? env.DRIFTLOCK_STACK_PORT ?? '54321');
  return {
    ...values,
    port: portOf('--port', values.port ?? env.DRIFTLOCK_PORT ?? '8787'),
    stackPort,
    hosted: hostedProject(stackEnv(stackPort).SUPABASE_URL, env),
  };
}
