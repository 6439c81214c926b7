// A watch at the keyboard, a viewer who can change nothing anywhere, and what happens when session or network end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inBatches, oddEvent, ordinaryEvents } from '../integration/support/logs.mjs';
import { a, api, assertProblem, eventually, figure, freshStream, ingest, listAnomalies, url } from '../integration/support/stack.mjs';
import { PASSWORD, newKey, newOrganization, newPerson } from '../integration/tenants/people.mjs';
import { assertAccessible, assertNoProblems, launch, openPage, picture, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** The ids of anomalies in a stream that has learnt what is ordinary. */
async function anomaliesIn(stream, key, kinds) {
  for (const batch of inBatches(ordinaryEvents(stream, 900, 11), 450)) await ingest(key, batch);
  await ingest(key, kinds.map((kind) => oddEvent(stream, `odd${kind}`, kind)));
  return eventually('the anomalies to be stored', async () => {
    const list = await listAnomalies(key, { stream });
    return list.length >= kinds.length && list.map(({ id }) => id);
  });
}

test('must show 1: triage by keyboard alone: walk, select, acknowledge, resolve, filter', { timeout: 120_000 }, async (t) => {
  const owner = await newPerson('keys');
  await newOrganization(owner, 'Night watch');
  const { secret } = await newKey(owner, { name: 'keys', scopes: ['ingest', 'read'] });
  await anomaliesIn(freshStream('keys'), secret, [0, 1, 2]);
  const page = await openPage(browser);
  await signIn(page, { email: owner.email, password: PASSWORD });
  const row = page.locator('[data-anomaly-row]');
  await row.nth(2).waitFor();
  const ids = await row.evaluateAll((rows) => rows.map((each) => each.dataset.anomalyRow));
  const press = (key) => page.keyboard.press(key);
  const hasFocus = (id) => page.locator(`[data-anomaly-row="${id}"]:focus`).waitFor();
  const statusOf = async (id) => (await api('GET', `/v1/anomalies/${id}`, { as: secret })).body.status;
  const hasStatus = (id, status) => eventually(`${status}`, async () => (await statusOf(id)) === status);

  await press('j');
  await hasFocus(ids[0]);
  await press('j');
  await press('j');
  await press('k');
  await hasFocus(ids[1]);
  await press('x');
  await press('k');
  await press('x');
  const bar = page.getByRole('region', { name: 'Selection' });
  await bar.getByText('2 selected').waitFor();
  await assertAccessible(page);
  await bar.getByRole('button', { name: 'Acknowledge' }).focus();
  await press('Enter');
  await bar.waitFor({ state: 'detached' });
  await Promise.all(ids.slice(0, 2).map((id) => hasStatus(id, 'acknowledged')));

  await press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await keys.getByText('select it').waitFor();
  await press('Escape');
  await keys.waitFor({ state: 'hidden' });

  await press('/');
  await page.locator('#filter-status:focus').waitFor();
  await page.keyboard.type('Ack');
  await page.waitForURL(/status=acknowledged/);
  await eventually('the filtered list', async () => (await row.count()) === 2 || null);
  await page.locator('#filter-status').evaluate((field) => field.blur());

  await press('j');
  await hasFocus(ids[0]);
  await press('Enter');
  await page.waitForURL(`**/anomalies/${ids[0]}*`);
  await page.getByRole('button', { name: 'Resolve' }).focus();
  await press('Enter');
  await hasStatus(ids[0], 'resolved');
  await page.goBack();
  await eventually('it to leave the list', async () => (await row.count()) === 1 || null);
  const file = await picture(page, 'triage');
  assertNoProblems(page);
  figure(t, `${ids.length} anomalies, no pointer used; picture in ${file}`);
  await page.context().close();
});

test('must show 1: a viewer sees no control that changes anything, on any page, and the API refuses each', { timeout: 180_000 }, async (t) => {
  const stream = freshStream('viewer');
  const [id] = await anomaliesIn(stream, a.keys.full, [3]);
  const page = await openPage(browser);
  await signIn(page, a.people.viewer);
  const pages = ['anomalies', `anomalies/${id}`, 'live', 'streams', `streams/${stream}`, 'usage', 'billing', 'start', 'settings/organization', 'settings/keys', 'settings/members', 'settings/audit'];
  const changing = [/^(Acknowledge|Resolve|Reopen|Expected|False alarm|Real)$/, /^Save(?! (this )?view)/, /New key/, /Make/, /Rotate/, /Revoke/, /Remove/, /^Invite|Send the invitation/, /Hand/, /Delete/, /Reset/, /^Try /, /^Choose/, /Back to Developer/, /Cards, address/, /Hard cap/, /Sensitivity/, /Keep/];
  for (const path of pages) {
    await page.goto(`${url}/app/${path}`);
    await page.locator('main').getByRole('heading').first().waitFor();
    await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
    const controls = await page.locator('main').locator('button, input, select, textarea, [role=slider], [role=switch]').evaluateAll((all) => all.filter((each) => !each.disabled && each.checkVisibility()).map((each) => each.getAttribute('aria-label') ?? each.labels?.[0]?.textContent ?? each.textContent));
    for (const name of changing) assert.deepEqual(controls.filter((each) => name.test(each.trim())), [], `${path}: ${name}`);
    if (path.startsWith('settings/')) assert.deepEqual(controls.filter((each) => /Export/.test(each)), [], path);
    await assertAccessible(page);
  }
  await page.getByText('For owners and admins').waitFor();
  assertNoProblems(page);

  const as = { token: a.people.viewer.token, org: a.id };
  const name = encodeURIComponent(stream);
  const refused = [
    ['PATCH', `/v1/anomalies/${id}/status`, { status: 'acknowledged' }],
    ['POST', `/v1/anomalies/${id}/feedback`, { feedback: 'real' }],
    ['POST', '/v1/anomalies', { event_type: 'log', severity: 'low' }],
    ['PATCH', `/v1/streams/${name}`, { sensitivity: 0.9 }],
    ['DELETE', `/v1/streams/${name}`],
    ['POST', '/v1/keys', { name: 'x' }],
    ['POST', '/v1/invitations', { email: 'x@example.com' }],
    ['PATCH', '/v1/organization', { name: 'x' }],
    ['PUT', '/v1/organization/redaction', { policy: 'mask' }],
    ['PATCH', `/v1/members/${a.people.member.id}`, { role: 'owner' }],
    ['DELETE', `/v1/members/${a.people.member.id}`],
    ['DELETE', '/v1/organization?confirm=Test%20a'],
    ['GET', '/v1/organization/export'],
    ['GET', '/v1/audit'],
    ['POST', '/v1/billing/checkout', { plan: 'standard' }],
    ['POST', '/v1/billing/portal', {}],
    ['POST', '/v1/billing/change', { plan: 'growth' }],
    ['PATCH', '/v1/billing/settings', { hard_cap: true }],
    ['GET', '/v1/billing/invoices'],
  ];
  for (const [method, path, json] of refused) assertProblem(await api(method, path, { as, json }), 403, 'insufficient_scope');
  figure(t, `${pages.length} pages, ${refused.length} requests refused`);
  await page.context().close();
});

test('a session that ended leads back to where one was; without a network the page says so and recovers', { timeout: 120_000 }, async () => {
  const page = await openPage(browser);
  const deep = `${url}/app/anomalies?severity=high&range=24h`;
  await page.goto(deep);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const enter = async ({ email, password }) => {
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Anomalies' }).waitFor();
    // the deep link survives
    await page.waitForURL(({ searchParams }) => [...searchParams].toSorted().join(' ') === 'range,24h severity,high');
  };
  await enter(a.people.member);
  const feed = page.locator('main').getByRole('status');
  await feed.getByText('Live', { exact: true }).waitFor();
  assertNoProblems(page);

  await page.context().setOffline(true);
  await page.getByText('You are offline.').waitFor();
  await feed.getByText('Offline', { exact: true }).waitFor();
  await assertAccessible(page);
  await page.context().setOffline(false);
  await page.getByText('You are offline.').waitFor({ state: 'hidden' });
  await feed.getByText('Live', { exact: true }).waitFor({ timeout: 60_000 });

  // as after a long absence: the access token has run out and the refresh token is gone
  await page.evaluate(() => {
    const session = JSON.parse(localStorage.getItem('driftlock.session'));
    localStorage.setItem('driftlock.session', JSON.stringify({ ...session, expires_at: 1, refresh_token: 'gone' }));
  });
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await enter(a.people.member);
  await page.context().close();
});
