// A Worker of a test's own, beside the stack's: other settings, other objects, the same database. With `edge` a second isolate
// stands in front of the same objects.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { startWorker } from '../../../scripts/stack/worker.mjs';
import { api, supabase } from '../support/stack.mjs';

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Runs until the end of the test `t` (or, in `before`, of the file). Gives {url, edge?, turnClock(ms, base?)}. */
export async function ownWorker(t, { edge = false, ...vars } = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'driftlock-worker-'));
  let edgePort;
  const start = async (tries) => {
    const port = await freePort();
    edgePort = edge ? await freePort() : undefined;
    const all = { ...supabase, ENVIRONMENT: 'development', TEST_HOOKS: '1', FLUSH_SECONDS: '1', PUBLIC_URL: `http://127.0.0.1:${port}`, ...(edge && { EDGE_PORT: String(edgePort) }), ...vars };
    // a port that was free may have been taken since
    return startWorker({ dir, port, vars: all }).catch((error) => {
      if (tries > 1 && /ADDRESS_IN_USE/.test(error.message)) return start(tries - 1);
      throw error;
    });
  };
  const worker = await start(5);
  t.after(async () => {
    await worker.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return {
    url: worker.url,
    edge: edge ? `http://127.0.0.1:${edgePort}` : undefined,
    /** Turns the clock of an isolate (and of the objects, which live in the first one's) ahead of the real time. */
    turnClock: (ms, base = worker.url) => api('POST', `/v1/_test/clock?offset_ms=${ms}`, { base }),
  };
}
