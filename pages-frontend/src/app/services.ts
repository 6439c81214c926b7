// What the signed-in part needs: who is signed in, and a way to the API. Made once, on first need; the code for it is
// not loaded before.
import type { ApiClient } from '@/lib/api/client';
import type { Auth } from '@/lib/auth';

export interface Services {
  auth: Auth;
  api: ApiClient;
}

export type ServicesLoader = () => Promise<Services>;

export function servicesLoader(onSessionExpired: () => void): ServicesLoader {
  let pending: Promise<Services> | null = null;
  return () => {
    pending ??= import('./create-services')
      .then(({ createServices }) => createServices(onSessionExpired))
      .catch((error: unknown) => {
        // The next visit tries again: the server may be back.
        pending = null;
        throw error;
      });
    return pending;
  };
}
