// Pictures of every page in light, dark and phone width, from the built dashboard with realistic data.
//   node browser-tests/screenshots.mjs [OUT_DIR] [name…]
import { mkdir } from 'node:fs/promises';
import { launch, signIn } from './browser.mjs';
import { startFakeServer } from './fake-server.mjs';
import { jsonDetail, logDetail } from '../src/test/fixtures.js';

const [out = 'screenshots', ...only] = process.argv.slice(2);
const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: 'dark', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};
const PAGES = {
  landing: '/',
  pricing: '/pricing',
  'sign-in': '/sign-in',
  anomalies: '/app/anomalies',
  live: '/app/live',
  streams: '/app/streams',
  'anomaly-detail': `/app/anomalies/${logDetail().id}`,
  'anomaly-json': `/app/anomalies/${jsonDetail().id}`,
};

await mkdir(out, { recursive: true });
const server = await startFakeServer();
const browser = await launch();
try {
  for (const [look, options] of Object.entries(LOOKS)) {
    const context = await browser.newContext({ ...options, locale: 'en-GB', timezoneId: 'Europe/Berlin' });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && console.error(look, message.text()));
    await signIn(page, server.origin);
    for (const [name, path] of Object.entries(PAGES)) {
      if (only.length && !only.includes(name)) continue;
      await page.goto(server.origin + path);
      await page.waitForLoadState('load');
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(name === 'live' || name === 'streams' ? 5_600 : 500);
      await page.screenshot({ path: `${out}/${name}.${look}.png`, fullPage: name !== 'sign-in' });
    }
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}
