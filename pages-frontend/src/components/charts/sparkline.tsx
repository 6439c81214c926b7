// The newest scores of a stream at a glance: a bar each, warm where it was an alarm, with the line from which it is one.
import { memo } from 'react';
import { formatBits, formatCount } from '@/lib/format';
import { highest } from './score-chart';

const COLUMNS = 60;
const HEIGHT = 28;

interface SparklineProps {
  /** Oldest first. */
  scores: readonly number[];
  /** The score from which an event is an anomaly. */
  threshold: number;
  /** Events before this one were only learnt from. */
  readyAt?: number;
}

export const Sparkline = memo(function Sparkline({ scores, threshold, readyAt = 0 }: SparklineProps) {
  const columns = highest(scores, COLUMNS);
  const peak = Math.max(0, ...columns.map((each) => each.score));
  const top = Math.max(1.15 * threshold, peak);
  const isOdd = (score: number, index: number) => score >= threshold && index >= readyAt;
  const odd = scores.filter(isOdd).length;
  const y = (score: number) => HEIGHT - (HEIGHT * Math.max(0, score)) / top;
  // A stream's first few bars stand where they will stand later: at the right.
  const first = COLUMNS - columns.length;
  return (
    <svg
      viewBox={`0 0 ${COLUMNS} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Surprise of the newest ${formatCount(scores.length)} events: at most ${formatBits(peak)} bits, alarm at ${formatBits(threshold)} bits, ${odd === 0 ? 'none' : formatCount(odd)} above it`}
      className="h-7 w-full"
    >
      <line
        x1={0}
        x2={COLUMNS}
        y1={y(threshold)}
        y2={y(threshold)}
        className="stroke-line-strong"
        strokeDasharray="3 3"
        strokeWidth={1}
        vectorEffect="non-scaling-stroke"
      />
      {columns.map(({ score, index }, column) => {
        const height = Math.max(1, HEIGHT - y(score));
        return (
          <rect
            key={column}
            x={first + column + 0.12}
            width={0.76}
            y={HEIGHT - height}
            height={height}
            className={isOdd(score, index) ? 'fill-heat-6' : 'fill-line-strong'}
          />
        );
      })}
    </svg>
  );
});
