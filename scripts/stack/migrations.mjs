// Applies supabase/migrations with the Supabase CLI, so that history and behaviour are those a hosted project gets.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ROOT, packageDir } from './paths.mjs';
import { quietEnv } from './process.mjs';

const run = promisify(execFile);
const CLI = () => path.join(packageDir('supabase'), 'dist/supabase.js');

/** Runs the Supabase CLI in the checkout; gives its output, or throws with it. */
export async function supabaseCli(args) {
  try {
    const { stdout, stderr } = await run(process.execPath, [CLI(), ...args], { cwd: ROOT, env: { ...process.env, ...quietEnv, CI: '1' }, maxBuffer: 16 << 20 });
    return stdout + stderr;
  } catch (error) {
    throw new Error(`supabase ${args.slice(0, 2).join(' ')} failed\n${error.stdout ?? ''}${error.stderr ?? error.message}`);
  }
}

const localFiles = () => fs.readdirSync(path.join(ROOT, 'supabase/migrations')).filter((name) => /^\d{14}_.+\.sql$/.test(name));

async function appliedVersions(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query("select to_regclass('supabase_migrations.schema_migrations') is not null as made");
    if (!rows[0].made) return new Set();
    const applied = await client.query('select version from supabase_migrations.schema_migrations');
    return new Set(applied.rows.map((row) => row.version));
  } finally {
    await client.end();
  }
}

/** Applies what is pending (the CLI is not even started when nothing is), and the seed into an empty database. Returns how many files were applied. */
export async function migrate(databaseUrl) {
  const applied = await appliedVersions(databaseUrl);
  const pending = localFiles().filter((name) => !applied.has(name.slice(0, 14)));
  if (!pending.length) return 0;
  const flags = ['--yes', '--include-all', ...(applied.size === 0 ? ['--include-seed'] : [])];
  await supabaseCli(['db', 'push', ...flags, `--remote=${databaseUrl}`]);
  return pending.length;
}
