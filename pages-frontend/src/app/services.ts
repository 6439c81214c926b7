// What the signed-in part needs: who is signed in, and a way to the API. Made once, on first need.
import { loadConfig } from '@/config/runtime';
import { createApiClient, type ApiClient } from '@/lib/api/client';
import type { Auth } from '@/lib/auth';
import { storedOrganization } from '@/lib/organization';

export interface Services {
  auth: Auth;
  api: ApiClient;
}

export type ServicesLoader = () => Promise<Services>;

export function servicesLoader(onSessionExpired: () => void): ServicesLoader {
  let pending: Promise<Services> | null = null;
  return () => {
    pending ??= create(onSessionExpired).catch((error: unknown) => {
      // The next visit tries again: the server may be back.
      pending = null;
      throw error;
    });
    return pending;
  };
}

async function create(onSessionExpired: () => void): Promise<Services> {
  const [config, { createSupabaseAuth }] = await Promise.all([loadConfig(), import('@/lib/supabase-auth')]);
  const auth = createSupabaseAuth(config.supabaseUrl, config.supabaseKey);
  const api = createApiClient({
    baseUrl: config.apiUrl,
    auth,
    organization: storedOrganization.get,
    onSessionExpired,
  });
  return { auth, api };
}
