// Runs the pgTAP files of supabase/tests/database as pg_prove would: one session per file, `\ir FILE` included.
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { ROOT } from './paths.mjs';

const DIR = path.join(ROOT, 'supabase/tests/database');

const include = (file) =>
  fs.readFileSync(file, 'utf8').replace(/^\\ir (\S+)\s*$/gm, (_, name) => include(path.join(path.dirname(file), name)));

async function runFile(databaseUrl, file) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const lines = [];
  let error = null;
  try {
    const results = [await client.query(include(file))].flat();
    for (const { rows } of results) {
      for (const value of rows.flatMap(Object.values)) if (typeof value === 'string') lines.push(...value.split('\n'));
    }
  } catch (thrown) {
    error = thrown.message;
  } finally {
    await client.end();
  }
  const count = (pattern) => lines.filter((line) => pattern.test(line)).length;
  const planned = Number(lines.find((line) => /^1\.\.\d+/.test(line))?.slice(3) ?? 0);
  const passed = count(/^ok /);
  const problems = lines.filter((line) => /^(not ok|# )/.test(line));
  if (error) problems.push(error);
  if (!error && planned !== passed + count(/^not ok/)) problems.push(`planned ${planned} tests, ran ${passed + count(/^not ok/)}`);
  return { name: path.basename(file), passed, failed: Math.max(count(/^not ok/), problems.length ? 1 : 0), problems };
}

/** Returns [{name, passed, failed, problems}] for each file. */
export async function runPgtap(databaseUrl) {
  const files = fs.readdirSync(DIR).filter((name) => name.endsWith('.test.sql')).sort();
  const results = [];
  for (const name of files) results.push(await runFile(databaseUrl, path.join(DIR, name)));
  return results;
}
