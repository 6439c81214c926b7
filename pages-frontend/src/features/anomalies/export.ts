// A filtered list as a file, read page by page. What a spreadsheet would take for a formula is made plain text.
import { AnomalyPage, type Anomaly } from '@/lib/api/anomaly';
import type { ApiClient } from '@/lib/api/client';
import { toQuery, type Filters } from './filters';

export const MOST_EXPORTED = 10_000;
const PAGE = 200;

export type Format = 'csv' | 'ndjson';

const COLUMNS = [
  'id',
  'stream',
  'event_type',
  'timestamp',
  'detected_at',
  'severity',
  'status',
  'score',
  'p_value',
  'q_value',
  'repeats',
  'reason',
] as const satisfies readonly (keyof Anomaly)[];

/** Every anomaly the filters let through, newest first, up to the limit. */
export async function readAll(api: ApiClient, filters: Filters): Promise<Anomaly[]> {
  const found: Anomaly[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...toQuery(filters, Date.now()), limit: PAGE, cursor };
    const page = await api.request('/v1/anomalies', AnomalyPage, { query });
    found.push(...page.anomalies);
    cursor = page.next_cursor ?? undefined;
  } while (cursor && found.length < MOST_EXPORTED);
  return found.slice(0, MOST_EXPORTED);
}

export function written(anomalies: readonly Anomaly[], format: Format): string {
  if (format === 'ndjson') return anomalies.map((anomaly) => `${JSON.stringify(anomaly)}\n`).join('');
  const rows = anomalies.map((anomaly) => COLUMNS.map((column) => cell(anomaly[column])).join(','));
  return [COLUMNS.join(','), ...rows, ''].join('\r\n');
}

function cell(value: string | number | undefined): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value ?? '') ? `'${value}` : (value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function download(content: string, format: Format, name: string): void {
  const type = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.${format}`;
  link.click();
  URL.revokeObjectURL(url);
}
