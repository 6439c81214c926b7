// A browser against the real stack. Pages fail the test on uncaught errors and on requests to anywhere but this machine.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { url } from '../../integration/support/stack.mjs';

export { watchTasks } from '../../../pages-frontend/browser-tests/tasks.mjs';

const axeSource = fs.readFileSync(createRequire(new URL('../../../pages-frontend/', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const pictures = fileURLToPath(new URL('../../../.driftlock/screenshots/', import.meta.url));

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });

/** A page with its own storage; `page.problems` collects what should not happen. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'UTC', ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(`uncaught: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && page.problems.push(`console: ${message.text()}`));
  page.on('request', (request) => new URL(request.url()).hostname === '127.0.0.1' || page.problems.push(`request to ${request.url()}`));
  return page;
}

export async function signIn(page, { email, password }) {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Anomalies' }).waitFor();
}

/** Saves a picture under .driftlock/screenshots and gives its path. */
export async function picture(page, name) {
  fs.mkdirSync(pictures, { recursive: true });
  await page.evaluate(() => document.fonts.ready);
  const file = path.join(pictures, `${name}.png`);
  await page.screenshot({ path: file, fullPage: true });
  return path.relative(process.cwd(), file);
}

export const assertNoProblems = (page) => assert.deepEqual(page.problems, []);

/** Fails the test where axe finds anything against WCAG 2.2 A and AA in what the page shows now. */
export async function assertAccessible(page) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: 'tag', values } }), WCAG);
  assert.deepEqual(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`)), [], page.url());
}
