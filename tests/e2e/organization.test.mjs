// Running an organisation in a browser: a key is rotated without losing an event, somebody is invited.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, eventually, figure, url } from '../integration/support/stack.mjs';
import { PASSWORD, freshAddress, freshNetwork, mailTo, newOrganization, newPerson } from '../integration/tenants/people.mjs';
import { assertNoProblems, launch, openPage, picture, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** A page signed in as the owner of an organisation of its own. */
async function newOwner(name) {
  const owner = await newPerson(name);
  const organization = await newOrganization(owner, `${name} Ltd`);
  const page = await openPage(browser);
  await signIn(page, { email: owner.email, password: PASSWORD });
  return { owner, organization, page };
}

const send = (key) => api('POST', '/v1/events', { as: key, json: [{ stream: 'rotation', data: 'still here' }] });

async function makeKey(page, name) {
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Make the key' }).click();
  return secretOf(page);
}

async function secretOf(page) {
  const secret = (await page.getByTestId('secret').innerText()).trim();
  await page.getByRole('button', { name: 'I have stored it' }).click();
  return secret;
}

test('a key is made, rotated with an overlap, and revoked: the old one goes on, then stops', { timeout: 150_000 }, async (t) => {
  const { page } = await newOwner('rotation');
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('link', { name: 'API keys' }).click();
  const first = await makeKey(page, 'collector');
  assert.equal((await send(first)).status, 200);

  await page.getByRole('button', { name: 'Rotate collector' }).click();
  await page.getByLabel('Overlap').selectOption({ label: 'an hour' });
  await page.getByRole('button', { name: 'Make the new key' }).click();
  await page.getByText('The old one goes on until').waitFor();
  const second = await secretOf(page);
  assert.notEqual(second, first);
  assert.deepEqual([(await send(first)).status, (await send(second)).status], [200, 200], 'both work during the overlap');

  const keys = page.getByRole('list', { name: 'API keys' }).getByRole('listitem');
  const old = keys.filter({ hasText: 'Ending soon' });
  await old.waitFor(); // exactly one: two would be refused
  const file = await picture(page, 'keys');
  await old.getByRole('button', { name: /Revoke/ }).click();
  await page.getByRole('button', { name: 'Revoke the key' }).click();
  await page.getByText('“collector” is revoked.').waitFor();
  const begun = Date.now();
  await eventually('the revoked key is refused', async () => (await send(first)).status === 401, { timeoutMs: 60_000, everyMs: 250 });
  assert.equal((await send(second)).status, 200);

  await page.getByRole('link', { name: 'Audit log' }).click();
  await page.getByText(/Chain intact/).waitFor();
  await page.getByRole('list', { name: /Changes/ }).getByText('revoked an API key').waitFor();
  assertNoProblems(page);
  figure(t, `revoked key refused ${((Date.now() - begun) / 1000).toFixed(1)} s after the click; picture in ${file}`);
});

test('somebody is invited, joins from the mail with a password of their own, and signs in', { timeout: 120_000 }, async () => {
  const { page, organization } = await newOwner('inviting');
  const email = freshAddress('invited');
  await page.goto(`${url}/app/settings/members`);
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Send the invitation' }).click();
  await page.getByRole('list', { name: 'Open invitations' }).getByText(email).waitFor();

  const guest = await openPage(browser, { extraHTTPHeaders: freshNetwork() });
  await guest.goto((await mailTo(email)).Text.match(/https?:\/\/\S+\/invitations\/accept\?token=\S+/)[0]);
  await guest.getByRole('heading', { name: `Join ${organization.name}` }).waitFor();
  await guest.getByLabel('Password').fill(PASSWORD);
  await guest.getByRole('button', { name: 'Join' }).click();
  await guest.getByRole('link', { name: 'Sign in' }).click();
  await guest.getByLabel('Email').fill(email);
  await guest.getByLabel('Password').fill(PASSWORD);
  await guest.getByRole('button', { name: 'Sign in' }).click();
  await guest.getByRole('heading', { name: 'Anomalies' }).waitFor();
  await page.reload();
  await page.getByRole('list', { name: 'Members' }).getByText(email).waitFor();
  assertNoProblems(guest);
  assertNoProblems(page);
});

test('a person in two organisations sees one at a time', { timeout: 90_000 }, async () => {
  const { owner, organization, page } = await newOwner('first');
  const second = await newOrganization(owner, 'Second GmbH');
  for (const [org, name] of [[organization, 'key of the first'], [second, 'key of the second']]) {
    const made = await api('POST', '/v1/keys', { as: { token: owner.token, org: org.id }, json: { name } });
    assert.equal(made.status, 201);
  }
  await page.goto(`${url}/app/settings/keys`);
  await page.getByRole('button', { name: /^Organisation:/ }).click();
  await page.getByRole('menuitemradio', { name: organization.name }).click();
  await page.getByText('key of the first').waitFor();
  assert.equal(await page.getByText('key of the second').count(), 0);
  await page.getByRole('button', { name: /^Organisation:/ }).click();
  await page.getByRole('menuitemradio', { name: 'Second GmbH' }).click();
  await page.getByText('key of the second').waitFor();
  assert.equal(await page.getByText('key of the first').count(), 0);
  await page.reload();
  await page.getByText('key of the second').waitFor();
  assertNoProblems(page);
});
