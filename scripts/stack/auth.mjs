// /auth/v1 of the local stack: @supabase/lite's Auth on the same PostgreSQL, wrapped so that what leaves the port looks like
// hosted Supabase Auth: ES256 access tokens with a JWKS and the usual claims, `verifyOtp({type: 'email'})`, PKCE and
// `redirect_to` in mails, and the admin API. Not there: MFA, invitations, third-party sign-in.
import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
import { App, getAuthSchemaSql } from '@supabase/lite';
import { createPostgresConnection } from '@supabase/lite/postgres';
import { authError, createAdminApi } from './auth-admin.mjs';
import { CONFIRMATION, MAGIC_LINK, resendConfirmation, textOf } from './auth-mail.mjs';
import { decode, signHs256 } from './jwt.mjs';

const now = () => Math.floor(Date.now() / 1000);
const asObject = (value) => (typeof value === 'string' ? JSON.parse(value) : (value ?? {}));

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * publicUrl: the gateway's; siteUrl and redirects: where mails may lead; secret: lite's own HS256 secret, never seen outside;
 * key: from loadSigningKey; sendMail({to, subject, text, html}).
 */
export async function createAuth({ databaseUrl, pool, publicUrl, siteUrl, redirects, secret, key, sendMail }) {
  const connection = await createPostgresConnection({ url: databaseUrl, postgresOptions: { onnotice: () => {}, max: 5 } });
  const requestContext = new AsyncLocalStorage(); // {redirect, challenge} of the request that causes a mail
  const challengeOfMail = new Map(); // mailed token → PKCE challenge
  const sessionOfCode = new Map(); // PKCE code → {fragment, challenge}
  const methodOfSession = new Map(); // session id → how the person signed in
  const admin = createAdminApi(pool);

  const mayRedirect = (target) => {
    const origin = URL.canParse(target) ? new URL(target).origin : null;
    return [siteUrl, ...redirects].some((allowed) => new URL(allowed.replaceAll('*', '')).origin === origin);
  };

  // lite makes mail links from site_url and ignores redirect_to and PKCE; hosted Auth uses its own URL and honours both
  function rewriteMail(mail) {
    const { redirect, challenge } = requestContext.getStore() ?? {};
    const rewrite = (text) =>
      text
        ?.replaceAll(`${siteUrl}/auth/v1/`, `${publicUrl}/auth/v1/`)
        .replace(/([?&]|&amp;)redirect_to=[^&\s"<]*/g, (whole, before) => (redirect && mayRedirect(redirect) ? `${before}redirect_to=${encodeURIComponent(redirect)}` : whole));
    const token = mail.text?.match(/[?&]token=([0-9a-f]+)/)?.[1];
    if (token && challenge) challengeOfMail.set(token, challenge);
    // lite's text part knows nothing of the templates
    if (mail.html?.includes('Driftlock')) return { ...mail, text: textOf(mail.html) };
    return { ...mail, text: rewrite(mail.text), html: rewrite(mail.html) };
  }

  const app = new App({
    connection,
    auth: {
      enabled: true, jwt_secret: secret, jwt_expiry: 3600, site_url: siteUrl, additional_redirect_urls: redirects,
      enable_signup: true, minimum_password_length: 8,
      email: { template: { confirmation: { subject: 'Confirm your address', content_path: CONFIRMATION }, magic_link: { subject: 'Your code for Driftlock', content_path: MAGIC_LINK } }, enable_confirmations: true, enable_signup: true, otp_length: 6, otp_expiry: 3600, max_frequency: '1s' },
    },
    options: { server: { apiKeys: false }, drivers: { email: { send: async (mail) => sendMail(rewriteMail(mail)) } } },
  });

  /** lite's HS256 token → the ES256 token with the claims of hosted Auth. */
  async function upgradeToken(token, method) {
    const { sub, exp, iat, session_id } = decode(token);
    if (method && session_id) methodOfSession.set(session_id, method);
    const { rows } = await pool.query('select email, phone, role, is_anonymous, raw_app_meta_data, raw_user_meta_data from auth.users where id = $1', [sub]);
    const user = rows[0] ?? {};
    return key.sign({
      iss: `${publicUrl}/auth/v1`, sub, aud: 'authenticated', exp, iat, session_id,
      email: user.email ?? '', phone: user.phone ?? '', role: user.role ?? 'authenticated', is_anonymous: !!user.is_anonymous,
      app_metadata: asObject(user.raw_app_meta_data), user_metadata: asObject(user.raw_user_meta_data),
      aal: 'aal1', amr: [{ method: methodOfSession.get(session_id) ?? 'password', timestamp: iat }],
    });
  }

  async function upgradeBody(response, headers, method) {
    const body = await response.json();
    for (const holder of [body, body?.session]) {
      if (holder?.access_token) holder.access_token = await upgradeToken(holder.access_token, method);
    }
    return new Response(JSON.stringify(body), { status: response.status, headers });
  }

  /** The answer to a followed mail link: tokens in the fragment, or a PKCE code in the query. */
  async function upgradeRedirect(headers, mailedToken, method) {
    const [target, fragmentText] = headers.get('location').split('#');
    const fragment = new URLSearchParams(fragmentText);
    const challenge = challengeOfMail.get(mailedToken);
    if (challenge) {
      const code = crypto.randomUUID();
      sessionOfCode.set(code, { fragment, challenge });
      const location = new URL(target);
      location.searchParams.set('code', code);
      headers.set('location', location.href);
    } else {
      fragment.set('access_token', await upgradeToken(fragment.get('access_token'), method));
      headers.set('location', `${target}#${fragment}`);
    }
    return new Response(null, { status: 303, headers });
  }

  async function exchangeCode({ auth_code: code, code_verifier: verifier }) {
    const { fragment, challenge } = sessionOfCode.get(code);
    sessionOfCode.delete(code);
    if (crypto.createHash('sha256').update(verifier ?? '').digest('base64url') !== challenge) {
      return authError(400, 'bad_code_verifier', 'code challenge does not match previously saved code verifier');
    }
    const token = fragment.get('access_token');
    const user = await app.fetch(new Request(`${publicUrl}/auth/v1/user`, { headers: { authorization: `Bearer ${token}` } }));
    return Response.json({
      access_token: await upgradeToken(token, 'otp'), token_type: 'bearer', refresh_token: fragment.get('refresh_token'),
      expires_in: Number(fragment.get('expires_in')), expires_at: Number(fragment.get('expires_at')), user: await user.json(),
    });
  }

  const methodFor = (url) => {
    if (url.pathname.endsWith('/verify')) return 'otp';
    const refreshing = url.pathname.endsWith('/token') && url.searchParams.get('grant_type') !== 'password';
    return refreshing ? undefined : 'password';
  };

  async function handle(request) {
    const url = new URL(request.url);
    if (url.pathname === '/auth/v1/.well-known/jwks.json') return Response.json({ keys: [key.publicJwk] }, { headers: { 'cache-control': 'public, max-age=600' } });
    if (url.pathname === '/auth/v1/health') return Response.json({ version: 'local', name: 'GoTrue', description: 'local stack' });

    const bearer = request.headers.get('authorization')?.replace(/^Bearer /i, '');
    const claims = bearer ? key.verify(bearer) : null;
    if (claims && claims.exp < now()) return authError(403, 'bad_jwt', 'invalid JWT: token is expired');
    if (url.pathname.startsWith('/auth/v1/admin/users')) {
      return claims?.role === 'service_role' ? admin(request, url) : authError(403, 'not_admin', 'User not allowed');
    }

    const headers = new Headers(request.headers);
    headers.delete('authorization');
    if (claims?.sub) {
      const { sub, aud, role, email, session_id, iat, exp } = claims;
      headers.set('authorization', `Bearer ${signHs256(secret, { sub, aud, role, email, session_id, iat, exp })}`);
    }
    const text = ['GET', 'HEAD'].includes(request.method) ? undefined : await request.text();
    const input = text ? parseJson(text) : null;
    if (url.pathname === '/auth/v1/token' && sessionOfCode.has(input?.auth_code)) return exchangeCode(input);

    if (url.pathname === '/auth/v1/resend' && input?.type === 'signup') {
      await resendConfirmation({ pool, email: input.email, siteUrl, sendMail });
      return Response.json({});
    }
    const context = { redirect: url.searchParams.get('redirect_to'), challenge: input?.code_challenge };
    const send = (body) => requestContext.run(context, () => app.fetch(new Request(request.url, { method: request.method, headers, body, redirect: 'manual' })));
    let response;
    if (url.pathname === '/auth/v1/verify' && input?.type === 'email') {
      // hosted Auth's "email" covers both kinds of one-time code; lite wants to be told which
      response = await send(JSON.stringify({ ...input, type: 'magiclink' }));
      if (!response.ok) response = await send(JSON.stringify({ ...input, type: 'signup' }));
    } else {
      response = await send(text);
    }

    const answerHeaders = new Headers(response.headers);
    answerHeaders.delete('content-length');
    if (answerHeaders.get('location')?.includes('access_token=')) return upgradeRedirect(answerHeaders, url.searchParams.get('token'), methodFor(url));
    if (answerHeaders.get('content-type')?.includes('json')) return upgradeBody(response, answerHeaders, methodFor(url));
    return new Response(response.body, { status: response.status, headers: answerHeaders });
  }

  return {
    handle,
    createSchema: () => pool.query(getAuthSchemaSql()),
    init: () => app.init(),
    stop: () => connection.close(),
    /** A token for one of the API keys' roles, as the gateway puts into Authorization. */
    roleToken: (role) => key.sign({ iss: 'supabase', role, iat: now(), exp: now() + 3600 }),
  };
}
