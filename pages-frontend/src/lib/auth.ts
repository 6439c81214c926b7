// Who is signed in. The rest of the dashboard knows this interface, not the service behind it.

export interface Session {
  userId: string;
  email: string;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
}

export interface Auth {
  session(): Promise<Session | null>;
  /** A usable access token, refreshed when it is about to expire; null when signed out. */
  accessToken(): Promise<string | null>;
  /** Asks for a new token after the API refused the current one. */
  refresh(): Promise<string | null>;
  signIn(email: string, password: string): Promise<void>;
  /** Mails a code to sign in with. Succeeds for unknown addresses too: nobody learns which are known. */
  requestCode(email: string): Promise<void>;
  signInWithCode(email: string, code: string): Promise<void>;
  /** Takes over a session that the API made, as after a confirmed sign-up. */
  adopt(tokens: Tokens): Promise<void>;
  signOut(): Promise<void>;
  /** Calls back when the session begins or ends, in this tab or another. Returns the unsubscribe. */
  onChange(callback: (session: Session | null) => void): () => void;
}

export type SignInFailure = 'credentials' | 'code' | 'unconfirmed' | 'rate_limited' | 'unreachable' | 'other';

export class SignInError extends Error {
  override name = 'SignInError';
  constructor(readonly reason: SignInFailure) {
    super(SIGN_IN_MESSAGES[reason]);
  }
}

const SIGN_IN_MESSAGES: Record<SignInFailure, string> = {
  credentials: 'Email and password do not match an account. Check both and try again.',
  code: 'This code is wrong, used or older than an hour. Ask for a new one.',
  unconfirmed: 'This email is not confirmed yet. Open the link in the message we sent you, then sign in.',
  rate_limited: 'Too many attempts. Wait a minute, then try again.',
  unreachable: 'The sign-in service could not be reached. Check your connection and try again.',
  other: 'Sign-in failed. Try again in a moment.',
};
