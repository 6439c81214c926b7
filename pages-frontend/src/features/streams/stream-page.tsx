// One stream: how it is doing, and what another sensitivity would have made of its newest events.
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { ArrowLeft, SearchX, Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import * as z from 'zod/mini';
import { ScoreChart } from '@/components/charts/score-chart';
import { Explain } from '@/components/explain';
import { Stale } from '@/components/stale';
import { ErrorMessage, Message } from '@/components/states';
import { StreamState } from '@/components/stream-state';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import { useToast } from '@/components/ui/toast-context';
import { useApi, type ApiClient } from '@/lib/api/client';
import { ApiError } from '@/lib/api/problem';
import { recentQuery, type Recent } from '@/lib/api/recent';
import { Stream, streamPath } from '@/lib/api/streams';
import { formatAgo, formatBits, formatCompact, formatCount, formatOdds, formatPercent } from '@/lib/format';
import { canAdminister, useOrganization } from '@/lib/organization';
import { formatRate, useRates } from '@/lib/rates';
import { useNow } from '@/lib/use-now';
import { DeleteStream } from './delete-stream';
import { Retention } from './retention';

const REFRESH_MS = 5_000;

const Settings = z.extend(Stream, { effective_sensitivity: z.number() });
const streamQuery = (api: ApiClient, org: string, name: string) =>
  queryOptions({
    queryKey: ['stream', org, name] as const,
    queryFn: ({ signal }) => api.request(streamPath(name), Settings, { signal }),
  });
/** The promised rate of false alarms at a sensitivity: 10^(3.2·s − 4). */
export const alphaOf = (sensitivity: number): number => 10 ** (3.2 * sensitivity - 4);

export function StreamPage({ name }: { name: string }) {
  const api = useApi();
  const org = useOrganization().id;
  const stream = useQuery({ ...streamQuery(api, org, name), refetchInterval: REFRESH_MS });
  const recent = useQuery({ ...recentQuery(api, org, name), refetchInterval: REFRESH_MS });
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-3 pt-3 pb-24 sm:px-6 sm:pt-5">
      <Link
        to="/app/streams"
        className="mb-3 inline-flex min-h-8 items-center gap-1.5 text-sm text-ink-2 hover:text-ink"
      >
        <ArrowLeft aria-hidden className="size-4" /> Streams
      </Link>
      {stream.isPending ? (
        <Skeleton className="h-40 w-full" />
      ) : stream.data ? (
        <>
          <Stale query={stream} />
          <Head stream={stream.data} at={stream.dataUpdatedAt} />
          {recent.isPending ? (
            <Skeleton className="mt-6 h-72 w-full" />
          ) : recent.data ? (
            <Sensitivity name={name} own={stream.data.sensitivity ?? null} recent={recent.data} />
          ) : (
            <ErrorMessage error={recent.error} onRetry={() => void recent.refetch()} />
          )}
          <Keeping stream={stream.data} />
        </>
      ) : stream.error instanceof ApiError && stream.error.status === 404 ? (
        <Message wholePage icon={<SearchX aria-hidden />} title="No such stream">
          It may belong to another organisation, or have been deleted.
        </Message>
      ) : (
        <ErrorMessage wholePage error={stream.error} onRetry={() => void stream.refetch()} />
      )}
    </main>
  );
}

/** How long its anomalies stay, and the end of them all. */
function Keeping({ stream }: { stream: Stream }) {
  const organization = useOrganization();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  return (
    <section aria-label="Keeping" className="mt-8">
      <Retention />
      {canAdminister(organization) && (
        <Button size="sm" className="mt-3" onClick={() => setAsking(true)}>
          <Trash2 aria-hidden /> Delete this stream
        </Button>
      )}
      {asking && (
        <DeleteStream
          stream={stream}
          onClose={() => setAsking(false)}
          onDeleted={() => void navigate({ to: '/app/streams' })}
        />
      )}
    </section>
  );
}

function Head({ stream, at }: { stream: z.output<typeof Settings>; at: number }) {
  const now = useNow();
  const rate = useRates([stream], at)(stream.stream);
  return (
    <header>
      <h1 className="flex flex-wrap items-baseline gap-x-4 gap-y-1 text-xl">
        <span className="font-mono wrap-anywhere">{stream.stream}</span>
        <span className="text-sm font-normal">
          <StreamState state={stream.state} />
        </span>
      </h1>
      <dl className="mt-4 grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-4">
        <Fact name="Events" value={formatCompact(stream.events_seen)} />
        <Fact
          name="Anomalies"
          value={
            <Link
              to="/app/anomalies"
              search={{ stream: stream.stream }}
              className="underline decoration-line-strong underline-offset-4 hover:decoration-ink"
            >
              {formatCount(stream.anomalies_seen ?? 0)}
            </Link>
          }
        />
        <Fact name="Now" value={formatRate(rate)} />
        <Fact name="Last event" value={stream.last_event_at ? formatAgo(stream.last_event_at, now) : '–'} />
      </dl>
    </header>
  );
}

function Fact({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <div className="bg-panel px-3 py-2.5 sm:px-4">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="mt-0.5 text-lg leading-tight font-semibold tabular-nums">{value}</dd>
    </div>
  );
}

interface SensitivityProps {
  name: string;
  /** The stream's own setting; null follows the organisation's. */
  own: number | null;
  recent: Recent;
}

function Sensitivity({ name, own, recent }: SensitivityProps) {
  const api = useApi();
  const organization = useOrganization();
  const client = useQueryClient();
  const toast = useToast();
  const id = useId();
  const [wanted, setWanted] = useState<number | null>(null);
  const value = wanted ?? recent.sensitivity;
  const threshold = -Math.log2(alphaOf(value));
  // Events that the stream only learned from are not judged at any sensitivity.
  const learning = Math.max(0, recent.learning_events - recent.first_index);
  const judged = recent.scores.slice(learning);
  const flagged = (limit: number) => judged.filter((score) => score >= limit).length;
  const would = flagged(threshold);
  const does = flagged(-Math.log2(recent.alpha));
  const save = useMutation({
    mutationFn: (sensitivity: number | null) =>
      api.send(streamPath(name), { method: 'PATCH', body: { sensitivity } }),
    onSuccess: async (_answer, sensitivity) => {
      toast.show({
        message:
          sensitivity === null ? 'The stream follows the organisation again.' : 'The sensitivity is set.',
      });
      await client.invalidateQueries({ queryKey: ['stream', organization.id, name] });
      setWanted(null);
    },
    onError: (error) => toast.show({ tone: 'error', message: `It was not changed. ${error.message}` }),
  });

  return (
    <section aria-label="Sensitivity" className="mt-8">
      <h2 className="text-lg">Its newest {formatCount(recent.scores.length)} events</h2>
      {recent.scores.length === 0 ? (
        <p className="mt-2 text-ink-2">
          None since the stream was last loaded; they appear with its next events.
        </p>
      ) : (
        <div className="mt-3 rounded-lg border border-line bg-panel p-3 sm:p-4">
          <ScoreChart
            scores={recent.scores}
            threshold={threshold}
            readyAt={learning}
            label="Surprise of the newest events"
          />
          <label
            htmlFor={id}
            className="mt-5 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 text-sm"
          >
            <span className="font-medium">Sensitivity</span>
            <output htmlFor={id} className="tabular-nums">
              {value.toFixed(2)}: alarm at {formatBits(threshold)} bits, {formatOdds(alphaOf(value))}
            </output>
          </label>
          <input
            id={id}
            type="range"
            min={0}
            max={1}
            step={0.01}
            value={value}
            disabled={!canAdminister(organization)}
            aria-valuetext={`${value.toFixed(2)}, would have flagged ${would} of ${judged.length}`}
            onChange={(event) => setWanted(Number(event.target.value))}
            className="mt-1 w-full accent-[var(--c-accent)]"
          />
          <div className="flex justify-between text-xs text-ink-3" aria-hidden>
            <span>only the extreme</span>
            <span>anything unusual</span>
          </div>
          <p className="mt-3" role="status">
            {wanted === null ? 'It flags ' : 'It would have flagged '}
            <strong className="tabular-nums">{formatCount(would)}</strong> of these{' '}
            {formatCount(judged.length)} events
            {wanted !== null && would !== does && `, instead of ${formatCount(does)}`}.
          </p>
          {canAdminister(organization) && (wanted !== null || own !== null) && (
            <div className="mt-3 flex flex-wrap gap-2">
              {wanted !== null && (
                <>
                  <Button
                    variant="primary"
                    size="sm"
                    disabled={save.isPending}
                    onClick={() => save.mutate(wanted)}
                  >
                    Set to {wanted.toFixed(2)}
                  </Button>
                  <Button size="sm" onClick={() => setWanted(null)}>
                    Leave it
                  </Button>
                </>
              )}
              {wanted === null && own !== null && (
                <Button size="sm" disabled={save.isPending} onClick={() => save.mutate(null)}>
                  Follow the organisation’s setting
                </Button>
              )}
            </div>
          )}
        </div>
      )}
      {judged.length > 0 && <PromiseKept alpha={recent.alpha} flagged={does} judged={judged.length} />}
    </section>
  );
}

/** What is promised of false alarms, and what came. */
function PromiseKept({ alpha, flagged, judged }: { alpha: number; flagged: number; judged: number }) {
  const expected = alpha * judged;
  return (
    <dl className="mt-4 grid gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-2">
      <div className="bg-panel px-4 py-3">
        <dt className="text-sm text-ink-2">
          <Explain term="Promised false alarms">
            <p>
              If nothing were wrong, at most this share of events would raise an alarm by chance: the price of
              hearing of the rest.
            </p>
          </Explain>
        </dt>
        <dd className="mt-0.5 font-semibold tabular-nums">
          {formatPercent(alpha)}, so up to {formatCount(Math.max(1, Math.round(expected)))} of{' '}
          {formatCount(judged)}
        </dd>
      </div>
      <div className="bg-panel px-4 py-3">
        <dt className="text-sm text-ink-2">
          <Explain term="Flagged, rightly or not">
            <p>
              All that was flagged, false or not, repeats included. Much more than promised means that the
              stream really has odd events, or changes faster than it learns.
            </p>
          </Explain>
        </dt>
        <dd className="mt-0.5 font-semibold tabular-nums">
          {formatPercent(flagged / judged)}, {formatCount(flagged)} of {formatCount(judged)}
        </dd>
      </div>
    </dl>
  );
}
