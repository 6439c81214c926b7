// The streams at a glance: how fast, how odd its newest events, and what was odd enough in the last hour.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Sparkline } from '@/components/charts/sparkline';
import { StreamState } from '@/components/stream-state';
import { Ticks } from '@/components/verdict/ticks';
import type { Anomaly } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { newestScores, recentQuery } from '@/lib/api/recent';
import type { Stream } from '@/lib/api/streams';
import { formatCount } from '@/lib/format';
import { useOrganization } from '@/lib/organization';
import { formatRate } from '@/lib/rates';
import { useOnScreen } from '@/lib/use-on-screen';

const SCORES_SHOWN = 120;
// Each reading asks the stream itself for all the scores that it remembers.
const REREAD_SCORES_MS = 15_000;
// Events of a clock that runs a little ahead, and arrivals since the page's own clock last ticked.
const ALLOWED_SKEW_MS = 60_000;

interface StreamStripProps {
  streams: readonly Stream[];
  anomalies: readonly Anomaly[];
  /** The time that the ticks span: up to `now`. */
  now: number;
  span: number;
  rate: (stream: string) => number | undefined;
  paused: boolean;
}

export function StreamStrip({ streams, anomalies, now, span, rate, paused }: StreamStripProps) {
  return (
    <ul className="grid gap-px overflow-hidden rounded-lg border border-line bg-panel sm:grid-cols-2 lg:grid-cols-3">
      {streams.map((stream) => (
        <li
          key={stream.stream}
          className="min-w-0 px-4 pt-2.5 pb-3 shadow-[0_0_0_1px_var(--c-line)] max-sm:nth-[n+4]:hidden"
        >
          <div className="flex items-baseline justify-between gap-3">
            <span className="truncate font-mono text-sm font-medium">{stream.stream}</span>
            <StreamState state={stream.state} />
          </div>
          <p className="mb-2 text-xs text-ink-3 tabular-nums">{formatRate(rate(stream.stream))}</p>
          <div className="grid grid-cols-2 gap-x-4">
            <Scores stream={stream} paused={paused} />
            <div className="min-w-0">
              <Ticks
                anomalies={anomalies.filter((anomaly) => anomaly.stream === stream.stream)}
                from={now - span}
                to={now + ALLOWED_SKEW_MS}
                label={(count) => `${count} anomalies in the last hour`}
              />
              <Caption>alarms, last hour</Caption>
            </div>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Reads them again when the stream has had events since, while it is on the screen and the page is not paused or hidden. */
function Scores({ stream, paused }: { stream: Stream; paused: boolean }) {
  const api = useApi();
  const org = useOrganization().id;
  const [ref, onScreen] = useOnScreen<HTMLDivElement>();
  const { data, isError } = useQuery({
    ...recentQuery(api, org, stream.stream),
    enabled: onScreen && !paused,
    staleTime: REREAD_SCORES_MS,
    refetchInterval: ({ state }) =>
      state.data?.events_seen === stream.events_seen ? false : REREAD_SCORES_MS,
  });
  const newest = useMemo(() => data && newestScores(data, SCORES_SHOWN), [data]);
  return (
    <div ref={ref} className="min-w-0">
      {data && newest && newest.scores.length > 0 ? (
        <>
          <Sparkline scores={newest.scores} threshold={-Math.log2(data.alpha)} readyAt={newest.readyAt} />
          <Caption>
            {newest.scores.length === 1
              ? 'newest event'
              : `newest ${formatCount(newest.scores.length)} events`}
          </Caption>
        </>
      ) : (
        <>
          <div className="h-7 border-b border-line" />
          <Caption>{data ? 'no scores yet' : isError ? 'scores not readable' : 'newest events'}</Caption>
        </>
      )}
    </div>
  );
}

const Caption = ({ children }: { children: React.ReactNode }) => (
  <p className="mt-1 truncate text-xs text-ink-3 tabular-nums">{children}</p>
);
