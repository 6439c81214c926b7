// Replay in the browser: the dashboard's own detector thread, in Chromium, recomputes what the server stored.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { a, api, eventually, figure, freshStream, ingest, listAnomalies, url } from '../integration/support/stack.mjs';
import { launch, openPage, signIn } from './support/browser.mjs';

const WANTED = 1000;
const SYLLABLES = ['ka', 'lo', 'mi', 'ter', 'vex', 'dru', 'sno', 'pha', 'que', 'ib', 'orn', 'zel'];

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Numbers from 0 up to `n`, the same on every run. */
function dice(seed) {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
}

const words = (below, count) => Array.from({ length: count }, () => Array.from({ length: 3 }, () => SYLLABLES[below(SYLLABLES.length)]).join('')).join(' ');

/** Events of four shapes, of which every tenth is unlike all others. */
function events(stream, shape, below) {
  const ordinary = {
    text: () => `user ${below(40)} paid order ${below(9000)} in ${below(50)} ms`,
    json: () => ({ level: 'INFO', user: `u${below(20)}`, ms: below(90) / 7, tags: ['a', 'b'] }),
    metric: () => ({ value: 20 + below(100) / 10 }),
    group: () => `cache ${['hit', 'miss'][below(2)]} for key ${below(300)} — naïve ☕`,
  }[shape];
  const odd = {
    text: (i) => `${words(below, 2 + below(6))} [${i}] ${words(below, below(4))}`,
    json: (i) => ({ [words(below, 1)]: words(below, 2), code: i, nested: { [words(below, 1)]: [i / 3, null, true] } }),
    metric: () => ({ value: below(2) ? 900 + below(90_000) / 7 : -below(5000) / 3 }),
    group: (i) => `${words(below, 3)} ☕ ${i} “${words(below, 1 + below(3))}”`,
  }[shape];
  const kind = { text: 'log', json: 'trace', metric: 'metric', group: 'llm' }[shape];
  return Array.from({ length: 1100 }, (_, i) => ({
    stream, event_type: kind, data: i > 200 && i % 10 === 0 ? odd(i) : ordinary(),
    ...(shape === 'group' && { group: `session ${i >> 2}` }), ...(shape === 'metric' && { timestamp: Date.UTC(2026, 10, 20) + i * 60_000 }),
  }));
}

/** Details of at least WANTED stored anomalies, of all shapes. */
async function storedAnomalies() {
  const details = [];
  for (let round = 0; details.length < WANTED && round < 6; round++) {
    for (const shape of ['text', 'json', 'metric', 'group']) {
      const stream = freshStream(`replay-${shape}`);
      const all = events(stream, shape, dice(17 + round * 4 + shape.length));
      let found = 0;
      await ingest(a.keys.full, all.slice(0, 1));
      await eventually('the stream', async () => (await api('PATCH', `/v1/streams/${encodeURIComponent(stream)}`, { as: a.people.admin, json: { sensitivity: 1 } })).status === 200);
      for (let i = 1; i < all.length; i += 400) found += (await ingest(a.keys.full, all.slice(i, i + 400))).anomalies.length;
      const listed = await eventually('all anomalies to be stored', async () => {
        const list = await listAnomalies(a.keys.read, { stream });
        return list.length >= found && list;
      }, { timeoutMs: 60_000, everyMs: 500 });
      for (let i = 0; i < listed.length; i += 8)
        details.push(...(await Promise.all(listed.slice(i, i + 8).map(async ({ id }) => (await api('GET', `/v1/anomalies/${id}`, { as: a.keys.read })).body))));
    }
  }
  return details;
}

/** The address of the built detector thread. */
async function threadAddress() {
  const file = fs.readdirSync(new URL('../../pages-frontend/dist/assets/', import.meta.url)).find((name) => /^worker-.*\.js$/.test(name));
  assert.equal((await fetch(`${url}/assets/${file}`)).headers.get('content-type')?.split(';')[0], 'text/javascript');
  return `/assets/${file}`;
}

test(`must show 4: replay in the browser agrees bit for bit on ${WANTED} stored anomalies`, { timeout: 600_000 }, async (t) => {
  const details = await storedAnomalies();
  assert.ok(details.length >= WANTED, `only ${details.length} anomalies`);
  const page = await openPage(browser);
  await page.goto(`${url}/sign-in`);
  const asked = details.map(({ event, event_format, event_type, group, timestamp, witness }) => ({ event: { text: event, format: event_format, kind: event_type, group: group ?? undefined, timestampMs: timestamp ? Date.parse(timestamp) : undefined }, witness }));
  const answer = await page.evaluate(async ([address, list]) => {
    const thread = new Worker(address, { type: 'module' });
    const waiting = new Map();
    thread.onmessage = ({ data }) => waiting.get(data.id)(data);
    const replies = [];
    const begun = performance.now();
    for (const [id, ask] of list.entries()) {
      const reply = await new Promise((resolve) => {
        waiting.set(id, resolve);
        thread.postMessage({ id, do: 'replay', ...ask });
      });
      replies.push(JSON.stringify(reply.verdict ?? reply));
    }
    return { replies, ms: performance.now() - begun };
  }, [await threadAddress(), asked]);

  const empty = (value) => (value === undefined || (Array.isArray(value) && value.length === 0) ? null : value);
  const kinds = {};
  details.forEach((stored, i) => {
    const again = JSON.parse(answer.replies[i]);
    for (const part of ['score', 'p_value', 'p_method', 'q_value', 'severity', 'reason', 'tokens', 'fields', 'nearest', 'witness', 'algorithm', 'checkpoint'])
      assert.deepStrictEqual(empty(again[part]), empty(stored[part]), `${part} of ${stored.id}: ${answer.replies[i].slice(0, 300)}`);
    assert.equal(String(again.seed), String(stored.seed));
    kinds[stored.event_type] = (kinds[stored.event_type] ?? 0) + 1;
  });
  assert.deepEqual(page.problems, []);
  figure(t, `${details.length} agree (${Object.entries(kinds).map(([kind, n]) => `${n} ${kind}`).join(', ')}), ${(answer.ms / details.length).toFixed(2)} ms each`);
  await page.context().close();
});

test('the replay button says so on an anomaly of a real stream', { timeout: 120_000 }, async (t) => {
  const stream = freshStream('replay-button');
  const below = dice(3);
  const found = await ingest(a.keys.full, [...events(stream, 'text', below).slice(0, 200), { stream, event_type: 'log', data: 'dropped table orders, cause: “sandbox”' }]);
  const { id } = found.anomalies.at(-1);
  await eventually('the anomaly to be stored', async () => (await api('GET', `/v1/anomalies/${id}`, { as: a.keys.read })).status === 200);
  const page = await openPage(browser);
  await signIn(page, a.people.viewer);
  await page.goto(`${url}/app/anomalies/${id}`);
  await page.getByRole('button', { name: 'Recompute in this browser' }).click();
  const said = page.getByText(/The same, bit for bit/);
  await said.waitFor({ timeout: 30_000 });
  figure(t, (await said.textContent()).trim());
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
