// Values in order with the band that was expected of each; one of them marked. The axis fits the values: a band that reaches
// further is cut, so that a quiet line stays readable beside one outlier.
import { useId } from 'react';

export interface BandPoint {
  value: number;
  band?: { lo: number; hi: number } | undefined;
  here: boolean;
}

interface BandChartProps {
  points: readonly BandPoint[];
  format: (value: number) => string;
  /** What the picture shows, in words. */
  label: string;
  /** Under the left and the right end. */
  ends: readonly [string, string];
}

const HEIGHT = 100;

export function BandChart({ points, format, label, ends }: BandChartProps) {
  const title = useId();
  const [least, most] = domain(points);
  const x = (index: number) => (points.length < 2 ? 50 : (100 * index) / (points.length - 1));
  const y = (value: number) =>
    HEIGHT * (1 - (Math.min(most, Math.max(least, value)) - least) / (most - least));
  const line = points.map((point, index) => `${x(index)},${y(point.value)}`).join(' ');
  const own = points.findIndex((point) => point.here);
  const marked = points[own];
  const right = own > points.length / 2;
  return (
    <figure aria-labelledby={title}>
      <figcaption id={title} className="sr-only">
        {label}
      </figcaption>
      <div className="flex gap-2" aria-hidden>
        <div className="flex h-44 w-12 shrink-0 flex-col justify-between text-right text-xs text-ink-3 tabular-nums">
          <span>{format(most)}</span>
          <span>{format(least)}</span>
        </div>
        <div className="relative h-44 min-w-0 flex-1 border-y border-line">
          <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" className="size-full">
            {runs(points).map((run) => (
              <polygon key={run[0]} points={outline(run, points, x, y)} className="fill-accent opacity-20" />
            ))}
            <polyline
              points={line}
              fill="none"
              strokeWidth={1.75}
              strokeLinejoin="round"
              vectorEffect="non-scaling-stroke"
              className="stroke-accent"
            />
          </svg>
          {marked && (
            <>
              <span
                className="absolute size-3 -translate-x-1/2 -translate-y-1/2 rounded-full border-2 border-page bg-heat-6"
                style={{ left: `${x(own)}%`, top: `${y(marked.value)}%` }}
              />
              <span
                className="absolute rounded bg-raised px-1.5 text-sm font-semibold text-ink shadow-pop tabular-nums"
                style={{
                  ...(right
                    ? { right: `calc(${100 - x(own)}% + 0.75rem)` }
                    : { left: `calc(${x(own)}% + 0.75rem)` }),
                  ...(y(marked.value) < 50
                    ? { top: `max(0.125rem, calc(${y(marked.value)}% - 0.65rem))` }
                    : { bottom: `max(0.125rem, calc(${100 - y(marked.value)}% - 0.65rem))` }),
                }}
              >
                {format(marked.value)}
              </span>
            </>
          )}
        </div>
      </div>
      <div className="mt-1 ml-14 flex justify-between gap-4 text-xs text-ink-3 tabular-nums" aria-hidden>
        <span>{ends[0]}</span>
        <span className="inline-flex items-center gap-1.5">
          <span className="inline-block h-2.5 w-4 rounded-[2px] bg-accent opacity-20" /> expected
        </span>
        <span>{ends[1]}</span>
      </div>
    </figure>
  );
}

function domain(points: readonly BandPoint[]): [number, number] {
  const own = points.find((point) => point.here)?.band;
  const values = [...points.map((point) => point.value), ...(own ? [own.lo, own.hi] : [])].filter(
    Number.isFinite,
  );
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.06;
  // Amounts that are never negative stay on a floor of zero.
  return [least >= 0 && least < room ? 0 : least - room, most + room];
}

/** First and last index of each stretch of points with a band. */
function runs(points: readonly BandPoint[]): [number, number][] {
  const found: [number, number][] = [];
  points.forEach((point, index) => {
    if (!point.band) return;
    const last = found.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  });
  return found;
}

function outline(
  [from, to]: [number, number],
  points: readonly BandPoint[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  const edge = (end: 'lo' | 'hi') =>
    points
      .slice(from, to + 1)
      .map((point, step) => `${x(from + step)},${y(point.band?.[end] ?? point.value)}`);
  return [...edge('hi'), ...edge('lo').reverse()].join(' ');
}
