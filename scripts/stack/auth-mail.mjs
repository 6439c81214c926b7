// The confirmation mail of the local Auth: the template that hosted Auth sends too (supabase/config.toml names the same file),
// and sending it again, which @supabase/lite refuses as too frequent whenever it is asked.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './paths.mjs';

export const MAGIC_LINK = path.join(ROOT, 'supabase/templates/magic_link.html');
export const CONFIRMATION = path.join(ROOT, 'supabase/templates/confirmation.html');

/** The words of a mail, links written out. */
export const textOf = (html) => html.replace(/<a href="([^"]*)"[^>]*>(.*?)<\/a>/g, '$2: $1').replace(/<[^>]+>/g, '').replaceAll('&amp;', '&').trim();

/** Mails a new link and code to an address that waits for its confirmation; to any other, nothing. */
export async function resendConfirmation({ pool, email, siteUrl, sendMail }) {
  const address = String(email ?? '').toLowerCase();
  const code = String(crypto.randomInt(1_000_000)).padStart(6, '0');
  // as lite makes it, so that its verification takes it
  const hash = crypto.createHash('sha256').update(address + code).digest('hex');
  const { rowCount } = await pool.query(
    'update auth.users set confirmation_token = $2, confirmation_sent_at = now() where email = $1 and email_confirmed_at is null and confirmation_sent_at is not null',
    [address, hash],
  );
  if (!rowCount) return;
  const values = { SiteURL: siteUrl, TokenHash: hash, Token: code };
  const html = fs.readFileSync(CONFIRMATION, 'utf8').replace(/{{ \.(\w+) }}/g, (_, name) => values[name] ?? '');
  await sendMail({ to: address, subject: 'Confirm your address', html, text: textOf(html) });
}
