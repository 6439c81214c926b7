import { loadConfig } from '@/config/runtime';
import { createApiClient } from '@/lib/api/client';
import { createSupabaseAuth } from '@/lib/supabase-auth';
import type { Services } from './services';

export async function createServices(onSessionExpired: () => void): Promise<Services> {
  const config = await loadConfig();
  const auth = createSupabaseAuth(config.supabaseUrl, config.supabaseKey);
  const api = createApiClient({ baseUrl: config.apiUrl, auth, onSessionExpired });
  return { auth, api };
}
