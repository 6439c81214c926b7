// A newcomer in a browser: sign-up, the mailed link, one click, a first key, a first event, a first anomaly.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../integration/support/logs.mjs';
import { api, figure, ingest, url } from '../integration/support/stack.mjs';
import { PASSWORD, freshAddress, freshNetwork, mailTo, tokenIn } from '../integration/tenants/people.mjs';
import { assertNoProblems, launch, openPage, picture, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test('must show 4: from the mailed link to a first anomaly in the dashboard', { timeout: 180_000 }, async (t) => {
  const email = freshAddress('browser');
  const signedUp = await api('POST', '/v1/onboard/signup', { json: { email, company: 'Browser & Co.', password: PASSWORD }, headers: freshNetwork() });
  assert.equal(signedUp.status, 202);
  const token = tokenIn(await mailTo(email));

  const page = await openPage(browser);
  await page.goto(`${url}/v1/onboard/verify?token=${token}`);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { name: 'You are in' }).waitFor();
  const key = (await page.locator('#api-key').innerText()).trim();
  assert.match(key, /^dlk_live_/);
  assert.match(await page.locator('#sample').innerText(), /curl .*\/v1\/events/);
  const file = await picture(page, 'first-key');

  for (const batch of inBatches(ordinaryEvents('getting-started', 1500), 500)) await ingest(key, batch);
  const { anomalies } = await ingest(key, [oddEvent('getting-started', 'first')]);
  assert.equal(anomalies.length, 1);
  await signIn(page, { email, password: PASSWORD });
  await page.locator(`a[href*="${anomalies[0].id}"]`).first().waitFor({ timeout: 15_000 });
  assertNoProblems(page);
  figure(t, `picture in ${file}`);
});
