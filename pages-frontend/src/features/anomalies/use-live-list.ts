import { useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Anomaly, AnomalyPage } from '@/lib/api/anomaly';
import { useArrivals, useMissedArrivals } from '@/lib/feed';
import { matches, type Filters } from './filters';
import { isOverlong, keys, withArrivals } from './queries';

// Rows that glow for a moment; older ones have long stopped.
const MOST_MARKED = 100;
// In a storm the list is read again this often, not with every handful of arrivals.
const REREAD_MS = 3_000;

const isReading = () =>
  window.scrollY > 120 || document.activeElement?.matches('[data-anomaly-row]') === true;

/**
 * Puts arrivals into the list. At the top of the page they appear at once; further down, or with a row in focus,
 * they wait behind a button, so that nothing moves under a reading eye or a clicking finger.
 */
export function useLiveList(org: string, filters: Filters, now: number) {
  const client = useQueryClient();
  const [arrived, setArrived] = useState<ReadonlySet<string>>(new Set());
  const [held, setHeld] = useState<readonly Anomaly[]>([]);

  const key = keys.list(org, filters);
  const soon = useReread();
  const reread = () => soon(() => void client.invalidateQueries({ queryKey: key }));
  const insert = (anomalies: readonly Anomaly[]) => {
    const pages = client.setQueryData<InfiniteData<AnomalyPage, string | null>>(key, (old) =>
      withArrivals(old, anomalies, filters, Date.now()),
    );
    if (isOverlong(pages)) reread();
    setArrived(
      (old) => new Set([...[...old].slice(-MOST_MARKED), ...anomalies.map((anomaly) => anomaly.id)]),
    );
  };

  useArrivals((anomalies) => {
    // Which arrivals are significant only the API can tell: none is counted before it has.
    if (filters.only_significant) reread();
    const reading = isReading() || filters.only_significant;
    const shown =
      client.getQueryData<InfiniteData<AnomalyPage>>(key)?.pages.flatMap((page) => page.anomalies) ?? [];
    const known = new Set(shown.map((anomaly) => anomaly.id));
    insert(reading ? anomalies.filter((anomaly) => known.has(anomaly.id)) : anomalies);
    if (!reading || filters.only_significant) return;
    const fresh = new Map(anomalies.filter((each) => !known.has(each.id)).map((each) => [each.id, each]));
    if (fresh.size > 0) setHeld((old) => [...old.filter((each) => !fresh.has(each.id)), ...fresh.values()]);
  });

  // Whatever happened between reading the list and the feed's first word is in neither: read again.
  useMissedArrivals(() => void client.invalidateQueries({ queryKey: key }));

  const waiting = held.filter((anomaly) => matches(filters, anomaly, now));
  return {
    arrived,
    waiting,
    showWaiting: () => {
      insert(held);
      setHeld([]);
      window.scrollTo({ top: 0 });
    },
  };
}

/** Reads again soon, once for many wishes, and not while someone reads what stands there. */
function useReread(): (read: () => void) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (read) => {
    const later = () => {
      timer.current = isReading() ? setTimeout(later, REREAD_MS) : undefined;
      if (timer.current === undefined) read();
    };
    timer.current ??= setTimeout(later, REREAD_MS);
  };
}
