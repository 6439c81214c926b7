// Money in the browser: what usage and plan pages say beside the API's own figures, and the life of a subscription as its owner sees it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DAY, account, advance, fake, newTenant, report, syncClock } from '../integration/billing/support.mjs';
import { inBatches, ordinaryEvents } from '../integration/support/logs.mjs';
import { api, eventually, figure, freshStream, ingest, url } from '../integration/support/stack.mjs';
import { PASSWORD, newKey } from '../integration/tenants/people.mjs';
import { assertAccessible, assertNoProblems, launch, openPage, picture, signIn } from './support/browser.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

const seconds = (date) => date.getTime() / 1000;
const count = (n) => n.toLocaleString('en-GB');

const GOOD_CARD = '4242 4242 4242 4242';
async function typeCard(page, number) {
  await page.getByLabel('Card number').fill(number);
  await page.getByLabel('Expiry (MM / YY)').fill('12 / 40');
  await page.getByLabel('CVC').fill('123');
}

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
  const { days, streams } = await eventually('the days to add up', async () => {
    const { body } = await api('GET', '/v1/me/usage/details', { as: tenant.owner });
    return body.days.reduce((sum, day) => sum + day.events, 0) === usage.events && body;
  }, { timeoutMs: 30_000 });

  const page = await ownersPage(tenant);
  await page.getByRole('link', { name: 'Usage', exact: true }).click();
  const period = page.getByRole('region', { name: 'This period' });
  await period.getByText('40.6K').waitFor();
  // The days come in an answer of their own.
  await period.getByText(`${count(days.at(-1).events)} today`).waitFor();
  const share = (name) => period.getByRole('meter', { name }).getAttribute('aria-valuenow');
  assert.deepEqual([await share('Detections used'), await share('Events used')], [String(Math.round(usage.detections / 10)), '4']);
  const words = await period.innerText();
  assert.match(words, /plan Developer/);
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

test('must show 1: upgrade through the checkout, trial to its end, overage, failed payment, grace, Developer, paid again: as the owner sees it', { timeout: 240_000 }, async (t) => {
  let now = await syncClock();
  const tenant = await newTenant('life-ui');
  const page = await ownersPage(tenant);
  const present = page.getByRole('region', { name: 'Present plan' });
  const banner = page.getByRole('complementary', { name: 'Plan' });
  const said = [];
  const bannerSays = async (words, look) => {
    await banner.getByText(words).waitFor();
    said.push((await banner.locator('span').first().innerText()).trim());
    assert.match(await banner.getAttribute('class'), look);
  };
  /** Both clocks on to a moment; then the page is read anew. */
  const goTo = async (moment) => {
    await advance((moment - now) / DAY);
    now = await syncClock();
    await page.reload();
    await present.waitFor();
  };
  const pay = async (button, submit) => {
    await page.getByRole('button', { name: button }).click();
    await page.waitForURL(/\/pay\/cs_test_/);
    await typeCard(page, GOOD_CARD);
    await page.getByRole('button', { name: submit }).click();
    await page.waitForURL(`${url}/app/billing*`);
    await page.getByText('You are on Standard now.').waitFor({ timeout: 30_000 });
    await page.waitForURL((address) => address.search === ''); // nothing of the checkout stays in the address
  };

  await page.goto(`${url}/app/billing`);
  await present.getByText('Developer').waitFor();
  assert.equal(await banner.count(), 0);
  await page.getByRole('button', { name: 'Choose Growth' }).waitFor();
  await pay('Try Standard', 'Start trial');
  await present.getByText(/^Trial until/).waitFor();
  await bannerSays(/Trial of Standard: 1[45] days left/, /text-ink-2/);
  await assertAccessible(page);

  const trial = await account(tenant.id);
  await goTo(seconds(trial.trial_end) - 3 * DAY + 3600);
  await bannerSays('The trial ends in 3 days.', /accent/);
  await goTo(seconds(trial.trial_end) - DAY + 3600);
  await bannerSays('The trial ends tomorrow.', /text-bad/);

  await goTo(seconds(trial.trial_end) + 7 * 3600);
  await present.getByText(/^Paid, next period from/).waitFor();
  assert.equal(await banner.count(), 0);
  const invoices = page.getByRole('region', { name: 'Invoices' });
  await invoices.getByRole('listitem').filter({ hasText: 'paid' }).filter({ hasText: '$49.00' }).waitFor();

  const period = await account(tenant.id);
  const day = new Date(seconds(period.current_period_start) * 1000 + 2 * DAY * 1000).toISOString().slice(0, 10);
  await report(tenant.id, 'checkout-api', day, 36_000);
  await goTo(seconds(period.current_period_start) + 3 * DAY);
  await bannerSays('72 % of the allowance is used.', /text-ink-2/);
  await report(tenant.id, 'checkout-api', day, 61_000);
  await goTo(seconds(period.current_period_start) + 4 * DAY);
  await bannerSays('122 % of the allowance is used, more than the soft cap of 120 %; 11,000 detections beyond it so far.', /accent/);
  await banner.getByRole('link', { name: 'See the usage' }).click();
  const alerts = page.getByRole('list', { name: 'Alerts of this period' });
  await alerts.waitFor();
  assert.deepEqual((await alerts.getByRole('listitem').allInnerTexts()).map((words) => Number.parseInt(words, 10)), [70, 90, 100, 120]);
  await page.getByText(/11,000 detections beyond the allowance, \$11 so far/).waitFor();
  await assertAccessible(page);
  await picture(page, 'overage');
  await page.goto(`${url}/app/billing`);

  await fake('card', { customer: period.stripe_customer, card: 'decline' });
  await goTo(seconds(period.current_period_end) + 7 * 3600);
  await invoices.getByRole('listitem').filter({ hasText: '$60.00' }).waitFor();
  await present.getByText(/^Payment failed/).waitFor();
  await bannerSays(/The last payment failed. In 7 days this becomes Developer./, /text-bad/);
  await picture(page, 'grace');
  await banner.getByRole('link', { name: 'Pay now' }).waitFor();
  await page.getByRole('button', { name: 'Cards, address, invoices' }).click();
  await page.getByRole('button', { name: 'Pay invoice' }).waitFor();
  await page.getByRole('link', { name: 'Return to Driftlock' }).click();
  await present.getByText(/^Payment failed/).waitFor();

  await goTo(seconds((await account(tenant.id)).grace_ends_at) + 3600);
  await present.getByText('Developer').waitFor();
  await present.getByText(/^Ended/).waitFor();
  assert.equal(await banner.count(), 0);

  assert.equal(await page.getByRole('button', { name: 'Try Standard' }).count(), 0, 'there is one trial');
  await pay('Choose Standard', 'Subscribe');
  await present.getByText(/^Paid, next period from/).waitFor();
  const file = await picture(page, 'paid-again');
  assertNoProblems(page);
  figure(t, `banners: ${said.map((words) => `“${words}”`).join(', ')}; picture in ${file}`);
  await page.context().close();
});
