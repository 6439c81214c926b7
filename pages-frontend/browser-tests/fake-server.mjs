// The built dashboard with a make-believe API and sign-in behind it, for looking at pages and checking them in a
// real browser without the stack. Test code only; the build knows nothing of it.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { organizationRoutes } from './fake-organization.mjs';
import * as fixtures from '../src/test/fixtures.js';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Starts on a free port; answers {origin, close, push}. `overrides` replaces answers by "METHOD path". */
export async function startFakeServer({ overrides = {} } = {}) {
  const feeds = new Set();
  const details = new Map([fixtures.logDetail(), fixtures.jsonDetail()].map((each) => [each.id, each]));
  const headers = await staticHeaders();

  const routes = {
    'GET /config.json': (_request, origin) => ({
      supabase_url: origin,
      supabase_publishable_key: 'sb_publishable_test',
    }),
    'POST /auth/v1/token': (request) =>
      request.body.password === 'wrong'
        ? {
            status: 400,
            body: { code: 400, error_code: 'invalid_credentials', msg: 'Invalid login credentials' },
          }
        : session(),
    'GET /v1/me': () => fixtures.me,
    'GET /v1/streams': () => ({ streams: fixtures.streams().map(grown), next_cursor: null }),
    'GET /v1/invitations/accept': ({ url }) => invitationOf(url.searchParams.get('token')),
    'GET /v1/me/billing': () => fixtures.billing(),
    'GET /v1/me/usage/details': () => fixtures.usageDetails(),
    'GET /v1/billing/estimate': ({ url }) => fixtures.estimate(Number(url.searchParams.get('detections'))),
    'GET /v1/billing/invoices': () => fixtures.invoices(),
    'GET /v1/streams/checkout-api': () => ({ ...fixtures.streams()[0], effective_sensitivity: 0.5 }),
    'GET /v1/anomalies': ({ url }) => {
      const [from, to, stream] = ['from', 'to', 'stream'].map((name) => url.searchParams.get(name));
      const anomalies = fixtures
        .anomalies()
        .filter(
          (each) =>
            each.detected_at >= (from ?? '') &&
            each.detected_at < (to ?? '9') &&
            each.stream === (stream ?? each.stream),
        );
      return { anomalies, next_cursor: from ? null : 'more' };
    },
    ...organizationRoutes,
    ...overrides,
  };

  const server = createServer(async (request, response) => {
    const origin = `http://${request.headers.host}`;
    const url = new URL(request.url, origin);
    const body = await readBody(request);
    const send = (status, value) => {
      response.writeHead(status, {
        'Content-Type': status < 400 ? 'application/json' : 'application/problem+json',
      });
      response.end(JSON.stringify(value));
    };
    const route = routes[`${request.method} ${url.pathname}`];
    if (route) {
      const answer = await route({ body, url, headers: request.headers }, origin);
      return answer.status && answer.body !== undefined
        ? send(answer.status, answer.body)
        : send(200, answer);
    }
    if (url.pathname === '/v1/stream/anomalies') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(': ping\n\n');
      feeds.add(response);
      request.on('close', () => feeds.delete(response));
      return undefined;
    }
    if (/^\/v1\/streams\/[^/]+\/recent$/.test(url.pathname)) return send(200, fixtures.recentScores());
    if (/^\/v1\/anomalies\/[^/]+\/feedback$/.test(url.pathname)) {
      const kind = request.method === 'POST' ? body.kind : null;
      const taught = kind === 'expected';
      return send(200, {
        feedback: kind && { kind, taught },
        effect: { taught, note: null, score: 0.2, p_value: 0.87, anomaly: !taught, threshold: 7.97 },
      });
    }
    const one = /^\/v1\/anomalies\/([^/]+)(\/status)?$/.exec(url.pathname);
    if (one) {
      const detail = details.get(one[1]);
      if (!detail) return send(404, { title: 'Not found', status: 404, code: 'not_found' });
      if (one[2]) detail.status = body.status;
      return send(200, one[2] ? fixtures.summary(detail) : detail);
    }
    if (url.pathname.startsWith('/v1/') || url.pathname.startsWith('/auth/')) {
      return send(404, { title: 'Not found', status: 404, code: 'not_found' });
    }
    return sendFile(response, url.pathname, headers);
  });

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  let sequence = 0;
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    push: (anomaly) =>
      feeds.forEach((feed) =>
        feed.write(`id: ${++sequence}\nevent: anomaly\ndata: ${JSON.stringify(anomaly)}\n\n`),
      ),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** What a mailed token is for: of somebody with an account, or of a newcomer. */
function invitationOf(token) {
  return {
    organization: fixtures.me.organizations[0].name,
    email: 'new.colleague@northwind.example',
    role: 'member',
    account: token === 'known',
  };
}

// Counters that grow, so that rates can be seen.
const begun = Date.now();
function grown(stream) {
  const perSecond = (stream.stream.length * 7) % 23;
  return {
    ...stream,
    events_seen: stream.events_seen + Math.round(((Date.now() - begun) / 1000) * perSecond),
  };
}

// The headers Cloudflare would send, from the same file.
async function staticHeaders() {
  const text = await readFile(join(DIST, '_headers'), 'utf8').catch(() => '');
  const block = /^\/\*\n((?: {2}.+\n?)+)/m.exec(text)?.[1] ?? '';
  return Object.fromEntries(
    block
      .trim()
      .split('\n')
      .map((line) =>
        line
          .trim()
          .split(/:\s*(.*)/s)
          .slice(0, 2),
      ),
  );
}

async function sendFile(response, path, headers) {
  const file = join(DIST, normalize(path));
  const content = extname(path) ? await readFile(file).catch(() => null) : null;
  if (content) {
    response.writeHead(200, {
      ...headers,
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    });
    return response.end(content);
  }
  response.writeHead(extname(path) ? 404 : 200, { ...headers, 'Content-Type': TYPES['.html'] });
  return response.end(await readFile(join(DIST, 'index.html')));
}

async function readBody(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function session() {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const expires_at = Math.floor(Date.now() / 1000) + 3600;
  const user = {
    ...fixtures.me.user,
    aud: 'authenticated',
    app_metadata: {},
    user_metadata: {},
    created_at: '',
  };
  const token = `${encode({ alg: 'HS256' })}.${encode({ sub: user.id, exp: expires_at })}.${encode('signature')}`;
  return {
    access_token: token,
    refresh_token: 'refresh',
    token_type: 'bearer',
    expires_in: 3600,
    expires_at,
    user,
  };
}
