// The two kinds of JSON Web Token the local stack signs: ES256 (what callers see) and HS256 (what the Auth library reads).
import crypto from 'node:crypto';
import fs from 'node:fs';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Claims of a token, unverified. */
export const decode = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

export function signHs256(secret, claims) {
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${crypto.createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The project's signing key, made on first use and kept in `file` (mode 0600), so that tokens survive a restart. */
export function loadSigningKey(file) {
  if (!fs.existsSync(file)) {
    const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: crypto.randomUUID(), alg: 'ES256', use: 'sig' };
    fs.writeFileSync(file, JSON.stringify(jwk), { mode: 0o600 });
  }
  const jwk = JSON.parse(fs.readFileSync(file, 'utf8'));
  const privateKey = crypto.createPrivateKey({ key: jwk, format: 'jwk' });
  const publicKey = crypto.createPublicKey(privateKey);
  const { kty, crv, x, y, kid } = jwk;
  return {
    publicJwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig', key_ops: ['verify'] },
    sign(claims) {
      const signed = `${encode({ alg: 'ES256', typ: 'JWT', kid })}.${encode(claims)}`;
      const signature = crypto.sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${signed}.${signature.toString('base64url')}`;
    },
    /** Claims if we signed the token (expiry is the caller's business), else null. */
    verify(token) {
      try {
        const [header, payload, signature] = token.split('.');
        if (JSON.parse(Buffer.from(header, 'base64url')).alg !== 'ES256') return null;
        const data = Buffer.from(`${header}.${payload}`);
        const key = { key: publicKey, dsaEncoding: 'ieee-p1363' };
        return crypto.verify('sha256', data, key, Buffer.from(signature, 'base64url')) ? decode(token) : null;
      } catch {
        return null;
      }
    },
  };
}
