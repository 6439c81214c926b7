import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Trash2, Waves } from 'lucide-react';
import { useState } from 'react';
import { Explain } from '@/components/explain';
import { Stale } from '@/components/stale';
import { ErrorMessage, Message } from '@/components/states';
import { StreamState } from '@/components/stream-state';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import { useApi } from '@/lib/api/client';
import { streamsQuery, type Stream } from '@/lib/api/streams';
import { cn } from '@/lib/cn';
import { formatAgo, formatCompact, formatCount } from '@/lib/format';
import { canAdminister, useOrganization } from '@/lib/organization';
import { formatRate, useRates } from '@/lib/rates';
import { useTimes } from '@/lib/times';
import { useNow } from '@/lib/use-now';
import { DeleteStream } from './delete-stream';
import { Learning } from './learning';
import { Retention } from './retention';

const REFRESH_MS = 5_000;

export function StreamsPage() {
  const api = useApi();
  const organization = useOrganization();
  const org = organization.id;
  const [toDelete, setToDelete] = useState<Stream | null>(null);
  const query = useQuery({ ...streamsQuery(api, org), refetchInterval: REFRESH_MS });
  const rate = useRates(query.data, query.dataUpdatedAt);
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-3 pt-5 pb-24 sm:px-6">
      <h1 className="mb-4 text-xl">Streams</h1>
      {query.isPending ? (
        <TableSkeleton />
      ) : !query.data ? (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data.length === 0 ? (
        <Message icon={<Waves aria-hidden />} title="No streams yet">
          <p>
            A stream begins with the first event that names it.{' '}
            <Link to="/app/start" className="font-medium text-accent underline underline-offset-4">
              Send one
            </Link>
          </p>
        </Message>
      ) : (
        <>
          <Stale query={query} />
          <StreamTable
            streams={query.data}
            rate={rate}
            onDelete={canAdminister(organization) ? setToDelete : undefined}
          />
          <Retention />
        </>
      )}
      {toDelete && <DeleteStream stream={toDelete} onClose={() => setToDelete(null)} />}
    </main>
  );
}

interface StreamTableProps {
  streams: readonly Stream[];
  rate: (stream: string) => number | undefined;
  /** For those who may. */
  onDelete: ((stream: Stream) => void) | undefined;
}

function StreamTable({ streams, rate, onDelete }: StreamTableProps) {
  const now = useNow();
  const times = useTimes();
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-panel">
      <table className="block w-full text-sm sm:table">
        <thead className="hidden text-left text-xs text-ink-3 sm:table-header-group">
          <tr className="[&>th]:px-4 [&>th]:py-2 [&>th]:font-normal">
            <th scope="col">stream</th>
            <th scope="col">state</th>
            <th scope="col" className="text-right">
              now
            </th>
            <th scope="col" className="text-right">
              events
            </th>
            <th scope="col" className="text-right">
              anomalies
            </th>
            <th scope="col">
              <Explain term="sensitivity">
                <p>
                  How readily the detector calls an event an anomaly, from 0 (only the extreme) to 1 (anything
                  unusual).
                </p>
              </Explain>
            </th>
            <th scope="col" className="text-right">
              last event
            </th>
            {onDelete && (
              <th scope="col">
                <span className="sr-only">delete</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody className="block sm:table-row-group">
          {streams.map((stream) => (
            <tr
              key={stream.stream}
              className={cn(
                'grid gap-x-3 gap-y-0.5 border-t border-line px-3 py-3 first:border-t-0 sm:table-row sm:first:border-t [&>td]:sm:px-4 [&>td]:sm:py-2.5 [&>th]:sm:px-4 [&>th]:sm:py-2.5',
                onDelete ? 'grid-cols-[minmax(0,1fr)_auto_auto]' : 'grid-cols-[minmax(0,1fr)_auto]',
              )}
            >
              <th scope="row" className="text-left font-normal">
                <Link
                  to="/app/streams/$name"
                  params={{ name: stream.stream }}
                  className="font-mono font-medium wrap-anywhere underline decoration-transparent underline-offset-4 hover:decoration-line-strong"
                >
                  {stream.stream}
                </Link>
                <span className="ml-2 text-xs text-ink-3">{stream.event_type}</span>
              </th>
              <td className="justify-self-end">
                <StreamState state={stream.state} />
                <Learning stream={stream} />
              </td>
              <td className="text-ink-2 tabular-nums sm:text-right">{formatRate(rate(stream.stream))}</td>
              <td className="text-right tabular-nums" title={`${formatCount(stream.events_seen)} events`}>
                {formatCompact(stream.events_seen)}
                <span className="text-ink-3 sm:hidden"> events</span>
              </td>
              <td className="tabular-nums sm:text-right">
                <Link
                  to="/app/anomalies"
                  search={{ stream: stream.stream }}
                  className="underline decoration-line-strong underline-offset-4 hover:decoration-ink"
                >
                  {formatCount(stream.anomalies_seen ?? 0)}
                  <span className="sr-only"> anomalies of {stream.stream}</span>
                </Link>
                <span aria-hidden className="text-ink-3 sm:hidden">
                  {' '}
                  anomalies
                </span>
              </td>
              <td className="hidden sm:table-cell">
                <Sensitivity value={stream.sensitivity} />
              </td>
              <td className="text-right text-ink-2">
                {stream.last_event_at ? (
                  <time dateTime={stream.last_event_at} title={times.exact(stream.last_event_at)}>
                    {formatAgo(stream.last_event_at, now)}
                  </time>
                ) : (
                  '–'
                )}
              </td>
              {onDelete && (
                <td className="col-start-3 row-span-3 row-start-1 self-center text-right">
                  <Button
                    variant="ghost"
                    size="sm"
                    aria-label={`Delete ${stream.stream}`}
                    onClick={() => onDelete(stream)}
                  >
                    <Trash2 aria-hidden />
                  </Button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Sensitivity({ value }: { value: number | null | undefined }) {
  if (value === null || value === undefined) return <span className="text-ink-2">as the organisation’s</span>;
  return (
    <span className="inline-flex items-center gap-2 tabular-nums">
      <span aria-hidden className="h-1 w-14 rounded-full bg-line">
        <span className="block h-1 rounded-full bg-accent" style={{ width: `${value * 100}%` }} />
      </span>
      {value}
    </span>
  );
}

function TableSkeleton() {
  return (
    <div className="rounded-lg border border-line bg-panel" aria-busy="true">
      <span className="sr-only">Loading streams</span>
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} className="flex gap-6 border-t border-line px-4 py-3 first:border-t-0">
          <Skeleton className="h-4 w-1/3" />
          <Skeleton className="h-4 w-20" />
          <Skeleton className="ml-auto h-4 w-24" />
        </div>
      ))}
    </div>
  );
}
