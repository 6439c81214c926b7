// An anomaly from the API to a settled case: it arrives live, its oddest word is shaded strongest, it is acknowledged.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../integration/support/logs.mjs';
import { a, api, eventually, figure, freshStream, ingest } from '../integration/support/stack.mjs';
import { assertNoProblems, launch, openPage, picture, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test('the oddest word is shaded strongest, and acknowledging reaches the API', { timeout: 120_000 }, async (t) => {
  const stream = freshStream('spine');
  for (const batch of inBatches(ordinaryEvents(stream, 1000, 5))) await ingest(a.keys.ingest, batch);
  const page = await openPage(browser);
  await signIn(page, a.people.member);
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();

  const { anomalies } = await ingest(a.keys.ingest, [oddEvent(stream, 'spine')]);
  assert.equal(anomalies.length, 1);
  const [{ id, reason }] = anomalies;
  const row = page.locator(`a[data-anomaly-row][href$="/anomalies/${id}"]`);
  await row.waitFor();
  await row.focus();
  await page.keyboard.press('Enter');

  await page.getByRole('heading', { level: 1, name: reason }).waitFor();
  const shaded = page.getByTestId('event-text').locator('[data-level]');
  await shaded.first().waitFor();
  const shades = await shaded
    .evaluateAll((words) => words.map((word) => ({ text: word.textContent, level: Number(word.dataset.level), bits: Number(word.dataset.bits) })));
  const strongest = shades.toSorted((x, y) => y.level - x.level || y.bits - x.bits)[0];
  assert.ok(strongest, 'something is shaded');
  assert.match(strongest.text, /spine|sandbox/);
  figure(t, `“${strongest.text}” at ${strongest.bits.toFixed(1)} bits, shade ${strongest.level} of 7, among ${shades.length} shaded words`);

  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByText('Acknowledged.', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Resolve' }).waitFor();
  await eventually('the status to be stored', async () => (await api('GET', `/v1/anomalies/${id}`, { as: a.keys.read })).body.status === 'acknowledged');
  await picture(page, 'acknowledged');
  assertNoProblems(page);
});
