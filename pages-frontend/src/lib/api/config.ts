import { queryOptions } from '@tanstack/react-query';
import * as z from 'zod/mini';
import type { ApiClient } from './client';

const Config = z.object({
  organization: z.object({ time_zone: z.string() }),
  retention: z.object({ days: z.number() }),
});

/** What holds for whoever asks, whatever their role. */
export const configQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: ['effective-config', org] as const,
    queryFn: ({ signal }) => api.request('/v1/config', Config, { signal }),
    staleTime: 5 * 60_000,
  });
