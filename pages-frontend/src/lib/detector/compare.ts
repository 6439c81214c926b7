// Whether a recomputed verdict is the stored one, bit for bit, and if not, where they part.
import type { AnomalyDetail } from '../api/anomaly';
import type { GivenEvent, Verdict } from './protocol';

/** Everything that the event and its witness decide. */
const PARTS = [
  'score',
  'p_value',
  'p_method',
  'q_value',
  'severity',
  'reason',
  'tokens',
  'fields',
  'nearest',
  'witness',
  'algorithm',
  'seed',
  'checkpoint',
] as const;

/** The parts in which two verdicts differ: none means the same, bit for bit. */
export function differences(stored: AnomalyDetail, again: Verdict): string[] {
  return PARTS.filter((part) => {
    const [a, b] = [stored[part], again[part]];
    // The database keeps the seed as text: it has 64 bits.
    return part === 'seed' ? String(a) !== String(b) : !same(emptyIsNone(a), emptyIsNone(b));
  });
}

/** The event as the detector had it, of an anomaly that holds all that a replay needs. */
export function replayable(anomaly: AnomalyDetail): { event: GivenEvent; witness: string } | undefined {
  const { event: text, witness, event_format, event_type, group, timestamp } = anomaly;
  if (text === undefined || witness === undefined) return undefined;
  const kind = event_type as GivenEvent['kind'];
  // What a metric should read depends on the hour.
  const timestampMs = timestamp === undefined ? undefined : Date.parse(timestamp);
  return {
    event: { text, format: event_format === 'json' ? 'json' : 'text', kind, group, timestampMs },
    witness,
  };
}

const emptyIsNone = (value: unknown) => (Array.isArray(value) && value.length === 0 ? undefined : value);

/** Numbers by all their bits, lists and records member by member; a member that is not there is undefined. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
    same(emptyIsNone(left[key]), emptyIsNone(right[key])),
  );
}
