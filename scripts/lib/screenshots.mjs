// See scripts/screenshots.
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { findChromium } from './chromium.mjs';
import { eventsOf } from './screenshots-data.mjs';
import { supabaseAdmin } from './supabase-admin.mjs';
import { startTestStack } from './test-stack.mjs';

const looking = process.env.PICTURES;
const OUT = new URL('../../docs/images/', import.meta.url).pathname;
const WIDTH = 900;
/** Bytes of one picture at most: beyond it is taken again with less quality. */
const MOST_BYTES = 60_000;
const LOOKS = {
  wide: { schemes: { light: 'light', dark: 'dark' }, viewport: { width: 1280, height: 900 } },
  phone: { schemes: { phone: 'light' }, viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 1.5 },
};

const only = process.argv.slice(2);
const stack = await startTestStack();
try {
  await takeAll(await seed(stack));
} finally {
  await stack.stop();
}

async function seed({ fixtures: { url, orgs: { a }, supabase } }) {
  const call = async (method, path, { key, token, json } = {}) => {
    const headers = { authorization: `Bearer ${key ?? token}`, 'content-type': 'application/json', ...(token ? { 'driftlock-organization': a.id } : {}) };
    const answer = await fetch(url + path, { method, headers, body: json && JSON.stringify(json) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
  const owner = { token: a.people.owner.token };
  const admin = supabaseAdmin({ url: supabase.SUPABASE_URL, secretKey: supabase.SUPABASE_SECRET_KEY });
  await admin.update(`api_keys?org_id=eq.${a.id}&name=in.(ingest,write,admin,bound,expired,read)`, { revoked_at: '2026-01-01T00:00:00Z' });
  for (const events of eventsOf(Date.now())) await call('POST', '/v1/events', { key: a.keys.full, json: events });
  await call('PATCH', '/v1/organization', { ...owner, json: { name: 'Northwind Payments', time_zone: 'Europe/Berlin' } });
  await call('PUT', '/v1/organization/redaction', { ...owner, json: { policy: 'mask', patterns: [{ name: 'patient', pattern: 'PAT-\\d{6}' }] } });
  await call('PATCH', '/v1/streams/auth', { ...owner, json: { sensitivity: 0.6 } });
  for (const [name, scopes] of [['Checkout, production', ['ingest']], ['Grafana', ['read']]]) await call('POST', '/v1/keys', { ...owner, json: { name, scopes } });
  await call('POST', '/v1/invitations', { ...owner, json: { email: 'kim@northwind.test', role: 'member' } });
  const other = await call('POST', '/v1/organizations', { token: owner.token, json: { name: 'Northwind Staging' } });
  const mail = await until('the invitation is mailed', () => invitationToken(supabase));
  const list = await until('the anomalies are listed', async () => {
    const { anomalies } = await call('GET', '/v1/anomalies?limit=100', { key: a.keys.full });
    return anomalies.some((each) => each.stream === 'llm/support-bot') && anomalies;
  });
  const of = (stream, telling = '') => list.filter((each) => each.stream === stream && each.reason.includes(telling)).sort((x, y) => y.score - x.score)[0];
  const found = { log: of('checkout-api', 'WARN') ?? of('checkout-api'), json: of('checkout-api/records'), metric: of('metrics/cpu') };
  for (const [name, anomaly] of Object.entries(found)) if (!anomaly) throw new Error(`nothing was found in the stream for ${name}`);
  await until('its window is measured', async () => (await call('GET', `/v1/anomalies/${found.log.id}`, { key: a.keys.full })).measures, 30_000).catch(() => null);
  const settled = of('auth');
  if (settled) await call('PATCH', `/v1/anomalies/${settled.id}/status`, { ...owner, json: { status: 'acknowledged' } });
  return { url, person: a.people.owner, found, org: a.id, other: other.id, token: mail };
}

/** The token of the invitation that lies in the inbox. */
async function invitationToken(supabase) {
  const mails = await (await fetch(`${supabase.INBOX_URL}/api/v1/messages?to=${encodeURIComponent('kim@northwind.test')}`)).text();
  return /invitations\/accept\?token=([A-Za-z0-9]+)/.exec(mails)?.[1];
}

async function until(what, probe, timeoutMs = 60_000) {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await new Promise((done) => setTimeout(done, 250))) {
    const value = await probe();
    if (value) return value;
  }
  throw new Error(`in vain: ${what}`);
}

async function takeAll({ url, person, found, org, token }) {
  const open = {
    landing: '/', pricing: '/pricing', playground: '/playground', 'sign-in': '/sign-in', 'sign-up': '/sign-up',
    'check-mail': '/check-mail', invitation: `/invitation?token=${token}`, legal: '/legal',
  };
  const inside = {
    anomalies: '/app/anomalies', 'anomaly-detail': `/app/anomalies/${found.log.id}`, 'anomaly-json': `/app/anomalies/${found.json.id}`,
    'anomaly-metric': `/app/anomalies/${found.metric.id}`, live: '/app/live', streams: '/app/streams', stream: '/app/streams/checkout-api',
    start: '/app/start', organizations: '/app/organizations', 'settings-organization': '/app/settings/organization', 'settings-keys': '/app/settings/keys',
    'settings-members': '/app/settings/members', 'settings-audit': '/app/settings/audit', usage: '/app/usage', billing: '/app/billing',
  };
  fs.mkdirSync(OUT, { recursive: true });
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'] });
  let total = 0;
  try {
    for (const [look, { schemes, ...options }] of Object.entries(LOOKS)) {
      const context = await browser.newContext({ ...options, locale: 'en-GB', timezoneId: 'Europe/Berlin' });
      await context.addInitScript((id) => localStorage.setItem('driftlock.organization', id), org);
      const page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && console.error(`${look}: ${message.text()}`));
      const take = async (pages) => {
        for (const [name, path] of Object.entries(pages)) {
          if (only.length && !only.includes(name)) continue;
          await page.goto(url + path);
          await settle(page, name);
          for (const [suffix, colorScheme] of Object.entries(schemes)) {
            await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
            await page.waitForTimeout(500); // colours fade over
            total += await save(browser, page, `${name}.${suffix}`);
          }
        }
      };
      await page.goto(`${url}/sign-in`);
      await page.getByLabel('Email').fill(person.email);
      await page.getByLabel('Password').fill(person.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL('**/app/**', { timeout: 60_000 });
      await take(inside);
      // signed out again, for what strangers see
      await page.evaluate(() => localStorage.clear());
      await take(open);
      await context.close();
    }
  } finally {
    await browser.close();
  }
  console.log(`${Math.round(total / 1024)} KiB of pictures in docs/images`);
}

/** Until nothing is loading any more; what counts over time gets two readings. */
async function settle(page, name) {
  await page.waitForLoadState('load');
  if (name === 'playground') {
    await page.getByRole('button', { name: 'Temperature CSV' }).click();
    await page.getByRole('heading', { name: / odd of / }).waitFor({ timeout: 30_000 }).catch(() => console.error('the playground found nothing'));
  }
  await page.evaluate(() => document.fonts.ready);
  await page.waitForFunction(() => document.querySelector('main') && !document.querySelector('[aria-busy="true"]'), null, { timeout: 60_000 }).catch(() => console.error(`${name}: still loading`));
  await page.waitForTimeout(['live', 'streams', 'stream'].includes(name) ? 6_000 : 700);
}

async function save(browser, page, name) {
  const png = await page.screenshot();
  if (looking) fs.writeFileSync(`${looking}/${name}.png`, await page.screenshot({ fullPage: true }));
  for (const quality of [0.8, 0.65, 0.5]) {
    const picture = await webp(browser, png, quality);
    if (picture.length > MOST_BYTES && quality > 0.5) continue;
    fs.writeFileSync(`${OUT}/${name}.webp`, picture);
    return picture.length;
  }
  return 0;
}

/** The browser's own encoder, on a blank page: no image tool needed. */
async function webp(browser, png, quality) {
  const blank = await browser.newPage();
  const data = await blank.evaluate(
    async ([source, most, quality]) => {
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
      return canvas.toDataURL('image/webp', quality);
    },
    [`data:image/png;base64,${png.toString('base64')}`, WIDTH, quality],
  );
  await blank.close();
  return Buffer.from(data.split(',')[1], 'base64');
}
