import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, memo, Suspense, useDeferredValue, useMemo, useState } from 'react';
import { ArrowUp, SearchX, Telescope } from 'lucide-react';
import { FeedIndicator } from '@/components/feed-indicator';
import { Stale } from '@/components/stale';
import { ErrorMessage, Message } from '@/components/states';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import { AnomalyRow } from '@/components/verdict/anomaly-row';
import { sinceOf, type Anomaly } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { streamsQuery } from '@/lib/api/streams';
import { idle } from '@/lib/idle';
import { canTriage, useOrganization } from '@/lib/organization';
import { useTimes, type Times } from '@/lib/times';
import { useNow } from '@/lib/use-now';
import { FilterBar } from './filter-bar';
import { SavedViews } from './saved-views';
import { countActive, type Filters } from './filters';
import { anomaliesQuery, useChangeStatuses } from './queries';
import { useExport } from './use-export';
import { useLiveList } from './use-live-list';
import { useListKeys, useSelection } from './use-selection';

// Nobody selects in the first second, and what others change is asked for later still.
const OthersChanges = lazy(async () => {
  await idle();
  return { default: (await import('./others-changes')).OthersChanges };
});
const SelectionBar = lazy(async () => ({ default: (await import('./selection-bar')).SelectionBar }));

interface ListPageProps {
  filters: Filters;
  onFilters: (filters: Filters) => void;
}

export function ListPage({ filters, onFilters }: ListPageProps) {
  const api = useApi();
  const organization = useOrganization();
  const org = organization.id;
  const now = useNow();
  const query = useInfiniteQuery(anomaliesQuery(api, org, filters));
  const streams = useQuery(streamsQuery(api, org));
  const { arrived, waiting, showWaiting } = useLiveList(org, filters, now);

  const anomalies = useMemo(() => query.data?.pages.flatMap((page) => page.anomalies) ?? [], [query.data]);
  const selection = useSelection(anomalies);
  const change = useChangeStatuses(org);
  const onSelect = canTriage(organization) ? selection.toggle : undefined;
  const [selecting, setSelecting] = useState(false);
  useListKeys(onSelect);
  const exporting = useExport(filters);
  // The first rows take a phone a while: they are rendered in slices, between which it answers the finger.
  const some = anomalies.length > 0;
  const shown = useDeferredValue(some);
  const coming = query.isPending || (some && !shown);

  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-3 pt-5 pb-24 sm:px-6">
      <div className="mb-4 flex items-baseline justify-between">
        <h1 className="text-xl">Anomalies</h1>
        <FeedIndicator />
      </div>
      <Suspense>
        <OthersChanges org={org} filters={filters} />
      </Suspense>
      <FilterBar
        filters={filters}
        onChange={onFilters}
        streams={streams.data?.map((stream) => stream.stream) ?? []}
        onExport={(format) => exporting.mutate(format)}
        exporting={exporting.isPending}
        selecting={selecting}
        onSelecting={
          onSelect &&
          ((next) => {
            setSelecting(next);
            if (!next) selection.clear();
          })
        }
      />
      <SavedViews filters={filters} onChange={onFilters} />
      {waiting.length > 0 && (
        <div className="sticky top-16 z-10 mt-3 flex justify-center">
          <Button variant="primary" size="sm" className="rounded-full! shadow-pop" onClick={showWaiting}>
            <ArrowUp aria-hidden /> {waiting.length} new {waiting.length === 1 ? 'anomaly' : 'anomalies'}
          </Button>
        </div>
      )}
      <div className="mt-4" aria-busy={coming}>
        {coming ? (
          <ListSkeleton />
        ) : query.isError && anomalies.length === 0 ? (
          <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
        ) : anomalies.length === 0 ? (
          <Nothing filtered={countActive(filters) > 0} onClear={() => onFilters({})} />
        ) : (
          <>
            <Stale query={query} />
            <Rows
              anomalies={anomalies}
              now={now}
              arrived={arrived}
              isSelected={selection.isSelected}
              onSelect={onSelect}
              selecting={selecting}
            />
            <ListEnd
              more={query.hasNextPage}
              loading={query.isFetchingNextPage}
              failed={query.isFetchNextPageError}
              onMore={() => void query.fetchNextPage()}
            />
          </>
        )}
      </div>
      {selection.selected.length > 0 && (
        <Suspense>
          <SelectionBar
            selected={selection.selected}
            busy={change.isPending}
            onMove={(move, chosen) =>
              change.mutate(
                { move, anomalies: chosen },
                { onSuccess: ({ refused }) => selection.keep(refused) },
              )
            }
            onClear={selection.clear}
          />
        </Suspense>
      )}
    </main>
  );
}

const FIRST_ROWS = 12;

interface RowsProps {
  anomalies: readonly Anomaly[];
  now: number;
  arrived: ReadonlySet<string>;
  isSelected: (id: string) => boolean;
  onSelect: ((id: string) => void) | undefined;
  selecting: boolean;
}

const Rows = memo(function Rows({ anomalies, now, arrived, isSelected, onSelect, selecting }: RowsProps) {
  const times = useTimes();
  // What the screen has room for comes first, the rest a moment later.
  const all = useDeferredValue(true, false);
  const days = useMemo(
    () => byDay(all ? anomalies : anomalies.slice(0, FIRST_ROWS), now, times),
    [all, anomalies, now, times],
  );
  return days.map(([day, rows]) => (
    <section key={day} aria-label={day} className="mb-5">
      <h2 className="mb-1.5 px-1 text-sm font-medium text-ink-3">{day}</h2>
      <ul className="overflow-hidden rounded-lg border border-line bg-panel">
        {rows.map((anomaly) => (
          <AnomalyRow
            key={anomaly.id}
            anomaly={anomaly}
            now={now}
            arrived={arrived.has(anomaly.id)}
            selected={isSelected(anomaly.id)}
            onSelect={onSelect}
            selecting={selecting}
          />
        ))}
      </ul>
    </section>
  ));
});

function byDay(anomalies: readonly Anomaly[], now: number, times: Times): [string, Anomaly[]][] {
  const days = new Map<string, Anomaly[]>();
  for (const anomaly of anomalies) {
    const day = times.day(sinceOf(anomaly), now);
    const rows = days.get(day);
    if (rows) rows.push(anomaly);
    else days.set(day, [anomaly]);
  }
  return [...days];
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <Message
        icon={<SearchX aria-hidden />}
        title="No anomaly matches these filters"
        action={<Button onClick={onClear}>Clear the filters</Button>}
      />
    );
  }
  return (
    <Message icon={<Telescope aria-hidden />} title="Nothing odd so far">
      <p>
        Anomalies appear here as they are found. A new stream first learns what is normal; until then it stays
        quiet.{' '}
        <Link to="/app/start" className="font-medium text-accent underline underline-offset-4">
          Send events
        </Link>
      </p>
    </Message>
  );
}

interface ListEndProps {
  more: boolean;
  loading: boolean;
  failed: boolean;
  onMore: () => void;
}

function ListEnd({ more, loading, failed, onMore }: ListEndProps) {
  if (!more) return <p className="py-4 text-center text-sm text-ink-3">That is all.</p>;
  return (
    <div className="flex flex-col items-center gap-2 py-4">
      {failed && <p className="text-sm text-bad">The next page could not be loaded.</p>}
      <Button onClick={onMore} disabled={loading}>
        {loading ? 'Loading' : 'Load more'}
      </Button>
    </div>
  );
}

function ListSkeleton() {
  return (
    <div className="mt-7 rounded-lg border border-line bg-panel">
      <span className="sr-only">Loading anomalies</span>
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className="flex gap-3 border-t border-line px-4 py-3 first:border-t-0">
          <Skeleton className="h-11 w-14 shrink-0" />
          <div className="grow space-y-2 py-1">
            <Skeleton className="h-4 w-4/5" />
            <Skeleton className="h-3 w-1/3" />
          </div>
        </div>
      ))}
    </div>
  );
}
