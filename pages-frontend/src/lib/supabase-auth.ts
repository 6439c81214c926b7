// Supabase Auth behind the Auth interface: the sign-in part of supabase-js, without its database, storage and realtime
// clients, which the dashboard has no use for. Loaded on demand, so public pages never carry it.
import { AuthClient, type AuthError, type Session as SupabaseSession } from '@supabase/auth-js';
import { SignInError, type Auth, type Session, type SignInFailure } from './auth';

export function createSupabaseAuth(url: string, publishableKey: string): Auth {
  const auth = new AuthClient({
    url: `${url.replace(/\/$/, '')}/auth/v1`,
    headers: { apikey: publishableKey },
    storageKey: 'driftlock.session',
    persistSession: true,
    autoRefreshToken: true,
    detectSessionInUrl: false,
  });

  return {
    async session() {
      return toSession((await auth.getSession()).data.session);
    },
    async accessToken() {
      return (await auth.getSession()).data.session?.access_token ?? null;
    },
    async refresh() {
      return (await auth.refreshSession()).data.session?.access_token ?? null;
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
      await auth.signOut({ scope: 'local' });
    },
    onChange(callback) {
      const { data } = auth.onAuthStateChange((_event, session) => callback(toSession(session)));
      return () => data.subscription.unsubscribe();
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
