import { useQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { AnomalyPage } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { toQuery, type Filters } from './filters';
import { keys, PAGE_SIZE, patchStatus, WATCH_MS } from './queries';

// What the API gives at once.
const MOST_WATCHED = 200;

/**
 * The feed tells of anomalies, not of what becomes of them: what colleagues acknowledge or settle is asked for now and then
 * while the page is looked at. Only the status of rows that stand there changes, so that nothing moves under a reading eye.
 */
export function OthersChanges({ org, filters }: { org: string; filters: Filters }) {
  const api = useApi();
  const client = useQueryClient();
  useQuery({
    queryKey: [...keys.watch(org), filters],
    queryFn: async ({ signal }) => {
      const shown = () =>
        client
          .getQueryData<InfiniteData<AnomalyPage>>(keys.list(org, filters))
          ?.pages.flatMap((page) => page.anomalies) ?? [];
      const count = shown().length;
      if (count === 0) return null;
      // Of any status: what was new and is not any more is what this is about.
      const query = { ...toQuery(filters, Date.now()), status: undefined };
      const limit = Math.min(MOST_WATCHED, Math.max(PAGE_SIZE, count));
      const page = await api.request('/v1/anomalies', AnomalyPage, { query: { ...query, limit }, signal });
      const now = new Map(page.anomalies.map(({ id, status }) => [id, status]));
      for (const { id, status: before } of shown()) {
        const status = now.get(id);
        if (status && status !== before) patchStatus(client, org, id, status);
      }
      return null;
    },
    // The list itself was read just now, and is read again when the person comes back to the tab.
    initialData: null,
    staleTime: WATCH_MS,
    refetchOnWindowFocus: false,
    refetchInterval: WATCH_MS,
    gcTime: 0,
    retry: false,
  });
  return null;
}
