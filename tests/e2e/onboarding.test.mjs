// A newcomer in a browser: sign-up, the mail, its link or code, a first key, a first event, a first anomaly.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../integration/support/logs.mjs';
import { api, figure, ingest, url } from '../integration/support/stack.mjs';
import { PASSWORD, freshAddress, freshNetwork, mailTo, mailsTo, newPerson, tokenOf } from '../integration/tenants/people.mjs';
import { assertNoProblems, launch, openPage, picture, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** A page whose requests come from a network of their own: sign-ups are limited for each. */
const newcomer = () => openPage(browser, { extraHTTPHeaders: freshNetwork() });
const linkIn = (mail) => mail.Text.match(/https?:\/\/\S+\/v1\/onboard\/verify\?token=\S+/)[0];
const step = (page, title) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title }) });

async function fillSignUp(page, { email, company }) {
  await page.goto(url);
  await page.getByRole('link', { name: 'Sign up' }).first().click();
  await page.getByLabel('Work email').fill(email);
  await page.getByLabel('Company').fill(company);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
}

test('must show 4: sign-up, mail, link, first key, first event, first anomaly in the dashboard', { timeout: 300_000 }, async (t) => {
  const begun = performance.now();
  const email = freshAddress('browser');
  const page = await newcomer();
  await fillSignUp(page, { email, company: 'Browser & Co.' });
  await page.locator('main').getByText(email).first().waitFor();

  await page.goto(linkIn(await mailTo(email)));
  await page.getByLabel('Choose a password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.waitForURL('**/app/start');
  await page.getByRole('heading', { name: 'Browser & Co.: get started' }).waitFor();
  const key = (await page.getByTestId('secret').innerText()).trim();
  assert.match(key, /^dlk_live_/);
  assert.doesNotMatch(page.url(), /dlk_|token/, 'no secret in the address');
  await page.getByText('Waiting for your first event').waitFor();
  const example = page.getByRole('region', { name: 'curl example' });
  await example.getByText(key).waitFor();
  const sample = await example.innerText();
  assert.ok(sample.includes(`${url}/v1/events`) && sample.includes(key), 'the sample carries address and key');
  const file = await picture(page, 'first-key');

  // what the sample does, without the shell
  const [body] = sample.match(/\{.*\}/);
  await ingest(key, [JSON.parse(body)]);
  await page.getByText('Received in getting-started').waitFor({ timeout: 60_000 });

  for (const batch of inBatches(ordinaryEvents('getting-started', 1500), 500)) await ingest(key, batch);
  await step(page, 'Learning what is normal').getByText('The detector knows this stream').waitFor({ timeout: 60_000 });
  const { anomalies } = await ingest(key, [oddEvent('getting-started', 'first')]);
  assert.equal(anomalies.length, 1);
  const found = step(page, 'The first anomaly').getByRole('link');
  await found.waitFor({ timeout: 60_000 });
  await found.click();
  await page.waitForURL(/\/app\/anomalies\/[0-9a-f-]{36}$/);
  await page.getByRole('article').getByRole('heading', { level: 1 }).waitFor();
  const seconds = (performance.now() - begun) / 1000;

  await page.goto(`${url}/app/start`);
  await page.getByRole('button', { name: 'I have stored it' }).click();
  await page.reload();
  await page.getByText('has one key').waitFor();
  assert.ok(await tokenOf(email), 'the password that was chosen with the confirmation');
  assert.doesNotMatch(await page.content(), /dlk_live_/, 'the key is not shown again');
  assertNoProblems(page);
  figure(t, `${seconds.toFixed(1)} s from the landing page to the first anomaly; picture in ${file}`);
});

test('without a password: the code of the mail confirms, and another one signs in', { timeout: 120_000 }, async () => {
  const email = freshAddress('browser-code');
  const page = await newcomer();
  await fillSignUp(page, { email, company: 'Codes' });
  const code = (await mailTo(email)).Text.match(/\b(\d{6})\b/)[1];
  await page.getByLabel('Code').fill(code === '000000' ? '000001' : '000000');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('alert').getByText('wrong, used or older').waitFor();
  await page.getByLabel('Code').fill(code);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByTestId('secret').waitFor();

  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Use an emailed code instead' }).click();
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Email me a code' }).click();
  await page.getByText('is on its way').waitFor();
  const second = (await mailTo(email, 2)).Text.match(/\b(\d{6})\b/)[1];
  await page.getByLabel('Code').fill(second);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Anomalies' }).waitFor();
});

test('a known address is told nothing, and its owner signs in as before', { timeout: 60_000 }, async () => {
  const known = await newPerson('known-browser');
  const page = await newcomer();
  await fillSignUp(page, { email: known.email, company: 'Again' });
  await page.waitForTimeout(500);
  assert.deepEqual((await mailsTo(known.email)).filter((mail) => /onboard/.test(mail.Text)), []);
  const made = await api('POST', '/v1/organizations', { as: known, json: { name: 'Known' } });
  assert.equal(made.status, 201);
  await signIn(page, { email: known.email, password: PASSWORD });
});
