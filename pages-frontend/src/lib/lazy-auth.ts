// Auth that fetches its library on first need. While the stored session's token is good, everything a page asks is answered from
// the storage; the library begins, renews and ends sessions.
import type { Auth, Session } from './auth';
import { isSessionStored, parseSession, SESSION_KEY, usableSession } from './stored-session';

export function createLazyAuth(load: () => Promise<Auth>): Auth {
  let pending: Promise<Auth> | null = null;
  let loaded: Auth | null = null;
  const onceLoaded = new Set<(auth: Auth) => void>();
  const told = (auth: Auth) => {
    onceLoaded.forEach((each) => each(auth));
    onceLoaded.clear();
  };
  const whole = () => {
    pending ??= load()
      .then((auth) => {
        loaded = auth;
        told(auth);
        return auth;
      })
      .catch((error: unknown) => {
        // The next call tries again: the server may be back.
        pending = null;
        throw error;
      });
    return pending;
  };

  return {
    async session() {
      return person(usableSession()) ?? (isSessionStored() ? (await whole()).session() : null);
    },
    async accessToken() {
      return usableSession()?.accessToken ?? (isSessionStored() ? (await whole()).accessToken() : null);
    },
    refresh: async () => (await whole()).refresh(),
    signIn: async (email, password) => (await whole()).signIn(email, password),
    requestCode: async (email) => (await whole()).requestCode(email),
    signInWithCode: async (email, code) => (await whole()).signInWithCode(email, code),
    adopt: async (tokens) => (await whole()).adopt(tokens),
    signOut: async () => (await whole()).signOut(),
    onChange(callback) {
      // Another tab's doing shows in the storage; this tab's own is the library's, and told by it once it is here.
      const onStorage = ({ key, newValue }: StorageEvent) => {
        if (key !== SESSION_KEY) return;
        const session = parseSession(newValue);
        if (session || newValue === null) callback(person(session));
      };
      window.addEventListener('storage', onStorage);
      let stop = () => window.removeEventListener('storage', onStorage);
      const handOver = (auth: Auth) => {
        stop();
        stop = auth.onChange(callback);
      };
      onceLoaded.add(handOver);
      if (loaded) told(loaded);
      const session = person(usableSession());
      if (session) queueMicrotask(() => onceLoaded.has(handOver) && callback(session));
      return () => {
        onceLoaded.delete(handOver);
        stop();
      };
    },
  };
}

const person = (session: Session | null): Session | null =>
  session && { userId: session.userId, email: session.email };
