// What the list shows. The URL holds it, so a view can be linked, reloaded and gone back to.
import type { Anomaly } from '@/lib/api/anomaly';
import type { Query } from '@/lib/api/client';
import { SEVERITIES, STATUSES, type Severity, type Status } from '@/lib/status';

export const RANGES = {
  '1h': { label: 'Last hour', ms: 3_600_000 },
  '24h': { label: 'Last 24 hours', ms: 86_400_000 },
  '7d': { label: 'Last 7 days', ms: 7 * 86_400_000 },
  '30d': { label: 'Last 30 days', ms: 30 * 86_400_000 },
} as const;
export type Range = keyof typeof RANGES;

export const TYPES = ['log', 'metric', 'trace', 'llm'] as const;

export interface Filters {
  stream?: string;
  type?: string;
  status?: Status;
  severity?: Severity;
  min_score?: number;
  max_p?: number;
  range?: Range;
  from?: string;
  to?: string;
  only_significant?: true;
}

/** Reads a URL's search parameters, or filters read before; whatever does not parse is left out. */
export function parseFilters(search: Record<string, unknown>): Filters {
  const filters: Filters = {};
  const text = (name: string) => {
    const value = search[name];
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const stream = text('stream');
  if (stream) filters.stream = stream;
  const type = oneOf(TYPES, text('type'));
  if (type) filters.type = type;
  const status = oneOf(STATUSES, text('status'));
  if (status) filters.status = status;
  const severity = oneOf(SEVERITIES, text('severity'));
  if (severity) filters.severity = severity;
  const minScore = Number(text('min_score'));
  if (minScore > 0) filters.min_score = minScore;
  const maxP = Number(text('max_p'));
  if (maxP > 0 && maxP < 1) filters.max_p = maxP;
  const range = oneOf(Object.keys(RANGES) as Range[], text('range'));
  if (range) filters.range = range;
  const from = text('from');
  if (from && !Number.isNaN(Date.parse(from))) filters.from = from;
  const to = text('to');
  if (to && !Number.isNaN(Date.parse(to))) filters.to = to;
  if (text('only_significant') === 'true') filters.only_significant = true;
  return filters;
}

function oneOf<T extends string>(allowed: readonly T[], value: string | undefined): T | undefined {
  return allowed.find((each) => each === value);
}

/** The query of GET /v1/anomalies. A relative range counts back from `now`; absolute bounds win over it. */
export function toQuery(filters: Filters, now: number): Query {
  const { range, from, to, ...rest } = filters;
  const since = from ?? (range && new Date(now - RANGES[range].ms).toISOString());
  return { ...rest, from: since, to: to && new Date(to).toISOString() };
}

/** Whether an anomaly that arrives live belongs in this list: the same rules the API applies. */
export function matches(filters: Filters, anomaly: Anomaly, now: number): boolean {
  const at = Date.parse(anomaly.detected_at);
  const query = toQuery(filters, now);
  if (filters.stream && anomaly.stream !== filters.stream) return false;
  if (filters.type && anomaly.event_type !== filters.type) return false;
  if (filters.status && anomaly.status !== filters.status) return false;
  if (filters.severity && anomaly.severity !== filters.severity) return false;
  if (filters.min_score !== undefined && !((anomaly.score ?? 0) >= filters.min_score)) return false;
  if (filters.max_p !== undefined && !((anomaly.p_value ?? 1) <= filters.max_p)) return false;
  if (query.from && at < Date.parse(String(query.from))) return false;
  if (query.to && at > Date.parse(String(query.to))) return false;
  return true;
}

export const countActive = (filters: Filters): number => Object.keys(filters).length;
