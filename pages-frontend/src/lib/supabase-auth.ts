// Supabase Auth behind the Auth interface: the sign-in part of supabase-js, without its database, storage and realtime
// clients, which the dashboard has no use for. Loaded on demand (./lazy-auth).
import { AuthClient, type AuthError, type Session as SupabaseSession } from '@supabase/auth-js';
import { NetworkError } from './api/problem';
import { SignInError, type Auth, type Session, type SignInFailure } from './auth';
import { isSessionStored, SESSION_KEY } from './stored-session';

/** Beyond this, signing out goes on without the server: offline, the library would try for half a minute. */
const SIGN_OUT_MS = 3_000;

export function createSupabaseAuth(url: string, publishableKey: string): Auth {
  const auth = new AuthClient({
    url: `${url.replace(/\/$/, '')}/auth/v1`,
    headers: { apikey: publishableKey },
    storageKey: SESSION_KEY,
    persistSession: true,
    autoRefreshToken: true,
    detectSessionInUrl: false,
  });

  // A session that ended is removed from the storage. One that is still there could only not be renewed just now.
  const known = ({ session }: { session: SupabaseSession | null }) => {
    if (!session && isSessionStored()) throw new NetworkError();
    return session;
  };

  return {
    async session() {
      return toSession(known((await auth.getSession()).data));
    },
    async accessToken() {
      return known((await auth.getSession()).data)?.access_token ?? null;
    },
    async refresh() {
      return known((await auth.refreshSession()).data)?.access_token ?? null;
    },
    async signIn(email, password) {
      const { error } = await auth.signInWithPassword({ email, password });
      if (error) throw new SignInError(failureOf(error));
    },
    async requestCode(email) {
      const { error } = await auth.signInWithOtp({ email, options: { shouldCreateUser: false } });
      // An unknown address is refused; saying so would tell strangers who has an account.
      if (error && failureOf(error) !== 'credentials') throw new SignInError(failureOf(error));
    },
    async signInWithCode(email, code) {
      const { error } = await auth.verifyOtp({ email, token: code, type: 'email' });
      if (!error) return;
      const failure = error.status === 403 ? 'credentials' : failureOf(error);
      throw new SignInError(failure === 'credentials' ? 'code' : failure);
    },
    async adopt(tokens) {
      const { error } = await auth.setSession(tokens);
      if (error) throw new SignInError(failureOf(error));
    },
    async signOut() {
      // Local: other devices of this person stay signed in.
      const late = new Promise((resolve) => setTimeout(resolve, SIGN_OUT_MS));
      await Promise.race([auth.signOut({ scope: 'local' }), late]).catch(() => undefined);
      // The library keeps the session where the server did not answer; whoever signs out leaves nothing behind.
      for (const part of ['', '-user', '-code-verifier']) localStorage.removeItem(SESSION_KEY + part);
    },
    onChange(callback) {
      const { data } = auth.onAuthStateChange((_event, session) => {
        if (session || !isSessionStored()) callback(toSession(session));
      });
      // What the library does not announce: a session removed by hand in another tab, as above.
      const onStorage = ({ key, newValue }: StorageEvent) => {
        if (key === SESSION_KEY && newValue === null) callback(null);
      };
      window.addEventListener('storage', onStorage);
      return () => {
        data.subscription.unsubscribe();
        window.removeEventListener('storage', onStorage);
      };
    },
  };
}

function toSession(session: SupabaseSession | null): Session | null {
  return session && { userId: session.user.id, email: session.user.email ?? '' };
}

function failureOf(error: AuthError): SignInFailure {
  if (error.code === 'email_not_confirmed') return 'unconfirmed';
  if (error.status === 429) return 'rate_limited';
  if (error.status === 400 || error.status === 401 || error.status === 422) return 'credentials';
  if (!error.status) return 'unreachable';
  return 'other';
}
