import { loadConfig } from '@/config/runtime';
import { createApiClient } from '@/lib/api/client';
import { takeEarly } from '@/lib/early';
import { createLazyAuth } from '@/lib/lazy-auth';
import type { Services } from './services';

export async function createServices(onSessionExpired: () => void): Promise<Services> {
  const config = await loadConfig(withEarly(''));
  const auth = createLazyAuth(async () =>
    (await import('@/lib/supabase-auth')).createSupabaseAuth(config.supabaseUrl, config.supabaseKey),
  );
  const api = createApiClient({
    baseUrl: config.apiUrl,
    auth,
    onSessionExpired,
    fetch: withEarly(config.apiUrl),
  });
  return { auth, api };
}

const withEarly =
  (base: string): typeof fetch =>
  (input, init) =>
    (typeof input === 'string' && takeEarly(input, init, base)) || fetch(input, init);
