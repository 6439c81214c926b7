import { beginEarly, takeEarly } from './early';
import { storedOrganization } from './organization-store';
import { SESSION_KEY } from './stored-session';

const sent = vi.fn<(url: string, init?: RequestInit) => Promise<Response>>();
const CONFIG = {
  supabase_url: 'https://auth.test',
  supabase_publishable_key: 'k',
  api_url: 'https://api.test/',
};

function signedIn(secondsLeft = 3_600) {
  const session = {
    access_token: 'token',
    expires_at: Date.now() / 1_000 + secondsLeft,
    user: { id: 'u1', email: 'a@b.c' },
  };
  localStorage.setItem(SESSION_KEY, JSON.stringify(session));
}
const headers = (organization?: string, token = 'token') => ({
  Authorization: `Bearer ${token}`,
  ...(organization && { 'Driftlock-Organization': organization }),
});
const asked = async () => {
  await vi.waitFor(() => expect(sent.mock.calls.length).toBeGreaterThan(1));
  return sent.mock.calls.map(([url]) => url);
};

describe('requests begun while the code is on the way', () => {
  beforeEach(() => {
    localStorage.clear();
    sessionStorage.clear();
    sent.mockReset().mockImplementation(async () => Response.json(CONFIG));
    vi.stubGlobal('fetch', sent);
  });
  afterEach(() => {
    for (const url of ['/config.json', '/v1/me', '/v1/anomalies?limit=50', '/v1/anomalies/a1'])
      void takeEarly(url);
    vi.unstubAllGlobals();
  });

  it('are the person and the list, of the organisation looked at last, each taken once', async () => {
    signedIn();
    storedOrganization.set('o1');
    beginEarly({ pathname: '/app/anomalies', search: '' });
    expect(await asked()).toEqual([
      '/config.json',
      'https://api.test/v1/me',
      'https://api.test/v1/anomalies?limit=50',
    ]);
    const list = [
      'https://api.test/v1/anomalies?limit=50',
      { headers: headers('o1') },
      'https://api.test',
    ] as const;
    await expect(takeEarly(...list)).resolves.toBeInstanceOf(Response);
    expect(takeEarly(...list)).toBeUndefined();
    await expect(takeEarly('/v1/me', { headers: headers() })).resolves.toBeInstanceOf(Response);
    await expect(takeEarly('/config.json')?.then((answer) => answer.json())).resolves.toEqual(CONFIG);
  });

  it('are one anomaly where its link is opened, and no list with filters', async () => {
    signedIn();
    storedOrganization.set('o1');
    beginEarly({ pathname: '/app/anomalies/a1', search: '' });
    expect(await asked()).toContain('https://api.test/v1/anomalies/a1');
    sent.mockClear();
    beginEarly({ pathname: '/app/anomalies', search: '?status=new' });
    expect(await asked()).toEqual(['/config.json', 'https://api.test/v1/me']);
  });

  it('are of the organisation that a link names', async () => {
    signedIn();
    storedOrganization.set('o1');
    beginEarly({ pathname: '/app/anomalies/a1', search: '?org=o2' });
    await asked();
    const answer = takeEarly(
      'https://api.test/v1/anomalies/a1',
      { headers: headers('o2') },
      'https://api.test',
    );
    await expect(answer).resolves.toBeInstanceOf(Response);
    sent.mockClear();
    beginEarly({ pathname: '/app/anomalies', search: '?org=o2' });
    expect(await asked()).toEqual(['/config.json', 'https://api.test/v1/me']);
  });

  it('answer no other request: of another organisation, another person, another method', async () => {
    for (const init of [
      { headers: headers('o2') },
      { headers: headers('o1', 'other') },
      { headers: headers('o1'), method: 'PATCH' },
    ]) {
      signedIn();
      storedOrganization.set('o1');
      beginEarly({ pathname: '/app/anomalies/a1', search: '' });
      expect(takeEarly('/v1/anomalies/a1', init)).toBeUndefined();
    }
  });

  it('are none without a session that is good as it stands', () => {
    beginEarly({ pathname: '/app/anomalies', search: '' });
    signedIn(60);
    beginEarly({ pathname: '/app/anomalies', search: '' });
    localStorage.setItem(SESSION_KEY, 'nonsense');
    beginEarly({ pathname: '/app/anomalies', search: '' });
    expect(sent).not.toHaveBeenCalled();
  });
});
