// Must show 5: malformed requests by the thousand (20,000; with --full a million): never a 5xx, no panic, memory bounded, and what is
// in a batch beside the bad record is kept. A failure names its seed; DRIFTLOCK_FUZZ_SEED runs that one alone.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { a, figure, freshStream, full, ingest, url } from '../support/stack.mjs';
import { caseOf } from './fuzz-cases.mjs';

const only = process.env.DRIFTLOCK_FUZZ_SEED;
const COUNT = Number(process.env.DRIFTLOCK_FUZZ ?? (full ? 1_000_000 : 20_000));
const CLIENTS = 24;
// workerd alone has no limit and collects late: a Worker that answers nothing but 200 holds 290 MB after 85,000 requests (tests/load)
const MEMORY_MB = 1536;
const dir = path.dirname(process.env.DRIFTLOCK_TEST_FIXTURES);
const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
const { hostname, port } = new URL(url);

function send({ path: target, headers, body }) {
  return new Promise((resolve, reject) => {
    let request;
    try {
      request = http.request({ agent, hostname, port, path: target, method: 'POST', headers: { authorization: `Bearer ${a.keys.full}`, ...headers } });
    } catch (error) {
      if (error.code === 'ERR_INVALID_CHAR') return resolve(null); // no client can send it
      return reject(error);
    }
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode, type: response.headers['content-type'] ?? '', body: bytes, text: bytes.toString().slice(0, 2000) });
      });
    });
    request.end(body);
  });
}

/** Resident megabytes of workerd; where the system tells. */
function memoryMb() {
  try {
    const sizes = fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).map((pid) => {
      try {
        const [command, group] = [fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), Number(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[2])];
        return command === 'workerd' && group === workerGroup() ? Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024 : 0;
      } catch {
        return 0;
      }
    });
    return Math.max(...sizes);
  } catch {
    return 0;
  }
}
const workerGroup = () => Number(/\d+/.exec(fs.readFileSync(path.join(dir, 'worker.pid'), 'utf8'))?.[0]);

async function check(seed, stream) {
  const made = caseOf(seed, stream);
  const answer = await send(made);
  if (!answer) return 0;
  const where = `seed ${seed} (${made.name}): ${answer.status} ${answer.text.slice(0, 300)}`;
  assert.ok(answer.status < 500, where);
  if (/^application\/(problem\+)?json/.test(answer.type)) answer.json = JSON.parse(answer.body.toString());
  if (answer.status >= 400 && /problem/.test(answer.type)) assert.match(answer.json.code, /^[a-z_]+$/, where);
  try {
    made.kept?.(answer);
  } catch (error) {
    assert.fail(`${where}\n${error.message}`);
  }
  return answer.status;
}

test('must show 5: malformed requests', { timeout: full ? 10_800_000 : 3_500_000 }, async (t) => {
  const stream = freshStream('fuzz');
  const log = path.join(dir, 'worker.log');
  const before = fs.existsSync(log) ? fs.statSync(log).size : 0;
  const counts = {};
  let next = only ? Number(only) : 0;
  const end = only ? next + 1 : COUNT;
  const samples = [memoryMb()];
  const start = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    while (next < end) {
      const seed = next;
      next += 1;
      const status = await check(seed, `${stream}/${seed % 8}`);
      counts[status] = (counts[status] ?? 0) + 1;
      if (seed % 2000 === 0) samples.push(memoryMb());
    }
  }));
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  const said = fs.existsSync(log) ? fs.readFileSync(log).subarray(before).toString() : '';
  assert.doesNotMatch(said, /panick|"panic"|RuntimeError|unreachable/);
  const most = Math.max(...samples);
  assert.ok(most < MEMORY_MB, `workerd holds ${Math.round(most)} MB`);
  // it grows while the heap warms up; what went on growing would show between the second and the last third of a long run
  const third = Math.floor(samples.length / 3);
  const [middle, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)].map((part) => Math.max(...part));
  if (samples.length > 60) assert.ok(last < 1.25 * middle, `workerd goes on growing: ${samples.map(Math.round).join(', ')} MB`);
  assert.equal((await ingest(a.keys.full, [{ stream, data: 'still there' }])).accepted, 1);
  figure(t, `${end} requests in ${seconds.toFixed(0)} s (${Object.entries(counts).map(([status, n]) => `${n} × ${status}`).join(', ')}), ${Math.round(end / seconds)} a second, workerd at most ${Math.round(most)} MB, in the last third ${Math.round(last)} MB`);
});
