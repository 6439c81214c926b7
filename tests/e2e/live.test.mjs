// The live page while 200 events a second come in: it stays responsive, can be paused, and its list and rates are right.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { inBatches, oddEvent, ordinaryEvents } from '../integration/support/logs.mjs';
import { api, eventually, figure, freshStream, ingest, sleep, url } from '../integration/support/stack.mjs';
import { PASSWORD, newKey, newOrganization, newPerson } from '../integration/tenants/people.mjs';
import { assertAccessible, assertNoProblems, launch, openPage, picture, signIn, watchTasks } from './support/browser.mjs';

const EVENTS_PER_SECOND = 200;
const STREAMS = 4;
const EVERY_MS = 250;
const ROUNDS = 20;
/** Milliseconds of processor time that no single task of the page may take. */
const LONGEST_TASK_MS = 500;

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Streams that know what is ordinary, and what their ordinary events go on with. */
async function trainedStreams(key) {
  const perStream = (EVENTS_PER_SECOND * EVERY_MS * ROUNDS) / 1000 / STREAMS;
  return Promise.all(Array.from({ length: STREAMS }, async (_, i) => {
    const name = freshStream(`live-${i}`);
    const events = ordinaryEvents(name, 600 + perStream, 31 + i);
    for (const batch of inBatches(events.slice(0, 600), 300)) await ingest(key, batch);
    return { name, rest: events.slice(600), sent: 0 };
  }));
}

test(`must show 1: the live feed under ${EVENTS_PER_SECOND} events/s stays responsive, can be paused, and is right`, { timeout: 180_000 }, async (t) => {
  const owner = await newPerson('live');
  await newOrganization(owner, 'Live feed');
  const { secret } = await newKey(owner, { name: 'live', scopes: ['ingest', 'read'] });
  const streams = await trainedStreams(secret);

  const page = await openPage(browser);
  await signIn(page, { email: owner.email, password: PASSWORD });
  await page.goto(`${url}/app/live`);
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await page.getByText(streams[0].name).first().waitFor();
  const opened = performance.now();
  const tasksOf = await watchTasks(page);
  const rows = page.locator('[data-anomaly-row]');
  const shown = () => rows.evaluateAll((all) => all.map((row) => row.dataset.anomalyRow));

  const found = new Set((await api('GET', '/v1/anomalies?limit=100', { as: secret })).body.anomalies.map(({ id }) => id));
  let pausedList = null;
  let pressed = 0;
  const press = async (name) => {
    const begun = performance.now();
    await page.getByRole('button', { name }).click();
    await page.getByRole('button', { name: name === 'Pause' ? /^Resume/ : 'Pause' }).waitFor();
    pressed = Math.max(pressed, performance.now() - begun);
  };
  const pauseAt = Math.floor(ROUNDS / 3);
  const resumeAt = Math.floor((ROUNDS * 2) / 3);
  const begun = performance.now();
  const posts = [];
  for (let round = 0; round < ROUNDS; round++) {
    const each = (EVENTS_PER_SECOND * EVERY_MS) / 1000 / STREAMS;
    const batch = streams.flatMap((stream) => stream.rest.slice(Math.floor(round * each), Math.floor((round + 1) * each)));
    if (round % 4 === 1) batch.push(oddEvent(streams[(round >> 2) % STREAMS].name, `round${round}`, round >> 2));
    posts.push(ingest(secret, batch).then(({ anomalies }) => anomalies.forEach(({ id }) => found.add(id))));
    if (round === pauseAt) {
      await press('Pause');
      pausedList = await shown();
    }
    if (round === resumeAt) {
      assert.deepEqual(await shown(), pausedList, 'a paused list stands still');
      await page.getByRole('button', { name: /^Resume \(\d+ waiting\)/ }).waitFor();
      await press(/^Resume/);
    }
    await sleep(Math.max(0, begun + (round + 1) * EVERY_MS - performance.now()));
  }
  await Promise.all(posts);
  const took = performance.now() - begun;
  const rate = (EVENTS_PER_SECOND * EVERY_MS * ROUNDS) / took;
  await eventually('every anomaly in the list', async () => new Set(await shown()).isSupersetOf(found) || null, { timeoutMs: 60_000 });
  await eventually('the list to be what the API has', async () => {
    const { body } = await api('GET', '/v1/anomalies?limit=100', { as: secret });
    return isDeepStrictEqual((await shown()).toSorted(), body.anomalies.map(({ id }) => id).toSorted());
  }, { timeoutMs: 60_000, everyMs: 500 });

  // the counters behind the rates are read every few seconds
  const rateOf = async ({ name }) => Number(/([\d.,]+) a second/.exec(await page.getByRole('listitem').filter({ hasText: name }).first().innerText())?.[1] ?? NaN);
  const sent = (rate * took) / 1000 / STREAMS;
  const isRight = (each) => each > (0.7 * sent * 1000) / (performance.now() - opened) && each < (1.5 * sent * 1000) / took;
  let rates;
  await eventually('rates that fit what was sent', async () => {
    rates = await Promise.all(streams.map(rateOf));
    return rates.every(isRight);
  }, { timeoutMs: 60_000, everyMs: 500 }).catch((error) => assert.fail(`${error.message}: ${rates}, sent ${sent} each in ${Math.round(took)} ms`));
  const tasks = await tasksOf();
  const longest = Math.round(Math.max(0, ...tasks));
  const busy = tasks.reduce((sum, ms) => sum + ms - 50, 0);
  await assertAccessible(page);
  const file = await picture(page, 'live');
  assertNoProblems(page);
  figure(t, `${Math.round(rate)} events/s for ${((ROUNDS * EVERY_MS) / 1000).toFixed(0)} s, ${found.size} anomalies listed; longest task ${longest} ms, ${tasks.length} over 50 ms (${Math.round(busy)} ms beyond it); a click answered in ${Math.round(pressed)} ms; rates ${rates.map((each) => Math.round(each)).join(', ')}; picture in ${file}`);
  assert.ok(longest < LONGEST_TASK_MS, `a task took ${longest} ms`);
  await page.context().close();
});
