// Failures under load, each followed by the account of tests/integration/support/chaos.mjs. Seeds are fixed; --full runs the
// long versions (20 kills, PostgREST away for 60 s).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { after, test } from 'node:test';
import { account, atRandomMoments, load, makeStreams } from '../support/chaos.mjs';
import { a, api, control, figure, full, sleep, url } from '../support/stack.mjs';

const TIMEOUT = { timeout: full ? 1_800_000 : 600_000 };

after(() => control('postgrest/start'));

test('must show 3: SIGKILL of workerd at random moments under load', TIMEOUT, async (t) => {
  const kills = full ? 20 : 3;
  const streams = makeStreams('kill', { count: full ? 2000 : 700, seed: 1 });
  const chaos = atRandomMoments(kills, 17, async () => {
    await control('worker/kill');
    await control('worker/start');
  });
  await load(streams, chaos);
  await chaos.finished();
  figure(t, `${kills} kills: ${await account(streams)}`);
});

test('must show 3: PostgREST down under load', TIMEOUT, async (t) => {
  const seconds = full ? 60 : 10;
  const streams = makeStreams('down', { count: 700, seed: 2 });
  let slowest = 0;
  const chaos = atRandomMoments(1, 23, async () => {
    await control('postgrest/stop');
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(250)) {
      const { status, ms } = await api('POST', '/v1/events', { as: a.keys.ingest, json: { stream: 'while-down', id: crypto.randomUUID(), data: 'still taken' } });
      assert.equal(status, 200, 'ingestion goes on');
      slowest = Math.max(slowest, ms);
    }
    await control('postgrest/start');
  });
  await load(streams, chaos);
  await chaos.finished();
  figure(t, `${seconds} s: ${await account(streams)}; slowest single event meanwhile ${Math.round(slowest)} ms`);
});

/** A proxy that passes every request on and drops the first answer to each body; every third body it also sends twice at once. */
async function droppingProxy(t) {
  const seen = new Map();
  let dropped = 0;
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const hash = crypto.createHash('sha256').update(body).digest('hex');
    const first = !seen.has(hash);
    seen.set(hash, true);
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const pass = () => fetch(url + request.url, { method: request.method, headers, body });
    try {
      const answers = await Promise.all(parseInt(hash.slice(0, 4), 16) % 3 === 0 ? [pass(), pass()] : [pass()]);
      const text = await answers[0].text();
      if (first) {
        dropped += 1;
        return response.socket.destroy();
      }
      response.writeHead(answers[0].status, { 'content-type': answers[0].headers.get('content-type') }).end(text);
    } catch {
      response.socket.destroy();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  return { target: `http://127.0.0.1:${server.address().port}`, dropped: () => dropped };
}

test('must show 3: a proxy drops every first answer, and clients send everything again', TIMEOUT, async (t) => {
  const proxy = await droppingProxy(t);
  const streams = makeStreams('proxy', { count: 700, seed: 3 });
  await load(streams, proxy);
  const batches = streams.reduce((sum, entry) => sum + entry.batches.length, 0);
  assert.equal(proxy.dropped(), batches);
  figure(t, `${proxy.dropped()} answers dropped: ${await account(streams)}`);
});

test('must show 3: a store that refuses writes', { ...TIMEOUT, skip: process.platform !== 'linux' && 'needs prlimit' }, async (t) => {
  const times = full ? 10 : 2;
  const streams = makeStreams('refuse', { count: 700, seed: 4 });
  let refused = 0;
  const chaos = atRandomMoments(times, 31, async () => {
    await control('store/refuse');
    for (const end = Date.now() + 1500; Date.now() < end; await sleep(100)) {
      const answer = await api('POST', '/v1/events', { as: a.keys.ingest, json: { stream: 'while-refusing', id: crypto.randomUUID(), data: 'not taken' } }).catch(() => null);
      assert.ok(!answer || answer.status >= 500, `nothing is answered 2xx that was not stored: ${answer?.status}`);
      refused += 1;
    }
    await control('store/accept');
  });
  await load(streams, chaos);
  await chaos.finished();
  assert.ok(refused >= times);
  figure(t, `${times} times, ${refused} of ${refused} probes meanwhile refused: ${await account(streams)}`);
});

test('must show 3: the clock jumps both ways', TIMEOUT, async (t) => {
  const hours = [6, -6, 30, -48, 0.01, -400, 0];
  const streams = makeStreams('clock', { count: 700, seed: 5 });
  const set = (offset) => api('POST', `/v1/_test/clock?offset_ms=${Math.round(offset * 3_600_000)}`);
  t.after(() => set(0));
  const proxy = await droppingProxy(t);
  const chaos = atRandomMoments(hours.length, 41, async (index) => assert.equal((await set(hours[index])).status, 200));
  // with dropped answers, so that retries fall on the other side of a jump
  await load(streams, { ...chaos, ...proxy });
  await chaos.finished();
  figure(t, `${hours.length} jumps of up to 430 hours: ${await account(streams)}`);
});
