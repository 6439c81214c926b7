// Requests that a signed-in page is going to make, begun while its code is still on the way. Each answer is taken once, by the
// very same request; one that nobody takes is dropped.
import { storedOrganization } from './organization-store';
import { usableSession } from './stored-session';

/** As fresh as a list may be (staleTime of its query). */
const KEEP_MS = 10_000;

interface Begun {
  token: string | null;
  organization: string | null;
  answer: Promise<Response>;
  at: number;
}

const begun = new Map<string, Begun>();

/** Begins what the page at this address asks first. Without a usable session nothing: signing in comes first. */
export function beginEarly({ pathname, search }: Pick<Location, 'pathname' | 'search'>): void {
  const session = usableSession();
  if (!session) return;
  const token = session.accessToken;
  const config = fetch('/config.json', { headers: { Accept: 'application/json' } });
  note('/config.json', null, null, config);
  const base = config
    .then((answer) => answer.clone().json())
    .then(({ api_url: url }: { api_url?: string }) => (url ?? '').replace(/\/$/, ''));
  const ask = (path: string, organization: string | null) => {
    const headers = new Headers({ Accept: 'application/json', Authorization: `Bearer ${token}` });
    if (organization) headers.set('Driftlock-Organization', organization);
    note(
      path,
      token,
      organization,
      base.then((url) => fetch(url + path, { headers })),
    );
  };
  ask('/v1/me', null);
  const isOne = /^\/app\/anomalies\/[^/]+$/.test(pathname);
  const named = isOne ? /^\?org=([\w-]{1,64})$/.exec(search)?.[1] : undefined;
  const organization = named ?? storedOrganization.get();
  // The list without filters and one anomaly: what links from mails and chats lead to.
  if (!organization || (search !== '' && !named)) return;
  if (pathname === '/app/anomalies') ask('/v1/anomalies?limit=50', organization);
  else if (isOne) ask(pathname.replace('/app', '/v1'), organization);
}

function note(
  path: string,
  token: string | null,
  organization: string | null,
  answer: Promise<Response>,
): void {
  // Whoever takes it hears of a failure.
  answer.catch(() => undefined);
  begun.set(path, { token, organization, answer, at: Date.now() });
}

/** The answer to this request, if it is under way already. `base`: what the address has before the path. */
export function takeEarly(url: string, init: RequestInit = {}, base = ''): Promise<Response> | undefined {
  const path = url.slice(base.length);
  const found = begun.get(path);
  if (!found || (init.method ?? 'GET') !== 'GET') return undefined;
  begun.delete(path);
  const headers = new Headers(init.headers);
  const same =
    (headers.get('Authorization') ?? null) === (found.token && `Bearer ${found.token}`) &&
    headers.get('Driftlock-Organization') === found.organization;
  return same && Date.now() - found.at < KEEP_MS ? found.answer : undefined;
}
