import type { Anomaly } from '@/lib/api/anomaly';

const MOST = 1_000;

/** Both lists as one, newest first; where both have an anomaly, the first list's form stands. */
export function merged(newer: readonly Anomaly[], older: readonly Anomaly[]): readonly Anomaly[] {
  const byId = new Map<string, Anomaly>();
  for (const anomaly of older) byId.set(anomaly.id, anomaly);
  for (const anomaly of newer) byId.set(anomaly.id, anomaly);
  return [...byId.values()]
    .sort((a, b) => Date.parse(b.detected_at) - Date.parse(a.detected_at))
    .slice(0, MOST);
}
