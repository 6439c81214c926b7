// The built pages under the headers they ship with: no violation of the policy, nothing from elsewhere, no layout that
// runs off a phone's edge, arrivals without a frozen page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anomalies, summary } from '../src/test/fixtures.js';
import { launch, signIn } from './browser.mjs';
import { startFakeServer } from './fake-server.mjs';
import { ADDRESSES, arrived } from './pages.mjs';
import { watchTasks } from './tasks.mjs';

let server;
let browser;
before(async () => {
  server = await startFakeServer();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

test(
  'every page keeps to the content security policy and to its own origin',
  { timeout: 900_000 },
  async () => {
    const page = await browser.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on(
      'request',
      (request) => request.url().startsWith(server.origin) || problems.push(`request to ${request.url()}`),
    );
    await signIn(page, server.origin);
    for (const path of ADDRESSES) {
      const response = await page.goto(server.origin + path);
      const policy = response.headers()['content-security-policy'];
      assert.match(policy, /script-src 'self'/);
      assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)/);
      await arrived(page);
      await page.waitForTimeout(200);
    }
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    assert.deepEqual(problems, []);
    await page.close();
  },
);

test('nothing runs off the edge of a narrow phone', { timeout: 900_000 }, async () => {
  const width = 320;
  const context = await browser.newContext({ viewport: { width, height: 640 }, isMobile: true });
  const page = await context.newPage();
  await signIn(page, server.origin);
  for (const path of ADDRESSES) {
    await page.goto(server.origin + path);
    await arrived(page);
    // Not the window's own width: a phone widens it to what a page asks for.
    const wider = await page.evaluate(
      (edge) =>
        [...document.querySelectorAll('body *')]
          .filter((each) => each.getBoundingClientRect().right > edge + 1 && !each.closest('pre, .sr-only'))
          .map((each) => each.outerHTML.slice(0, 120)),
      width,
    );
    assert.deepEqual(wider, [], path);
  }
  await context.close();
});

test('the list stays responsive while 200 anomalies a second arrive', { timeout: 180_000 }, async (t) => {
  const page = await browser.newPage();
  await signIn(page, server.origin);
  await page.getByText('Live', { exact: true }).first().waitFor();
  const tasksOf = await watchTasks(page);
  const base = anomalies()[0];
  for (let tick = 0; tick < 60; tick++) {
    for (let i = 0; i < 10; i++)
      server.push({ ...summary(base), id: `storm-${tick}-${i}`, detected_at: new Date().toISOString() });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await page.locator('[data-anomaly-row][href$="storm-59-9"]').waitFor({ timeout: 60_000 });
  const longest = Math.max(0, ...(await tasksOf()));
  t.diagnostic(`longest task ${Math.round(longest)} ms of processor time over 600 arrivals`);
  assert.ok(longest < 2_000, `a task took ${longest} ms`);
  await page.close();
});
