// Makes API keys as the Worker does: dlk_<live|test>_<id>_<secret><checksum>.
import crypto from 'node:crypto';
import zlib from 'node:zlib';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `length` characters of `alphabet`, each equally likely (bytes beyond the last whole multiple are thrown away). */
function randomText(length, alphabet) {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of crypto.randomBytes(length)) if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length];
  }
  return text;
}

/** CRC-32 of `text` in six base-62 digits: catches typing errors, and lets scanners recognise a leaked key. */
export function checksum(text) {
  let rest = zlib.crc32(text);
  let digits = '';
  for (let i = 0; i < 6; i += 1) {
    digits = BASE62[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** Returns {key, row}: the secret, and what table api_keys holds of it. */
export function makeApiKey({ orgId, name, environment = 'test', scopes = ['ingest', 'read', 'write'], streamPrefix = null, createdBy = null }) {
  const id = randomText(12, '0123456789abcdefghijklmnopqrstuvwxyz');
  const body = `dlk_${environment}_${id}_${randomText(43, BASE62)}`;
  const key = body + checksum(body);
  return { key, row: { id, org_id: orgId, name, environment, scopes, stream_prefix: streamPrefix, created_by: createdBy, hash: hashApiKey(key) } };
}

export const hashApiKey = (key) => crypto.createHash('sha256').update(key).digest('hex');
