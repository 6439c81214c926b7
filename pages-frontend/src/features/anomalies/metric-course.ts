// The values that a metric's chart shows: those that the witness can tell the band of, and before them the same series' values
// among the events that were kept with the anomaly.
import type { AnomalyDetail } from '@/lib/api/anomaly';
import type { Course } from '@/lib/detector/protocol';

export interface MetricPoint {
  /** Milliseconds since 1970, where it is known. */
  at: number | undefined;
  value: number;
  /** What was usual there; of older values it is not known any more. */
  band: { lo: number; hi: number; expected: number } | undefined;
  /** The anomaly itself. */
  here: boolean;
}

/** Enough to see a shape: with so many known from the witness, older values are left out. */
const ENOUGH = 48;

export function pointsOf(course: Course, anomaly: AnomalyDetail): MetricPoint[] {
  const known = course.points.map((point) => ({
    at: point.at_ms ?? undefined,
    value: point.value,
    band: { lo: point.lo, hi: point.hi, expected: point.expected },
    here: point.here,
  }));
  if (course.counter || known.length >= ENOUGH || anomaly.event === undefined) return known;
  const older = keptValues(course.path, anomaly, known.length);
  return [
    ...older
      .slice(-(ENOUGH - known.length))
      .map((value) => ({ at: undefined, value, band: undefined, here: false })),
    ...known,
  ];
}

/** The series' values in the kept events, oldest first, without the newest `skip`, which the witness knows better. */
function keptValues(path: string, anomaly: AnomalyDetail, skip: number): number[] {
  const kept = [anomaly.baseline_data, anomaly.window_data].flatMap((text) => text?.split('\n') ?? []);
  const own = anomaly.event === undefined ? undefined : read(anomaly.event, path);
  if (!own) return [];
  const values = kept.flatMap((text) => {
    const event = read(text, path);
    return event && event.series === own.series ? [event.value] : [];
  });
  return values.slice(0, Math.max(0, values.length - skip));
}

/** The number at a path, and what tells its series from others: everything in the event that is no number. */
function read(text: string, path: string): { value: number; series: string } | undefined {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return undefined;
  }
  const value = typeof event === 'number' ? event : at(event, path.split('.'));
  if (typeof value !== 'number') return undefined;
  const series = JSON.stringify(event, (_, part: unknown) => (typeof part === 'number' ? 0 : part));
  return { value, series };
}

function at(event: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (part, name) =>
      typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[name] : undefined,
    event,
  );
}

/** The picture in words. */
export function inWords(points: readonly MetricPoint[], format: (value: number) => string): string {
  const own = points.find((point) => point.here);
  if (!own?.band) return '';
  const { lo, hi } = own.band;
  const how = own.value > hi ? 'above' : own.value < lo ? 'below' : 'within';
  const head =
    how === 'within'
      ? `${format(own.value)} lies within the usual ${format(lo)} to ${format(hi)}: it is its place among the others that is odd.`
      : `${format(own.value)}, ${how} the usual ${format(lo)} to ${format(hi)}.`;
  const before = points.filter((point) => !point.here).map((point) => point.value);
  if (before.length === 0) return head;
  const [least, most] = [Math.min(...before), Math.max(...before)];
  const count =
    before.length === 1 ? 'The value before it was' : `The ${before.length} values before it stood between`;
  return before.length === 1
    ? `${head} ${count} ${format(least)}.`
    : `${head} ${count} ${format(least)} and ${format(most)}.`;
}
