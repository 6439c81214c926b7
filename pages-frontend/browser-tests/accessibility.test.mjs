// axe on every page in light and dark, at desktop and phone width, from the built dashboard: no violation of WCAG 2.2 A and AA.
//   npm run build && npm run test:browser
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { jsonDetail, logDetail } from '../src/test/fixtures.js';
import { launch, signIn } from './browser.mjs';
import { startFakeServer } from './fake-server.mjs';
import { ADDRESSES, arrived } from './pages.mjs';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const LOOKS = {
  'light, desktop': { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  'dark, phone': {
    colorScheme: 'dark',
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
  },
};
/** What pages show after something was done. */
const STATES = {
  'a scanned file': [
    '/playground',
    async (page) => {
      await page.getByRole('button', { name: 'Shop log' }).click();
      await page.getByTestId('scan-summary').waitFor();
    },
  ],
  'the API tab': ['/playground', (page) => page.getByText('Use the API').click()],
  'the filters': ['/app/anomalies', (page) => page.getByRole('button', { name: 'Filters' }).click()],
  'one JSON anomaly': [
    `/app/anomalies/${jsonDetail().id}`,
    (page) => page.getByText('The same, word by word').click(),
  ],
  'a selection': [
    '/app/anomalies',
    (page) =>
      page
        .locator('[data-anomaly-row]')
        .first()
        .focus()
        .then(() => page.keyboard.press('x')),
  ],
  'the list of keys': ['/app/anomalies', (page) => page.keyboard.press('?')],
  'an explanation open': [
    `/app/anomalies/${logDetail().id}`,
    (page) => page.getByRole('button', { name: /How odd/ }).click(),
  ],
  'no such anomaly': ['/app/anomalies/nope'],
  'the account menu': ['/app/streams', (page) => page.getByRole('button', { name: 'Account' }).click()],
  'sign in by code': [
    '/sign-in',
    (page) => page.getByRole('button', { name: 'Use an emailed code instead' }).click(),
  ],
  'API keys': ['/app/settings/keys', (page) => page.getByRole('button', { name: /ended/ }).click()],
  'a new key': ['/app/settings/keys', (page) => page.getByRole('button', { name: 'New key' }).click()],
  'a key just made': [
    '/app/settings/keys',
    async (page) => {
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByLabel('Name').fill('ci');
      await page.getByRole('button', { name: 'Make the key' }).click();
      await page.getByTestId('secret').waitFor();
    },
  ],
  'revoking a key': [
    '/app/settings/keys',
    (page) => page.getByRole('button', { name: 'Revoke checkout, production' }).click(),
  ],
  'an audit entry': ['/app/settings/audit', (page) => page.locator('summary').first().click()],
  'no such page': ['/nowhere'],
};

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

for (const [look, options] of Object.entries(LOOKS)) {
  test(`axe finds nothing: ${look}`, { timeout: 900_000 }, async (t) => {
    // The page's policy forbids foreign scripts; axe is let in past it.
    const context = await browser.newContext({ ...options, reducedMotion: 'reduce', bypassCSP: true });
    const page = await context.newPage();
    await signIn(page, server.origin);
    for (const [name, [path, prepare]] of [
      ...ADDRESSES.map((path) => [path, [path]]),
      ...Object.entries(STATES),
    ]) {
      await t.test(name, async () => {
        await page.goto(server.origin + path);
        await arrived(page);
        await prepare?.(page);
        await page.waitForTimeout(300);
        await page.evaluate(axeSource);
        // A menu opens at the end of the body, outside of any landmark, as menus do.
        const { violations } = await page.evaluate(
          ([values, rules]) => window.axe.run({ runOnly: { type: 'tag', values }, rules }),
          [TAGS, name === 'the account menu' ? { region: { enabled: false } } : {}],
        );
        assert.deepEqual(
          violations.flatMap((violation) =>
            violation.nodes.map(
              (node) => `${violation.id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`,
            ),
          ),
          [],
        );
      });
    }
    await context.close();
  });
}
