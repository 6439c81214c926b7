import * as z from 'zod/mini';
import { http, HttpResponse, ORIGIN, problem, server } from '@/test/server';
import { createApiClient, type Query } from './client';
import { ApiError, NetworkError, SessionExpiredError, ShapeError } from './problem';

const Answer = z.object({ ok: z.boolean() });
// A route of this test's own, which the API's document does not have.
type Ask = (
  path: '/v1/x',
  schema: typeof Answer,
  options?: { query?: Query; signal?: AbortSignal },
) => Promise<{ ok: boolean }>;

function client(
  tokens: { current: string | null; fresh: string | null } = { current: 'one', fresh: 'two' },
  fetcher?: typeof fetch,
) {
  const onSessionExpired = vi.fn();
  const api = createApiClient({
    baseUrl: ORIGIN,
    ...(fetcher && { fetch: fetcher }),
    auth: { accessToken: async () => tokens.current, refresh: async () => tokens.fresh },
    onSessionExpired,
  }).inOrganization('org-1');
  return { request: api.request as unknown as Ask, onSessionExpired };
}

describe('the API client', () => {
  it('sends the token and the organisation', async () => {
    let seen: Headers | undefined;
    server.use(
      http.get('*/v1/x', ({ request }) => {
        seen = request.headers;
        return HttpResponse.json({ ok: true });
      }),
    );
    await client().request('/v1/x', Answer, { query: { a: 1, none: undefined, empty: '' } });
    expect(seen?.get('authorization')).toBe('Bearer one');
    expect(seen?.get('driftlock-organization')).toBe('org-1');
  });

  it('does not call an answer unexpected that was given up half way', async () => {
    const giveUp = new AbortController();
    const halfAnAnswer: typeof fetch = async () => {
      const body = new ReadableStream({
        start: (stream) => giveUp.signal.addEventListener('abort', () => stream.error(giveUp.signal.reason)),
      });
      setTimeout(() => giveUp.abort(), 10);
      return new Response(body, { headers: { 'content-type': 'application/json' } });
    };
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { request } = client(undefined, halfAnAnswer);
    await expect(request('/v1/x', Answer, { signal: giveUp.signal })).rejects.toThrow(/abort/i);
    expect(said).not.toHaveBeenCalled();
    said.mockRestore();
  });

  it('refreshes a refused token once and goes on', async () => {
    server.use(
      http.get('*/v1/x', ({ request }) =>
        request.headers.get('authorization') === 'Bearer two'
          ? HttpResponse.json({ ok: true })
          : problem(401, 'expired'),
      ),
    );
    const { request, onSessionExpired } = client();
    await expect(request('/v1/x', Answer)).resolves.toEqual({ ok: true });
    expect(onSessionExpired).not.toHaveBeenCalled();
  });

  it.each([
    ['no token', { current: null, fresh: null }],
    ['no fresh token', { current: 'one', fresh: null }],
    ['a fresh token that is refused too', { current: 'one', fresh: 'two' }],
  ])('ends the session with %s', async (_name, tokens) => {
    server.use(http.get('*/v1/x', () => problem(401, 'expired')));
    const { request, onSessionExpired } = client(tokens);
    await expect(request('/v1/x', Answer)).rejects.toBeInstanceOf(SessionExpiredError);
    expect(onSessionExpired).toHaveBeenCalledTimes(1);
  });

  it('turns a problem into an error with code, detail and request id', async () => {
    server.use(http.get('*/v1/x', () => problem(409, 'invalid_transition', 'Conflict', 'already resolved')));
    const error = await client()
      .request('/v1/x', Answer)
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 409,
      code: 'invalid_transition',
      detail: 'already resolved',
      requestId: 'req_test',
    });
  });

  it('survives an error that is no problem+json', async () => {
    server.use(http.get('*/v1/x', () => new HttpResponse('<html>bad gateway</html>', { status: 502 })));
    await expect(client().request('/v1/x', Answer)).rejects.toMatchObject({
      status: 502,
      code: 'unknown',
    });
  });

  it('says so when nobody answers, and when the answer is not understood', async () => {
    server.use(http.get('*/v1/x', () => HttpResponse.error()));
    await expect(client().request('/v1/x', Answer)).rejects.toBeInstanceOf(NetworkError);
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    server.use(http.get('*/v1/x', () => HttpResponse.json({ ok: 'maybe' })));
    await expect(client().request('/v1/x', Answer)).rejects.toBeInstanceOf(ShapeError);
  });
});
