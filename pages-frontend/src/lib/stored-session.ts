// The session as the sign-in library leaves it in the browser's storage. Reading it here answers who is signed in without
// the library, which is a fifth of the dashboard's code and needed only to begin, renew and end a session.
import type { Session } from './auth';

export const SESSION_KEY = 'driftlock.session';

/** The library renews a token that ends within this; such a session is its business. */
const MARGIN_MS = 90_000;

export interface StoredSession extends Session {
  accessToken: string;
}

export const isSessionStored = (): boolean => localStorage.getItem(SESSION_KEY) !== null;

/** A session whose token can be used as it is; null where there is none, or the library has to look at it. */
export function usableSession(now = Date.now()): StoredSession | null {
  const session = parseSession(localStorage.getItem(SESSION_KEY));
  return session && session.expiresAt - now > MARGIN_MS ? session : null;
}

/** What the storage holds under the key; null for anything else than a whole session. */
export function parseSession(text: string | null): (StoredSession & { expiresAt: number }) | null {
  try {
    const { access_token: token, expires_at: end, user } = JSON.parse(text ?? 'null');
    if (typeof token !== 'string' || typeof end !== 'number' || typeof user?.id !== 'string') return null;
    return { userId: user.id, email: String(user.email ?? ''), accessToken: token, expiresAt: end * 1_000 };
  } catch {
    return null;
  }
}
