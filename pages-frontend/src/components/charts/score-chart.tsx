// The surprise of many events in order, with the line from which one is an anomaly. Thousands of events share a column;
// it shows the highest of them, so that no peak is lost.
import { useId, useMemo } from 'react';
import { formatBits, formatCount } from '@/lib/format';

interface ScoreChartProps {
  scores: ArrayLike<number>;
  /** The score from which an event is an anomaly. */
  threshold: number;
  /** Events before this one were only learnt from. */
  readyAt?: number;
  /** What the horizontal axis counts: "events", "lines". */
  noun?: string;
  label: string;
  /** Index of the event that the page is about. */
  marked?: number | undefined;
  /** Where something stands that is not an anomaly although its score is high, or the other way round. */
  onPick?: ((index: number) => void) | undefined;
}

const COLUMNS = 240;
const HEIGHT = 100;

export function ScoreChart({
  scores,
  threshold,
  readyAt = 0,
  noun = 'events',
  label,
  marked,
  onPick,
}: ScoreChartProps) {
  const columns = useMemo(() => highest(scores, COLUMNS), [scores]);
  const title = useId();
  const top = Math.max(1.15 * threshold, ...columns.map((each) => each.score));
  const y = (score: number) => HEIGHT - (HEIGHT * score) / top;
  const count = scores.length;
  const learning = count > 0 ? (COLUMNS * Math.min(readyAt, count)) / count : 0;
  const above = columns.filter((each) => each.score >= threshold && each.index >= readyAt).length;
  const markedColumn = marked === undefined ? -1 : columns.findLastIndex((each) => each.index <= marked);
  const pick = (event: React.MouseEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = columns[Math.floor(((event.clientX - box.left) / box.width) * columns.length)];
    if (column) onPick?.(column.index);
  };
  if (count === 0) return null;
  return (
    <figure aria-labelledby={title}>
      <figcaption id={title} className="sr-only">
        {label}. {formatCount(count)} {noun}; the alarm is at {formatBits(threshold)} bits
        {above > 0 ? ', with peaks above it' : ', nothing above it'}.
      </figcaption>
      <div className="flex gap-2">
        <div className="relative h-32 w-8 shrink-0 text-right text-xs text-ink-3 tabular-nums" aria-hidden>
          <span className="absolute top-0 right-0">{formatBits(top).replace(/\.0$/, '')}</span>
          <svg viewBox="0 0 1 100" preserveAspectRatio="none" className="hidden" />
          <span className="absolute right-0 bottom-0">0</span>
        </div>
        {/* A click is a shortcut to what the table holds as well. */}
        <svg
          viewBox={`0 0 ${columns.length} ${HEIGHT}`}
          preserveAspectRatio="none"
          className={onPick ? 'h-32 w-full cursor-pointer' : 'h-32 w-full'}
          aria-hidden
          onClick={pick}
        >
          {learning > 0 && (
            <rect
              x={0}
              y={0}
              width={learning * (columns.length / COLUMNS)}
              height={HEIGHT}
              className="fill-sunken"
            />
          )}
          {columns.map((each, x) => {
            const odd = each.score >= threshold && each.index >= readyAt;
            return (
              <rect
                key={x}
                x={x + 0.1}
                width={0.8}
                y={y(each.score)}
                height={HEIGHT - y(each.score)}
                className={odd ? 'fill-heat-6' : 'fill-line-strong'}
                opacity={odd ? 1 : 0.55}
              />
            );
          })}
          {markedColumn >= 0 && (
            <rect x={markedColumn - 0.6} width={2.2} y={HEIGHT - 3} height={3} className="fill-ink" />
          )}
          <line
            x1={0}
            x2={columns.length}
            y1={y(threshold)}
            y2={y(threshold)}
            className="stroke-ink-2"
            strokeDasharray="4 3"
            strokeWidth={1}
            vectorEffect="non-scaling-stroke"
          />
        </svg>
      </div>
      <div className="mt-1 ml-10 flex justify-between gap-4 text-xs text-ink-3 tabular-nums" aria-hidden>
        <span>
          {readyAt > 0 ? `${noun} 1 to ${formatCount(Math.min(readyAt, count))}: learning` : `${noun} 1`}
        </span>
        <span>alarm at {formatBits(threshold)} bits</span>
        <span>{formatCount(count)}</span>
      </div>
    </figure>
  );
}

/** The highest score of each of at most `most` stretches of equal length, and where it is. */
export function highest(scores: ArrayLike<number>, most: number): { score: number; index: number }[] {
  const count = Math.min(most, scores.length);
  return Array.from({ length: count }, (_, column) => {
    const from = Math.floor((column * scores.length) / count);
    const to = Math.floor(((column + 1) * scores.length) / count);
    let best = { score: scores[from] ?? 0, index: from };
    for (let i = from + 1; i < to; i++) {
      const score = scores[i] ?? 0;
      if (score > best.score) best = { score, index: i };
    }
    return best;
  });
}
