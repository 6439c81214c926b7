// Reading anomalies and changing their status.
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
  type InfiniteData,
  type QueryClient,
} from '@tanstack/react-query';
import { useToast } from '@/components/ui/toast-context';
import { Anomaly, AnomalyDetail, AnomalyPage } from '@/lib/api/anomaly';
import { useApi, type ApiClient } from '@/lib/api/client';
import { ApiError, isRetryable, SessionExpiredError } from '@/lib/api/problem';
import type { Move, Status } from '@/lib/status';
import { matches, toQuery, type Filters } from './filters';

export const PAGE_SIZE = 50;
/** How often a page that somebody looks at asks what others changed. */
export const WATCH_MS = 20_000;

type Pages = InfiniteData<AnomalyPage, string | null>;

export const keys = {
  lists: (org: string) => ['anomalies', org, 'list'] as const,
  list: (org: string, filters: Filters) => ['anomalies', org, 'list', filters] as const,
  watch: (org: string) => ['anomalies', org, 'watch'] as const,
  detail: (org: string, id: string) => ['anomalies', org, 'detail', id] as const,
};

export const anomaliesQuery = (api: ApiClient, org: string, filters: Filters) =>
  infiniteQueryOptions({
    queryKey: keys.list(org, filters),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      api.request('/v1/anomalies', AnomalyPage, {
        query: { ...toQuery(filters, Date.now()), limit: PAGE_SIZE, cursor: pageParam ?? undefined },
        signal,
      }),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 10_000,
  });

const readAnomaly = (api: ApiClient, id: string, signal?: AbortSignal) =>
  api.request(`/v1/anomalies/${encodeURIComponent(id)}` as const, AnomalyDetail, signal ? { signal } : {});

// The feed may tell of an anomaly a moment before it can be read.
const MOST_TRIES = 8;
const TRY_AGAIN_MS = 700;

/** `justArrived`: the feed told of it a moment ago, so that "no such anomaly" may only mean "not yet". */
export const anomalyQuery = (api: ApiClient, org: string, id: string, justArrived = false) =>
  queryOptions({
    queryKey: keys.detail(org, id),
    queryFn: ({ signal }) => readAnomaly(api, id, signal),
    staleTime: 10_000,
    ...(justArrived && {
      retry: (tries: number, error: Error) =>
        tries < MOST_TRIES && (isRetryable(error) || (error instanceof ApiError && error.status === 404)),
      retryDelay: TRY_AGAIN_MS,
    }),
  });

/** Changes a status at once on screen, and back again with a message if the API refuses. */
export function useChangeStatus(org: string) {
  const api = useApi();
  const client = useQueryClient();
  const toast = useToast();
  return useMutation({
    mutationFn: ({ id, move }: { id: string; move: Move }) =>
      api.request(`/v1/anomalies/${encodeURIComponent(id)}/status` as const, Anomaly, {
        method: 'PATCH',
        body: { status: move.to },
      }),
    onMutate: async ({ id, move }) => {
      const reading = isReading(client, org);
      await forgetReading(client, org, id);
      const before = client.getQueryData<AnomalyDetail>(keys.detail(org, id))?.status;
      patchStatus(client, org, id, move.to);
      return { before, reading };
    },
    onError: (error, { id }, context) => {
      if (context?.before) patchStatus(client, org, id, context.before);
      toast.show({ tone: 'error', message: refusal(error) });
      void client.invalidateQueries({ queryKey: keys.detail(org, id), exact: true });
    },
    onSuccess: async (anomaly, { move }) => {
      await forgetReading(client, org, anomaly.id);
      patchStatus(client, org, anomaly.id, anomaly.status);
      toast.show({ message: `${move.done}.` });
    },
    onSettled: (_data, _error, _change, context) => outdateLists(client, org, context?.reading ?? false),
  });
}

/** An answer that was on its way while a status was changed may have either: it is not to be shown. */
async function forgetReading(client: QueryClient, org: string, id?: string): Promise<void> {
  await client.cancelQueries({ queryKey: keys.watch(org) });
  // Not what hangs below this key: nobody would ask for it again.
  if (id !== undefined) await client.cancelQueries({ queryKey: keys.detail(org, id), exact: true });
}

const isReading = (client: QueryClient, org: string): boolean =>
  client.isFetching({ queryKey: keys.lists(org) }) > 0;

/** Lists are read when they are next looked at; one that was being read while a status changed may have either: it is read again. */
const outdateLists = (client: QueryClient, org: string, wasReading: boolean): Promise<void> =>
  client.invalidateQueries({
    queryKey: keys.lists(org),
    refetchType: wasReading || isReading(client, org) ? 'active' : 'none',
  });

const AT_ONCE = 4;

/** Changes many statuses, a few at a time, and tells the outcome in one message. */
export function useChangeStatuses(org: string) {
  const api = useApi();
  const client = useQueryClient();
  const toast = useToast();
  return useMutation({
    onMutate: () => ({ reading: isReading(client, org) }),
    mutationFn: async ({ move, anomalies }: { move: Move; anomalies: readonly Anomaly[] }) => {
      const queue = [...anomalies];
      const refused: string[] = [];
      const work = async () => {
        for (let next = queue.shift(); next; next = queue.shift()) {
          const { id, status } = next;
          patchStatus(client, org, id, move.to);
          try {
            await api.request(`/v1/anomalies/${encodeURIComponent(id)}/status` as const, Anomaly, {
              method: 'PATCH',
              body: { status: move.to },
            });
          } catch (error) {
            if (error instanceof SessionExpiredError) throw error;
            refused.push(id);
            const now = isOvertaken(error) ? await readAnomaly(api, id).catch(() => null) : null;
            patchStatus(client, org, id, now?.status ?? status);
          }
        }
      };
      await forgetReading(client, org);
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      await forgetReading(client, org);
      return { done: anomalies.length - refused.length, refused };
    },
    onSuccess: ({ done, refused }, { move }) => {
      const words = `${move.done}: ${done}.`;
      if (refused.length === 0) toast.show({ message: words });
      else
        toast.show({
          tone: 'error',
          message: `${words} Not changed: ${refused.length}, shown as they are now and still selected.`,
        });
    },
    onSettled: (_data, _error, _change, context) => outdateLists(client, org, context?.reading ?? false),
  });
}

/** Someone else was quicker: what is on the screen is not what the API has. */
const isOvertaken = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 'invalid_transition';

function refusal(error: unknown): string {
  if (isOvertaken(error)) {
    return 'Someone else changed this anomaly meanwhile. It is shown as it is now.';
  }
  return `The status was not changed. ${error instanceof Error ? error.message : ''}`.trim();
}

export function patchStatus(client: QueryClient, org: string, id: string, status: Status): void {
  client.setQueryData<AnomalyDetail>(keys.detail(org, id), (old) => old && { ...old, status });
  client.setQueriesData<Pages>({ queryKey: keys.lists(org) }, (old) =>
    mapAnomalies(old, (anomaly) => (anomaly.id === id ? { ...anomaly, status } : anomaly)),
  );
}

const MOST_ROWS_LIVE = 300;

/**
 * A list left open for days does not grow without end. Its rows cannot just be cut, since the cursor of the next page
 * stands after the last of them: it has to be read again.
 */
export function isOverlong(pages: Pages | undefined): boolean {
  return pages?.pages.length === 1 && (pages.pages[0]?.anomalies.length ?? 0) > MOST_ROWS_LIVE;
}

/** Puts arrivals (oldest first) into a list: updated where they stand, or on top if new and wanted by the filters. */
export function withArrivals(
  old: Pages | undefined,
  arrived: readonly Anomaly[],
  filters: Filters,
  now: number,
): Pages | undefined {
  const first = old?.pages[0];
  if (!old || !first || arrived.length === 0) return old;
  const byId = new Map(arrived.map((anomaly) => [anomaly.id, anomaly]));
  const known = new Set(old.pages.flatMap((page) => page.anomalies.map((anomaly) => anomaly.id)));
  const updated = mapAnomalies(old, (anomaly) => byId.get(anomaly.id) ?? anomaly);
  // The API alone decides what is significant: such a list asks it instead.
  const fresh = filters.only_significant
    ? []
    : [...byId.values()]
        .filter((anomaly) => !known.has(anomaly.id) && matches(filters, anomaly, now))
        .reverse();
  if (!updated || fresh.length === 0) return updated;
  const [head, ...rest] = updated.pages;
  if (!head) return updated;
  return { ...updated, pages: [{ ...head, anomalies: [...fresh, ...head.anomalies] }, ...rest] };
}

function mapAnomalies(old: Pages | undefined, change: (anomaly: Anomaly) => Anomaly): Pages | undefined {
  return (
    old && { ...old, pages: old.pages.map((page) => ({ ...page, anomalies: page.anomalies.map(change) })) }
  );
}
