import { useQuery } from '@tanstack/react-query';
import { Pause, Play, Radio } from 'lucide-react';
import { useMemo, useState } from 'react';
import { FeedIndicator } from '@/components/feed-indicator';
import { ErrorMessage, Message } from '@/components/states';
import { Button } from '@/components/ui/button';
import { AnomalyRow } from '@/components/verdict/anomaly-row';
import { AnomalyPage, sinceOf, type Anomaly } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { streamsQuery, type Stream } from '@/lib/api/streams';
import { useArrivals, useMissedArrivals } from '@/lib/feed';
import { formatCount } from '@/lib/format';
import { useOrganization } from '@/lib/organization';
import { useRates } from '@/lib/rates';
import { useNow } from '@/lib/use-now';
import { merged } from './merge';
import { StreamStrip } from './stream-strip';

const SPAN_MS = 3_600_000;
const REFRESH_MS = 5_000;
const RECENT_LIMIT = 200;
const MOST_ROWS = 100;
const MOST_STREAMS = 12;

export function LivePage() {
  const api = useApi();
  const org = useOrganization().id;
  const now = useNow();
  const streams = useQuery({ ...streamsQuery(api, org), refetchInterval: REFRESH_MS });
  const rate = useRates(streams.data, streams.dataUpdatedAt);
  const recent = useQuery({
    queryKey: ['live', org],
    queryFn: ({ signal }) =>
      api.request('/v1/anomalies', AnomalyPage, {
        query: { from: new Date(Date.now() - SPAN_MS).toISOString(), limit: RECENT_LIMIT },
        signal,
      }),
  });
  const [arrived, setArrived] = useState<readonly Anomaly[]>([]);
  const [paused, setPaused] = useState<readonly Anomaly[] | null>(null);
  useArrivals((anomalies) => setArrived((old) => merged(anomalies, old)));
  useMissedArrivals(() => void recent.refetch());

  const all = useMemo(() => merged(arrived, recent.data?.anomalies ?? []), [arrived, recent.data]);
  const shown = (paused ?? all).filter((anomaly) => Date.parse(sinceOf(anomaly)) >= now - SPAN_MS);
  const waiting = paused ? all.length - paused.length : 0;

  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-3 pt-5 pb-24 sm:px-6">
      <div className="mb-4 flex items-center justify-between gap-3">
        <h1 className="text-xl">Live</h1>
        <div className="flex items-center gap-3">
          <FeedIndicator />
          <Button size="sm" onClick={() => setPaused(paused ? null : all)} aria-pressed={paused !== null}>
            {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
            {paused ? `Resume${waiting > 0 ? ` (${formatCount(waiting)} waiting)` : ''}` : 'Pause'}
          </Button>
        </div>
      </div>
      {recent.isError && all.length === 0 ? (
        <ErrorMessage error={recent.error} onRetry={() => void recent.refetch()} />
      ) : (
        <>
          {streams.data && streams.data.length > 0 && (
            <StreamStrip
              streams={busiest(streams.data, all)}
              anomalies={shown}
              now={now}
              span={SPAN_MS}
              rate={rate}
              paused={paused !== null}
            />
          )}
          <h2 className="mt-7 mb-2 text-base">The last hour</h2>
          {shown.length > 0 ? (
            <ul className="overflow-hidden rounded-lg border border-line bg-panel">
              {shown.slice(0, MOST_ROWS).map((anomaly) => (
                <AnomalyRow
                  key={anomaly.id}
                  anomaly={anomaly}
                  now={now}
                  arrived={!paused && arrived.some((each) => each.id === anomaly.id)}
                />
              ))}
            </ul>
          ) : (
            !recent.isPending && (
              <Message icon={<Radio aria-hidden />} title="Quiet">
                <p>No anomaly in the last hour. The next one appears here the moment it is found.</p>
              </Message>
            )
          )}
        </>
      )}
    </main>
  );
}

/** Streams with the latest anomaly first, then those with the latest event; enough to fill the strip. */
function busiest(streams: readonly Stream[], anomalies: readonly Anomaly[]): readonly Stream[] {
  const latest = new Map<string, string>();
  for (const anomaly of anomalies)
    if (!latest.has(anomaly.stream)) latest.set(anomaly.stream, sinceOf(anomaly));
  const rank = (stream: Stream) => latest.get(stream.stream) ?? '';
  return streams
    .toSorted(
      (a, b) =>
        rank(b).localeCompare(rank(a)) || (b.last_event_at ?? '').localeCompare(a.last_event_at ?? ''),
    )
    .slice(0, MOST_STREAMS);
}
