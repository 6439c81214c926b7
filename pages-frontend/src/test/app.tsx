// The whole dashboard in a test: real router, real client, real cache; sign-in and network are made up.
import type { QueryClient } from '@tanstack/react-query';
import { createMemoryHistory } from '@tanstack/react-router';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { App } from '@/app/app';
import { createQueryClient } from '@/app/query-client';
import { createAppRouter, toSignIn } from '@/app/router';
import { createApiClient } from '@/lib/api/client';
import { SignInError, type Auth, type Session } from '@/lib/auth';
import { ORIGIN } from './server';

export const PERSON: Session = { userId: 'u1', email: 'demo@driftlock.local' };

export function fakeAuth(
  initial: Session | null = PERSON,
): Auth & { end: () => void; become: (session: Session) => void } {
  let session = initial;
  const listeners = new Set<(session: Session | null) => void>();
  const set = (next: Session | null) => {
    session = next;
    listeners.forEach((each) => each(next));
  };
  return {
    session: async () => session,
    accessToken: async () => (session ? 'token' : null),
    refresh: async () => (session ? 'fresh-token' : null),
    signIn: async (email, password) => {
      if (password !== 'right') throw new SignInError('credentials');
      set({ userId: 'u1', email });
    },
    requestCode: async () => undefined,
    signInWithCode: async (email, code) => {
      if (code !== '123456') throw new SignInError('code');
      set({ userId: 'u1', email });
    },
    adopt: async (tokens) => {
      if (tokens.access_token !== 'adopted') throw new SignInError('credentials');
      set({ userId: 'u1', email: 'new@example.com' });
    },
    signOut: async () => set(null),
    onChange: (callback) => {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    end: () => set(null),
    become: set,
  };
}

/** Until the feed is there, and what it brings has been read: a list once more, over all that was done to it before. */
export async function feedIsLive(queryClient: QueryClient) {
  await screen.findByText('Live', { selector: '[role=status]' });
  await waitFor(() => expect(queryClient.isFetching()).toBe(0));
}

export function renderApp(path: string, { auth = fakeAuth() }: { auth?: Auth } = {}) {
  const queryClient = createQueryClient();
  queryClient.setDefaultOptions({
    queries: { retry: false, staleTime: 10_000 },
    mutations: { retry: false },
  });
  const api = createApiClient({
    baseUrl: ORIGIN,
    auth,
    onSessionExpired: () => void toSignIn(router),
  });
  const router = createAppRouter(
    { queryClient, services: async () => ({ auth, api }) },
    createMemoryHistory({ initialEntries: [path] }),
  );
  const view = render(<App queryClient={queryClient} router={router} />);
  return { ...view, router, queryClient, user: userEvent.setup() };
}
