import { NetworkError } from './api/problem';
import { createSupabaseAuth } from './supabase-auth';

const offline = { data: { session: null }, error: new Error('fetch failed') };
const library = vi.hoisted(() => ({
  getSession: vi.fn(),
  refreshSession: vi.fn(),
  signOut: vi.fn(),
  onAuthStateChange: vi.fn(() => ({ data: { subscription: { unsubscribe: () => undefined } } })),
}));
vi.mock('@supabase/auth-js', () => ({
  AuthClient: function () {
    return library;
  },
}));

const KEY = 'driftlock.session';
const auth = () => createSupabaseAuth('https://auth.test', 'public');

describe('a session while the sign-in service is out of reach', () => {
  beforeEach(() => {
    localStorage.setItem(KEY, '{"access_token":"old"}');
    library.getSession.mockResolvedValue(offline);
    library.refreshSession.mockResolvedValue(offline);
  });

  it('an expired token is no end of the session', async () => {
    await expect(auth().session()).rejects.toBeInstanceOf(NetworkError);
    await expect(auth().accessToken()).rejects.toBeInstanceOf(NetworkError);
    await expect(auth().refresh()).rejects.toBeInstanceOf(NetworkError);
    localStorage.removeItem(KEY);
    await expect(auth().accessToken()).resolves.toBeNull();
  });

  it('signing out offline leaves no session behind', async () => {
    library.signOut.mockResolvedValue({ error: new Error('fetch failed') });
    await auth().signOut();
    expect(localStorage.getItem(KEY)).toBeNull();
  });

  it('signing out in one tab, offline, is heard in the others', () => {
    const heard = vi.fn();
    const stop = auth().onChange(heard);
    window.dispatchEvent(new StorageEvent('storage', { key: KEY, newValue: null }));
    expect(heard).toHaveBeenCalledWith(null);
    stop();
  });
});
