// Configuration the host serves at /config.json, so that one build runs anywhere. It holds public values only.
import * as z from 'zod/mini';

// zod's compiled validators need eval, which the content security policy forbids.
z.config({ jitless: true });

const RuntimeConfig = z.object({
  supabase_url: z.url(),
  supabase_publishable_key: z.string().check(z.minLength(1)),
  // Origin of the API; empty means the dashboard's own origin.
  api_url: z.optional(z.string()),
});

export interface RuntimeConfig {
  supabaseUrl: string;
  supabaseKey: string;
  apiUrl: string;
}

export class ConfigError extends Error {
  override name = 'ConfigError';
}

export function parseConfig(raw: unknown): RuntimeConfig {
  const parsed = RuntimeConfig.safeParse(raw);
  if (!parsed.success) {
    throw new ConfigError(`/config.json is not usable: ${z.prettifyError(parsed.error)}`);
  }
  return {
    supabaseUrl: parsed.data.supabase_url,
    supabaseKey: parsed.data.supabase_publishable_key,
    apiUrl: (parsed.data.api_url ?? '').replace(/\/$/, ''),
  };
}

export async function loadConfig(fetcher: typeof fetch = fetch): Promise<RuntimeConfig> {
  let response: Response;
  try {
    response = await fetcher('/config.json', { headers: { Accept: 'application/json' } });
  } catch {
    throw new ConfigError('the server did not answer');
  }
  if (!response.ok) {
    throw new ConfigError(`/config.json answered ${response.status}`);
  }
  return parseConfig(await response.json().catch(() => null));
}
