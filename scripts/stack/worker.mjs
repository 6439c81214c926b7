// Starts the Worker as a process group of its own, so that it can be stopped, or killed as a crash would, and started again.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireFreePorts, startProcess, stopRecorded, tail, waitFor } from './process.mjs';

const MAIN = fileURLToPath(new URL('worker-main.mjs', import.meta.url));

/** `vars`: the Worker's variables and secrets. State and log live in `dir`. Returns {url, stop(), kill(), pid}. */
export async function startWorker({ dir, port, vars }) {
  fs.mkdirSync(dir, { recursive: true });
  const log = path.join(dir, 'worker.log');
  const record = path.join(dir, 'worker.pid');
  await stopRecorded(record);
  await requireFreePorts([{ port, name: 'Worker', remedy: 'free it, or choose another with DRIFTLOCK_PORT' }]);
  // nothing of the caller's environment but the system's: no stray secret or proxy reaches the Worker
  const { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  const system = Object.fromEntries(Object.entries({ PATH, HOME, TMPDIR, NODE_COMPILE_CACHE }).filter(([, value]) => value));
  const child = startProcess({
    command: process.execPath, args: [MAIN, String(port), dir], log, record,
    env: { ...system, WRANGLER_SEND_METRICS: 'false', WRANGLER_SEND_ERROR_REPORTS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', DO_NOT_TRACK: '1', ...vars },
  });
  const url = `http://127.0.0.1:${port}`;
  const ready = async () => (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) })).ok;
  try {
    await waitFor('the Worker', ready, { exited: child.exited });
  } catch (error) {
    await child.kill();
    throw new Error(`${error.message}\n${tail(log)}`);
  }
  return { url, pid: child.pid, exited: child.exited, log, stop: () => child.stop('SIGTERM', 5000), kill: child.kill };
}
