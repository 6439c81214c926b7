// Pictures of every page in light, dark and phone width, from the built dashboard with realistic data.
//   node browser-tests/screenshots.mjs OUT_DIR [name…]        PNG
//   node browser-tests/screenshots.mjs ../docs/images --docs   small WebP
import { mkdir, writeFile } from 'node:fs/promises';
import { launch, signIn } from './browser.mjs';
import { startFakeServer } from './fake-server.mjs';
import { jsonDetail, logDetail } from '../src/test/fixtures.js';

const docs = process.argv.includes('--docs');
const [out = 'screenshots', ...only] = process.argv.slice(2).filter((argument) => argument !== '--docs');
const DOCS_WIDTH = 900;
const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: 'dark', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};
const PAGES = {
  landing: '/',
  pricing: '/pricing',
  'sign-in': '/sign-in',
  'sign-up': '/sign-up',
  'check-mail': '/check-mail',
  start: '/app/start',
  'settings-organization': '/app/settings/organization',
  'settings-keys': '/app/settings/keys',
  'settings-members': '/app/settings/members',
  'settings-audit': '/app/settings/audit',
  anomalies: '/app/anomalies',
  live: '/app/live',
  streams: '/app/streams',
  stream: '/app/streams/checkout-api',
  usage: '/app/usage',
  billing: '/app/billing',
  playground: '/playground',
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
      const png = await page.screenshot({ fullPage: !docs && name !== 'sign-in' });
      if (docs) await writeFile(`${out}/${name}.${look}.webp`, await webp(png));
      else await writeFile(`${out}/${name}.${look}.png`, png);
    }
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}

/** The browser's own encoder, on a blank page: no image tool needed. */
async function webp(png) {
  const blank = await browser.newPage();
  const data = await blank.evaluate(
    async ([source, most]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const scale = Math.min(1, most / image.width);
      const canvas = document.createElement('canvas');
      canvas.width = Math.round(image.width * scale);
      canvas.height = Math.round(image.height * scale);
      const context = canvas.getContext('2d');
      context.imageSmoothingQuality = 'high';
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      return canvas.toDataURL('image/webp', 0.78);
    },
    [`data:image/png;base64,${png.toString('base64')}`, DOCS_WIDTH],
  );
  await blank.close();
  return Buffer.from(data.split(',')[1], 'base64');
}
