// Every page of the router with an address to look at it by. src/app/router.test.ts fails where one is missing.
import { jsonDetail, logDetail } from '../src/test/fixtures.js';

/** By the router's path. */
export const PAGES = {
  '/': ['/'],
  '/pricing': ['/pricing'],
  '/playground': ['/playground'],
  '/legal': ['/legal'],
  '/sign-in': ['/sign-in', '/sign-in?expired=true&next=%2Fapp%2Flive'],
  '/sign-up': ['/sign-up'],
  '/check-mail': ['/check-mail'],
  '/invitation': ['/invitation?token=known', '/invitation?token=newcomer', '/invitation'],
  '/app/start': ['/app/start'],
  '/app/organizations': ['/app/organizations'],
  '/app/anomalies': ['/app/anomalies'],
  '/app/anomalies/$id': [`/app/anomalies/${logDetail().id}`, `/app/anomalies/${jsonDetail().id}`],
  '/app/live': ['/app/live'],
  '/app/streams': ['/app/streams'],
  '/app/streams/$name': ['/app/streams/checkout-api'],
  '/app/usage': ['/app/usage'],
  '/app/billing': ['/app/billing'],
  '/app/settings/organization': ['/app/settings/organization'],
  '/app/settings/keys': ['/app/settings/keys'],
  '/app/settings/members': ['/app/settings/members'],
  '/app/settings/audit': ['/app/settings/audit'],
};

/** Paths that show nothing themselves: they lead on to a page above. */
export const LEAD_ON = ['/app', '/app/settings', '/welcome'];

export const ADDRESSES = Object.values(PAGES).flat();

/** Until a page has come, and nothing on it is loading any more. */
export async function arrived(page) {
  await page.getByRole('heading').first().waitFor();
  // the landing page waits for a sign of a person before it starts the application
  await page.evaluate(() => document.dispatchEvent(new Event('scroll')));
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
  await page.evaluate(() => document.fonts.ready);
}
