// Child processes that we start, record and stop: each leads its own process group, so that Ctrl-C in a terminal reaches
// only the script, which then stops its children in order; a record on disk lets the next start clear up after a crash.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const quietEnv = {
  DO_NOT_TRACK: '1',
  LITE_TELEMETRY: '0',
  SUPABASE_TELEMETRY_DISABLED: '1',
  SUPABASE_NO_UPDATE_NOTIFIER: '1',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};

/** A process's command line and start, or null when it does not run: together they tell it from a later one of the same id. */
function identity(pid) {
  try {
    const text = execFileSync('ps', ['-o', 'lstart=,command=', '-p', String(pid)], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    return text.trim() || null;
  } catch {
    return null;
  }
}

export function writePidRecord(file, pid) {
  fs.writeFileSync(file, JSON.stringify({ pid, identity: identity(pid) }));
}

/** The recorded process's id if that very process still runs. */
export function readPidRecord(file) {
  try {
    const record = JSON.parse(fs.readFileSync(file, 'utf8'));
    return record.identity && identity(record.pid) === record.identity ? record.pid : null;
  } catch {
    return null;
  }
}

/**
 * Starts `command` in its own process group with its output appended to `log`.
 * Returns {pid, exited, stop(signal, graceMs), kill()}; `exited` resolves to the exit code or signal.
 */
export function startProcess({ command, args = [], log, record, ...options }) {
  const out = fs.openSync(log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', out, out], detached: true, ...options });
  fs.closeSync(out);
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  if (record && child.pid) writePidRecord(record, child.pid);
  const signalGroup = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // already gone
    }
  };
  const groupLives = () => {
    try {
      return process.kill(-child.pid, 0);
    } catch {
      return false;
    }
  };
  const finish = async () => {
    const how = await exited;
    // its own children give back their ports a moment later
    for (let i = 0; i < 100 && groupLives(); i += 1) await sleep(20);
    if (record) fs.rmSync(record, { force: true });
    return how;
  };
  return {
    child,
    pid: child.pid,
    exited,
    /** Asks with `signal` (to the leader only), and after `graceMs` insists with SIGKILL to the group. */
    async stop(signal = 'SIGTERM', graceMs = 10_000) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const timer = setTimeout(() => signalGroup('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
      signalGroup('SIGKILL');
      return finish();
    },
    /** SIGKILL to the whole group, as a crash would be. */
    kill() {
      signalGroup('SIGKILL');
      return finish();
    },
  };
}

/** Ends a process left over from an earlier run, if its record is still true. */
export async function stopRecorded(file, signal = 'SIGTERM', graceMs = 10_000) {
  const pid = readPidRecord(file);
  if (pid) {
    process.kill(pid, signal);
    const deadline = Date.now() + graceMs;
    while (readPidRecord(file) && Date.now() < deadline) await sleep(50);
    if (readPidRecord(file)) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        process.kill(pid, 'SIGKILL');
      }
      await sleep(100);
    }
  }
  fs.rmSync(file, { force: true });
  return pid !== null;
}

/** Calls `probe` until it gives something truthy; a thrown error counts as "not yet". */
export async function waitFor(what, probe, { timeoutMs = 30_000, everyMs = 20, exited } = {}) {
  let gone;
  exited?.then((how) => (gone = how));
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      const result = await probe();
      if (result) return result;
    } catch {
      // not yet
    }
    if (gone !== undefined) throw new Error(`${what} ended at once (${gone})`);
    if (Date.now() > deadline) throw new Error(`${what} was not ready within ${timeoutMs / 1000} s`);
    await sleep(everyMs);
  }
}

/** Throws one clear line when a port is taken. `ports` is a list of {port, name, remedy}. */
export async function requireFreePorts(ports, host = '127.0.0.1') {
  for (const { port, name, remedy } of ports) {
    const error = await new Promise((resolve) => {
      const server = net.createServer().once('error', resolve);
      server.listen(port, host, () => server.close(() => resolve(null)));
    });
    if (error) {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${error.code})`;
      throw Object.assign(new Error(`port ${port} (${name}) ${why}; ${remedy}`), { plain: true });
    }
  }
}

/** The last lines of a log, for error messages. */
export function tail(file, lines = 8) {
  try {
    return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return `(no ${path.basename(file)})`;
  }
}
