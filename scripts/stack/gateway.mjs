// What Supabase's gateway does at the front door: one port, path prefixes, CORS, and API keys (`sb_publishable_…`,
// `sb_secret_…`) turned into the JWT of their role. A person's own token in Authorization always wins over the key's role.
import http from 'node:http';
import { closeServer } from './inbox.mjs';

const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });

const cors = (request) => ({
  'access-control-allow-origin': request.headers.origin ?? '*',
  'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS',
  'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
  'access-control-expose-headers': 'Content-Range, Content-Profile, Preference-Applied, Location, Content-Location, X-Total-Count, Link, x-sb-api-version',
  'access-control-max-age': '3600',
});

const withoutCors = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('access-control-')));

/**
 * keys: {apiKey: () => role JWT}; restPort: PostgREST's; auth: (Request) → Response.
 * Browsers follow the links of a mail without a key, so those few paths of Auth are open.
 */
export function startGateway({ port, keys, restPort, auth, log }) {
  const openAuthPath = /^\/auth\/v1\/(verify|callback|authorize|health|\.well-known\/.*)$/;
  const bearerOf = (value) => value?.replace(/^Bearer\s+/i, '');

  function refuseKey(request, response, apiKey) {
    const message = apiKey ? 'Invalid API key' : 'No API key found in request';
    response.writeHead(401, { 'content-type': 'application/json', ...cors(request) }).end(JSON.stringify({ message }));
  }

  function forwardToRest(request, response, url, authorization) {
    url.searchParams.delete('apikey');
    const { connection: _, ...headers } = request.headers;
    const target = { agent, host: '127.0.0.1', port: restPort, method: request.method, path: (url.pathname.slice('/rest/v1'.length) || '/') + url.search, headers: { ...headers, authorization } };
    const upstream = http.request(target, (answer) => {
      response.writeHead(answer.statusCode, { ...withoutCors(answer.headers), ...cors(request) });
      answer.pipe(response);
    });
    upstream.on('error', (error) => {
      if (response.headersSent) return response.destroy();
      response.writeHead(502, { 'content-type': 'application/json', ...cors(request) }).end(JSON.stringify({ message: `PostgREST is not reachable: ${error.code}` }));
    });
    request.pipe(upstream);
  }

  async function forwardToAuth(request, response, url, authorization) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (!['connection', 'host', 'transfer-encoding', 'content-length'].includes(name)) headers.set(name, [value].flat().join(', '));
    }
    if (authorization) headers.set('authorization', authorization);
    const body = ['GET', 'HEAD'].includes(request.method) ? undefined : Buffer.concat(chunks);
    const answer = await auth(new Request(`http://127.0.0.1:${port}${url.pathname}${url.search}`, { method: request.method, headers, body }));
    response.writeHead(answer.status, { ...withoutCors(Object.fromEntries(answer.headers)), ...cors(request) });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, `http://127.0.0.1:${port}`);
    if (request.method === 'OPTIONS') return response.writeHead(204, cors(request)).end();
    const isRest = url.pathname === '/rest/v1' || url.pathname.startsWith('/rest/v1/');
    const isAuth = url.pathname.startsWith('/auth/v1/');
    if (!isRest && !isAuth) return response.writeHead(404, { 'content-type': 'application/json', ...cors(request) }).end('{"message":"no Route matched with those values"}');

    const apiKey = request.headers.apikey ?? url.searchParams.get('apikey');
    const roleToken = Object.hasOwn(keys, apiKey ?? '') ? keys[apiKey] : null;
    const open = isAuth && request.method === 'GET' && openAuthPath.test(url.pathname);
    if (!roleToken && !open) return refuseKey(request, response, apiKey);
    const bearer = bearerOf(request.headers.authorization);
    const own = bearer && !Object.hasOwn(keys, bearer);
    const authorization = own || !roleToken ? request.headers.authorization : `Bearer ${roleToken()}`;
    if (isRest) return forwardToRest(request, response, url, authorization);
    try {
      await forwardToAuth(request, response, url, authorization);
    } catch (error) {
      log(`auth: ${error.stack ?? error}\n`);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json', ...cors(request) });
      response.end('{"code":500,"error_code":"unexpected_failure","msg":"local auth failed; see auth.log"}');
    }
  });
  server.keepAliveTimeout = 65_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ stop: () => closeServer(server) }));
  });
}
