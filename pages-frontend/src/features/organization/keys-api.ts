import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { useApi, type ApiClient } from '@/lib/api/client';
import type { Schemas } from '@/lib/api/contract';
import { useOrganization } from '@/lib/organization';

export const ApiKey = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  stream_prefix: z.nullish(z.string()),
  environment: z.string(),
  created_at: z.string(),
  last_used_at: z.nullish(z.string()),
  expires_at: z.nullish(z.string()),
  revoked_at: z.nullish(z.string()),
});
export type ApiKey = z.output<typeof ApiKey>;

const Fresh = z.extend(ApiKey, { secret: z.string() });
const Keys = z.object({ keys: z.array(ApiKey) });

export type NewKey = Schemas['NewApiKey'];

const keysKey = (org: string) => ['api-keys', org] as const;

export const keysQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: keysKey(org),
    queryFn: async ({ signal }) => (await api.request('/v1/keys', Keys, { signal })).keys,
  });

/** Creates, rotates and revokes; the list is read again after each. */
export function useKeyActions() {
  const api = useApi();
  const org = useOrganization().id;
  const client = useQueryClient();
  const onSettled = () => {
    void client.invalidateQueries({ queryKey: ['onboarding', org] });
    return client.invalidateQueries({ queryKey: keysKey(org) });
  };
  const path = (id: string) => `/v1/keys/${encodeURIComponent(id)}` as const;
  const create = useMutation({
    mutationFn: (wish: NewKey) => api.request('/v1/keys', Fresh, { method: 'POST', body: wish }),
    onSettled,
  });
  const rotate = useMutation({
    mutationFn: ({ id, overlapSeconds }: { id: string; overlapSeconds: number }) =>
      api.request(`${path(id)}/regenerate` as const, Fresh, {
        method: 'POST',
        body: { overlap_seconds: overlapSeconds },
      }),
    onSettled,
  });
  const revoke = useMutation({
    mutationFn: (id: string) => api.request(path(id), ApiKey, { method: 'DELETE' }),
    onSettled,
  });
  return { create, rotate, revoke };
}

export type KeyState = 'active' | 'ending' | 'expired' | 'revoked';

const SOON_MS = 7 * 86_400_000;

/** "Ending": expires within a week, as a key does that was rotated with an overlap. */
export function stateOf(key: ApiKey, now: number): KeyState {
  if (key.revoked_at) return 'revoked';
  if (!key.expires_at) return 'active';
  const left = Date.parse(key.expires_at) - now;
  return left <= 0 ? 'expired' : left < SOON_MS ? 'ending' : 'active';
}
