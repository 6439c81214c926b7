// The way of a newcomer: sign in, watch an anomaly arrive live, open it, read why.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../integration/support/logs.mjs';
import { a, b, figure, freshStream, ingest } from '../integration/support/stack.mjs';
import { assertNoProblems, launch, openPage, picture, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test('must show 2: an anomaly appears live on the dashboard, and its page says which tokens made it one', { timeout: 120_000 }, async (t) => {
  const stream = freshStream('journey');
  for (const batch of inBatches(ordinaryEvents(stream, 1000, 3))) await ingest(a.keys.ingest, batch);
  const page = await openPage(browser);
  await signIn(page, a.people.member);
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();

  const { anomalies } = await ingest(a.keys.ingest, [oddEvent(stream, 'journey')]);
  assert.equal(anomalies.length, 1);
  const row = page.getByRole('link').filter({ has: page.locator(`xpath=self::*[contains(@href, "${anomalies[0].id}")]`) }).first();
  const start = performance.now();
  await row.waitFor();
  const seconds = (performance.now() - start) / 1000;
  await picture(page, 'anomalies');

  await row.click();
  await page.waitForURL(`**/anomalies/${anomalies[0].id}*`);
  await page.getByRole('heading', { level: 1, name: anomalies[0].reason }).waitFor();
  await page.getByTestId('event-text').waitFor();
  const text = await page.locator('main').innerText();
  assert.match(text, /gateway=/, 'shows the event');
  assert.match(text, /sandbox-journey/, 'shows the odd token');
  assert.match(text, /stripe|adyen/, 'shows what was expected instead');
  const file = await picture(page, 'anomaly');
  assertNoProblems(page);
  figure(t, `in the list ${seconds.toFixed(1)} s after the post; picture in ${file}`);
});

test('the other organisation sees nothing of it', { timeout: 60_000 }, async () => {
  const page = await openPage(browser);
  await signIn(page, b.people.owner);
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await page.waitForTimeout(1000);
  assert.doesNotMatch(await page.locator('body').innerText(), /journey/);
});
