// Money in the browser: what usage and plan pages say beside the API's own figures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DAY, newTenant, report } from '../integration/billing/support.mjs';
import { inBatches, ordinaryEvents } from '../integration/support/logs.mjs';
import { api, eventually, figure, freshStream, ingest } from '../integration/support/stack.mjs';
import { PASSWORD, newKey } from '../integration/tenants/people.mjs';
import { assertAccessible, assertNoProblems, launch, openPage, picture, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

const count = (n) => n.toLocaleString('en-GB');

/** A page signed in as the tenant's owner. */
async function ownersPage(tenant) {
  const page = await openPage(browser);
  await signIn(page, { email: tenant.owner.email, password: PASSWORD });
  return page;
}

test('usage and plan pages show what the API counts', { timeout: 120_000 }, async (t) => {
  const tenant = await newTenant('usage-ui');
  const { secret } = await newKey(tenant.owner, { name: 'counting', scopes: ['ingest'] });
  const stream = freshStream('counted');
  for (const batch of inBatches(ordinaryEvents(stream, 600), 300)) await ingest(secret, batch);
  const usageNow = async () => (await api('GET', '/v1/usage', { as: tenant.owner })).body;
  const { period_start: firstDay } = await usageNow();
  await report(tenant.id, 'reported', firstDay, 120, 40_000);
  const usage = await eventually('all of it to be counted', async () => {
    const now = await usageNow();
    return now.events === 40_600 && now;
  }, { timeoutMs: 30_000 });
  const { days, streams } = (await api('GET', '/v1/me/usage/details', { as: tenant.owner })).body;

  const page = await ownersPage(tenant);
  await page.getByRole('link', { name: 'Usage', exact: true }).click();
  const period = page.getByRole('region', { name: 'This period' });
  await period.getByText('40.6K').waitFor();
  const share = (name) => period.getByRole('meter', { name }).getAttribute('aria-valuenow');
  assert.deepEqual([await share('Detections used'), await share('Events used')], [String(Math.round(usage.detections / 10)), '4']);
  const words = await period.innerText();
  assert.match(words, /plan Developer/);
  assert.ok(words.includes(`${count(days.at(-1).events)} today`), words);
  assert.match(words, /costs\s+\$0/);

  const chart = page.getByRole('table', { name: 'Events and detections of each day' });
  const rows = await chart.getByRole('row').allInnerTexts();
  const passed = Math.round((Date.parse(days.at(-1).day) - Date.parse(firstDay)) / (DAY * 1000));
  assert.equal(rows.length - 1, passed + 1, 'a row for each day, those without events too');
  assert.match(rows[1], passed ? /40,000\s+120/ : /40,600/);
  const table = page.getByRole('region', { name: 'By stream' });
  for (const each of streams) assert.match(await table.getByRole('row').filter({ hasText: each.stream }).innerText(), new RegExp(`${count(each.detections)}\\s`));
  await page.getByRole('radio', { name: 'Detections' }).or(page.getByRole('button', { name: 'Detections' })).click();
  await page.getByText(/at most 1\d\d a day/).waitFor();
  await assertAccessible(page);
  await picture(page, 'usage');

  await page.getByRole('link', { name: 'Plan and invoices' }).click();
  await page.getByRole('region', { name: 'Present plan' }).getByText('Developer').waitFor();
  await page.getByText('None yet. The first comes with the first payment.').waitFor();
  const costs = async (events, detections) => {
    await page.getByLabel('Events a month').fill(events);
    await page.getByLabel('Detections a month').fill(detections);
    return eventually('the sums', async () => {
      const lines = await page.getByRole('region', { name: 'Cost calculator' }).getByRole('row').allInnerTexts();
      const asked = (await api('GET', `/v1/billing/estimate?events=${events}&detections=${detections}`)).body.plans;
      return asked.every(({ monthly_usd: usd }, i) => usd === null || lines[i]?.includes(`$${count(usd)} a month`)) && lines.map((line) => line.replace(/\s+/g, ' '));
    });
  };
  const lines = await costs('20000000', '300000');
  assert.match(lines[1], /Standard.*\$299 a month/);
  assert.match(lines[2], /Growth.*cheapest.*\$249 a month/);
  await assertAccessible(page);
  const file = await picture(page, 'billing');
  assertNoProblems(page);
  figure(t, `${count(usage.events)} events in ${streams.length} streams; picture in ${file}`);
  await page.context().close();
});
