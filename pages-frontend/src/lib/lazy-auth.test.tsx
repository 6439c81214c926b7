import { fakeAuth, PERSON } from '@/test/app';
import { createLazyAuth } from './lazy-auth';
import { SESSION_KEY } from './stored-session';

const stored = (secondsLeft: number, userId = 'u1') =>
  JSON.stringify({
    access_token: 'kept',
    expires_at: Date.now() / 1_000 + secondsLeft,
    user: { id: userId, email: PERSON.email },
  });
const elsewhere = (newValue: string | null) =>
  window.dispatchEvent(new StorageEvent('storage', { key: SESSION_KEY, newValue }));

describe('auth without its library', () => {
  beforeEach(() => localStorage.clear());

  it('answers from the storage while the token is good', async () => {
    const load = vi.fn(async () => fakeAuth());
    const auth = createLazyAuth(load);
    localStorage.setItem(SESSION_KEY, stored(3_600));
    expect(await auth.session()).toEqual(PERSON);
    expect(await auth.accessToken()).toBe('kept');
    expect(load).not.toHaveBeenCalled();
  });

  it('knows that nobody is signed in', async () => {
    const load = vi.fn(async () => fakeAuth());
    const auth = createLazyAuth(load);
    expect(await auth.session()).toBeNull();
    expect(await auth.accessToken()).toBeNull();
    expect(load).not.toHaveBeenCalled();
  });

  it('leaves a token that is about to end, or is refused, to the library, loaded once', async () => {
    const load = vi.fn(async () => fakeAuth());
    const auth = createLazyAuth(load);
    localStorage.setItem(SESSION_KEY, stored(30));
    expect(await auth.accessToken()).toBe('token');
    expect(await auth.refresh()).toBe('fresh-token');
    expect(load).toHaveBeenCalledOnce();
  });

  it('tries again where the library could not be loaded', async () => {
    const load = vi.fn(async () => fakeAuth()).mockRejectedValueOnce(new Error('offline'));
    const auth = createLazyAuth(load);
    localStorage.setItem(SESSION_KEY, stored(30));
    await expect(auth.accessToken()).rejects.toThrow('offline');
    expect(await auth.accessToken()).toBe('token');
  });

  it('hears what other tabs do, and once the library is there what it tells, until nobody listens', async () => {
    const library = fakeAuth();
    const auth = createLazyAuth(async () => library);
    const heard = vi.fn();
    const stop = auth.onChange(heard);
    elsewhere(stored(3_600, 'u2'));
    expect(heard).toHaveBeenLastCalledWith({ ...PERSON, userId: 'u2' });
    elsewhere(null);
    expect(heard).toHaveBeenLastCalledWith(null);
    elsewhere('half a ses');
    expect(heard).toHaveBeenCalledTimes(2);

    await auth.signIn(PERSON.email, 'right');
    library.become({ ...PERSON, userId: 'u3' });
    expect(heard).toHaveBeenLastCalledWith({ ...PERSON, userId: 'u3' });
    stop();
    library.end();
    elsewhere(null);
    expect(heard).not.toHaveBeenLastCalledWith(null);
  });
});
