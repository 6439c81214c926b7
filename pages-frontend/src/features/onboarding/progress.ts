// How far an organisation is on its way to a first anomaly. Read from what the API says, never remembered.
import { queryOptions, useQuery } from '@tanstack/react-query';
import * as z from 'zod/mini';
import { Anomaly } from '@/lib/api/anomaly';
import { useApi, type ApiClient } from '@/lib/api/client';
import { streamsQuery, type Stream } from '@/lib/api/streams';
import { useOrganization } from '@/lib/organization';

const WAITING_MS = 2_000;

const Keys = z.object({ keys: z.array(z.object({ revoked_at: z.nullish(z.string()) })) });
const Anomalies = z.object({ anomalies: z.array(Anomaly) });

const keysQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: ['onboarding', org, 'keys'],
    queryFn: async ({ signal }) => {
      const { keys } = await api.request('/v1/keys', Keys, { signal });
      return keys.filter((key) => !key.revoked_at).length;
    },
  });

const firstAnomalyQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: ['onboarding', org, 'anomaly'],
    queryFn: async ({ signal }) => {
      const { anomalies } = await api.request('/v1/anomalies', Anomalies, { query: { limit: 1 }, signal });
      return anomalies[0] ?? null;
    },
  });

/** The stream with the most events, if any event has come. */
export function busiest(streams: readonly Stream[]): Stream | undefined {
  return streams
    .filter((stream) => stream.events_seen > 0)
    .toSorted((a, b) => b.events_seen - a.events_seen)[0];
}

/** Keeps asking while something is still to come. */
export function useProgress() {
  const api = useApi();
  const org = useOrganization().id;
  const anomaly = useQuery({
    ...firstAnomalyQuery(api, org),
    refetchInterval: (query) => (query.state.data ? false : WAITING_MS),
  });
  const streams = useQuery({
    ...streamsQuery(api, org),
    refetchInterval: (query) => {
      const stream = busiest(query.state.data ?? []);
      return anomaly.data && stream && stream.state !== 'learning' ? false : WAITING_MS;
    },
  });
  const keys = useQuery(keysQuery(api, org));
  return { keys, streams, anomaly, stream: busiest(streams.data ?? []) };
}
