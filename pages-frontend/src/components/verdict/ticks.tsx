// Anomalies along a line of time: a tick each, as tall as its score, as warm as its severity.
import { sinceOf, type Anomaly } from '@/lib/api/anomaly';
import type { Severity } from '@/lib/status';

const WIDTH = 240;
const HEIGHT = 28;
const TICK = 3;
const FULL_HEIGHT_BITS = 60;

const FILL: Record<Severity, string> = { low: 'fill-heat-4', medium: 'fill-heat-5', high: 'fill-heat-7' };

interface TicksProps {
  anomalies: readonly Anomaly[];
  /** Milliseconds since 1970 at either end. */
  from: number;
  to: number;
  /** What the picture says, in words. */
  label: (count: number) => string;
  /** The anomaly that the page is about. */
  marked?: string;
}

export function Ticks({ anomalies, from, to, label, marked }: TicksProps) {
  const within = anomalies.filter((anomaly) => {
    const at = Date.parse(sinceOf(anomaly));
    return at >= from && at <= to;
  });
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label(within.length)}
      className="h-7 w-full"
    >
      <rect x="0" y={HEIGHT - 1} width={WIDTH} height="1" className="fill-line" />
      {within.map((anomaly) => {
        const height = Math.max(4, Math.min(1, (anomaly.score ?? 0) / FULL_HEIGHT_BITS) * HEIGHT);
        const x = ((Date.parse(sinceOf(anomaly)) - from) / Math.max(1, to - from)) * (WIDTH - TICK);
        return (
          <g key={anomaly.id} className={marked && marked !== anomaly.id ? 'opacity-50' : undefined}>
            <rect x={x} y={HEIGHT - height} width={TICK} height={height} className={FILL[anomaly.severity]} />
            {marked === anomaly.id && (
              <rect x={x - 2} y={HEIGHT - 2} width={TICK + 4} height="2" className="fill-ink" />
            )}
          </g>
        );
      })}
    </svg>
  );
}
