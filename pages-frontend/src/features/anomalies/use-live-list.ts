import { useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useState } from 'react';
import type { Anomaly, AnomalyPage } from '@/lib/api/anomaly';
import { useArrivals, useMissedArrivals } from '@/lib/feed';
import { matches, type Filters } from './filters';
import { keys, withArrivals } from './queries';

// Rows that glow for a moment; older ones have long stopped.
const MOST_MARKED = 100;

/**
 * Puts arrivals into the list. At the top of the page they appear at once; further down, or with a row in focus,
 * they wait behind a button, so that nothing moves under a reading eye or a clicking finger.
 */
export function useLiveList(org: string, filters: Filters, now: number) {
  const client = useQueryClient();
  const [arrived, setArrived] = useState<ReadonlySet<string>>(new Set());
  const [held, setHeld] = useState<readonly Anomaly[]>([]);

  const key = keys.list(org, filters);
  const insert = (anomalies: readonly Anomaly[]) => {
    client.setQueryData<InfiniteData<AnomalyPage, string | null>>(key, (old) =>
      withArrivals(old, anomalies, filters, Date.now()),
    );
    setArrived(
      (old) => new Set([...[...old].slice(-MOST_MARKED), ...anomalies.map((anomaly) => anomaly.id)]),
    );
    if (filters.only_significant) void client.invalidateQueries({ queryKey: key });
  };

  useArrivals((anomalies) => {
    const reading = window.scrollY > 120 || document.activeElement?.matches('[data-anomaly-row]');
    const shown =
      client.getQueryData<InfiniteData<AnomalyPage>>(key)?.pages.flatMap((page) => page.anomalies) ?? [];
    const known = new Set(shown.map((anomaly) => anomaly.id));
    insert(reading ? anomalies.filter((anomaly) => known.has(anomaly.id)) : anomalies);
    if (!reading) return;
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
