import { useCallback, useEffect, useEffectEvent, useState } from 'react';
import type { Anomaly } from '@/lib/api/anomaly';
import { isPlainKey, walkRows } from '@/lib/keys';

/** j and k walk the rows, x selects the one in focus, Enter opens it (it is a link). */
export function useListKeys(onSelect: ((id: string) => void) | undefined) {
  const select = useEffectEvent((id: string) => onSelect?.(id));
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      walkRows(event, '[data-anomaly-row]');
      const focused = document.activeElement?.getAttribute('data-anomaly-row');
      if (focused && isPlainKey(event, 'x')) select(focused);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** What is selected, by id: rows may leave the list meanwhile, and then no longer count. */
export function useSelection(anomalies: readonly Anomaly[]) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  // Stable, so that rows which did not change are not rendered again.
  const toggle = useCallback((id: string) => {
    setIds((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const isSelected = useCallback((id: string) => ids.has(id), [ids]);
  return {
    selected: anomalies.filter((anomaly) => ids.has(anomaly.id)),
    isSelected,
    clear: () => setIds(new Set()),
    keep: (some: readonly string[]) => setIds(new Set(some)),
    toggle,
  };
}
