// Anomalies of a stream over the last hour: a tick each, as tall as its score, as warm as its severity.
import type { Anomaly } from '@/lib/api/anomaly';
import { sinceOf } from '@/lib/api/anomaly';
import type { Severity } from '@/lib/status';

const WIDTH = 240;
const HEIGHT = 28;
const FULL_HEIGHT_BITS = 60;
export const SPAN_MS = 3_600_000;

const FILL: Record<Severity, string> = { low: 'fill-heat-4', medium: 'fill-heat-5', high: 'fill-heat-7' };

export function Sparkline({ anomalies, now }: { anomalies: readonly Anomaly[]; now: number }) {
  const begin = now - SPAN_MS;
  const ticks = anomalies.filter((anomaly) => Date.parse(sinceOf(anomaly)) >= begin);
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${ticks.length} anomalies in the last hour`}
      className="h-7 w-full"
    >
      <rect x="0" y={HEIGHT - 1} width={WIDTH} height="1" className="fill-line" />
      {ticks.map((anomaly) => {
        const height = Math.max(4, Math.min(1, (anomaly.score ?? 0) / FULL_HEIGHT_BITS) * HEIGHT);
        const x = Math.min(1, (Date.parse(sinceOf(anomaly)) - begin) / SPAN_MS) * (WIDTH - 3);
        return (
          <rect
            key={anomaly.id}
            x={x}
            y={HEIGHT - height}
            width="3"
            height={height}
            className={FILL[anomaly.severity]}
          />
        );
      })}
    </svg>
  );
}
