// Feedback in the browser, against the real stack: teach, see the effect, take it back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { a, api, eventually, figure, freshStream, ingest, url } from '../integration/support/stack.mjs';
import { launch, openPage, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test('must show 1: feedback and undo, with the effect shown', { timeout: 120_000 }, async (t) => {
  const stream = freshStream('feedback-ui');
  const ordinary = Array.from({ length: 600 }, (_, i) => ({ stream, event_type: 'log', data: `user ${i % 17} paid order ${8000 + i} in ${i % 40} ms` }));
  const { anomalies } = await ingest(a.keys.full, [...ordinary, { stream, event_type: 'log', data: 'nightly export of table cards begins by operator=backup' }]);
  const { id } = anomalies.at(-1);
  await eventually('the anomaly to be stored', async () => (await api('GET', `/v1/anomalies/${id}`, { as: a.keys.read })).status === 200);
  const page = await openPage(browser);
  await signIn(page, a.people.member);
  await page.goto(`${url}/app/anomalies/${id}`);
  await page.getByRole('button', { name: 'Expected' }).click();
  await page.getByText(/No alarm any more/).waitFor();
  const effect = await page.getByRole('region', { name: 'Your verdict' }).textContent();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Expected' }).waitFor();
  // The page shows it taken back before the server has answered.
  const body = await eventually('the feedback to be gone', async () => {
    const answer = await api('GET', `/v1/anomalies/${id}/feedback`, { as: a.keys.read });
    return answer.body.feedback === null && answer.body;
  });
  assert.deepEqual([body.feedback, body.effect.taught, body.effect.anomaly], [null, false, true]);
  figure(t, /Then(.*?bits).*now(.*?bits)/.exec(effect)?.slice(1).join(' → ') ?? effect);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
