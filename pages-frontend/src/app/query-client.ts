import { QueryClient } from '@tanstack/react-query';
import { isRetryable } from '@/lib/api/problem';

const MAX_RETRIES = 2;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { retry: (count, error) => count < MAX_RETRIES && isRetryable(error), staleTime: 10_000 },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}
