import { ListChecks, SlidersHorizontal, X } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { Button } from '@/components/ui/button';
import { Segmented } from '@/components/ui/segmented';
import { Field, Input, Select } from '@/components/ui/input';
import { cn } from '@/lib/cn';
import { formatOdds } from '@/lib/format';
import { isPlainKey } from '@/lib/keys';
import { SEVERITIES, STATUS_LABELS, STATUSES } from '@/lib/status';
import type { Format } from './export';
import { countActive, parseFilters, RANGES, TYPES, type Filters } from './filters';

interface FilterBarProps {
  filters: Filters;
  streams: readonly string[];
  onChange: (filters: Filters) => void;
  onExport: (format: Format) => void;
  exporting: boolean;
  /** For those who may change what they select; with room, the boxes are always there. */
  selecting: boolean;
  onSelecting: ((selecting: boolean) => void) | undefined;
}

const MAX_P = [0.001, 0.0001, 0.00001];
const TYPE_LABELS: Record<string, string> = { log: 'Logs', metric: 'Metrics', trace: 'Traces', llm: 'LLM' };

const STATUS_CHOICES = [
  { value: 'any' as const, label: 'All' },
  ...STATUSES.map((value) => ({ value, label: STATUS_LABELS[value] })),
];

/** The filters unfold from a button; with room, the status is always at hand beside it. */
export function FilterBar({
  filters,
  streams,
  onChange,
  onExport,
  exporting,
  selecting,
  onSelecting,
}: FilterBarProps) {
  const [open, setOpen] = useState(false);
  const active = countActive(filters);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isPlainKey(event, '/')) return;
      event.preventDefault();
      setOpen(true);
      requestAnimationFrame(() => document.getElementById('filter-status')?.focus());
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const set = (name: keyof Filters) => (value: string) =>
    onChange(parseFilters({ ...strings(filters), [name]: value }));

  return (
    <section aria-label="Filters">
      <div className="flex flex-wrap items-center gap-2">
        <Button
          size="sm"
          variant="outline"
          aria-expanded={open}
          aria-controls="filters"
          onClick={() => setOpen(!open)}
        >
          <SlidersHorizontal aria-hidden /> Filters{active > 0 && ` (${active})`}
        </Button>
        {active > 0 && (
          <Button size="sm" variant="ghost" onClick={() => onChange({})}>
            <X aria-hidden /> Clear
          </Button>
        )}
        <Select
          aria-label="Export this list"
          value=""
          disabled={exporting}
          onChange={(event) => onExport(event.target.value as Format)}
          className="h-8! w-auto! px-2!"
        >
          <option value="" disabled>
            {exporting ? 'Exporting' : 'Export'}
          </option>
          <option value="csv">as CSV</option>
          <option value="ndjson">as NDJSON</option>
        </Select>
        {onSelecting && (
          <Button
            size="sm"
            className="sm:hidden"
            aria-pressed={selecting}
            onClick={() => onSelecting(!selecting)}
          >
            <ListChecks aria-hidden /> Select
          </Button>
        )}
        <div className="ml-auto hidden md:block">
          <Segmented
            label="Status"
            value={filters.status ?? 'any'}
            onChange={(status) => set('status')(status === 'any' ? '' : status)}
            options={STATUS_CHOICES}
          />
        </div>
      </div>
      <div
        id="filters"
        className={cn(
          'mt-2 grid-cols-2 gap-3 rounded-lg border border-line bg-panel p-3 sm:grid-cols-4',
          open ? 'grid' : 'hidden',
        )}
      >
        <Choice id="status" label="Status" value={filters.status} onChange={set('status')}>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {STATUS_LABELS[status]}
            </option>
          ))}
        </Choice>
        <Choice id="severity" label="Severity" value={filters.severity} onChange={set('severity')}>
          {[...SEVERITIES].reverse().map((severity) => (
            <option key={severity} value={severity}>
              {severity[0]?.toUpperCase() + severity.slice(1)}
            </option>
          ))}
        </Choice>
        <Choice id="stream" label="Stream" value={filters.stream} onChange={set('stream')}>
          {withCurrent(streams, filters.stream).map((stream) => (
            <option key={stream}>{stream}</option>
          ))}
        </Choice>
        <Choice id="range" label="Time" value={filters.range} onChange={set('range')} any="Any time">
          {Object.entries(RANGES).map(([value, range]) => (
            <option key={value} value={value}>
              {range.label}
            </option>
          ))}
        </Choice>
        <Choice id="type" label="Type" value={filters.type} onChange={set('type')}>
          {TYPES.map((type) => (
            <option key={type} value={type}>
              {TYPE_LABELS[type]}
            </option>
          ))}
        </Choice>
        <Choice
          id="max_p"
          label="At least as odd as"
          value={filters.max_p?.toString()}
          onChange={set('max_p')}
        >
          {MAX_P.map((p) => (
            <option key={p} value={String(p)}>
              {formatOdds(p)}
            </option>
          ))}
        </Choice>
        <Field label="Score from (bits)" htmlFor="filter-min_score">
          <Input
            id="filter-min_score"
            type="number"
            min={0}
            step={1}
            inputMode="numeric"
            placeholder="Any"
            defaultValue={filters.min_score ?? ''}
            key={filters.min_score}
            onBlur={(event) => set('min_score')(event.target.value)}
            onKeyDown={(event) => event.key === 'Enter' && set('min_score')(event.currentTarget.value)}
          />
        </Field>
        <label className="flex items-end gap-2 pb-2.5 text-sm">
          <input
            type="checkbox"
            className="mb-0.5 size-4 accent-[var(--c-accent)]"
            checked={filters.only_significant ?? false}
            onChange={(event) => set('only_significant')(String(event.target.checked))}
          />
          Sure ones only (q ≤ 5 %)
        </label>
      </div>
    </section>
  );
}

interface ChoiceProps {
  id: string;
  label: string;
  value: string | undefined;
  any?: string;
  onChange: (value: string) => void;
  children: ReactNode;
}

function Choice({ id, label, value, any = 'Any', onChange, children }: ChoiceProps) {
  return (
    <Field label={label} htmlFor={`filter-${id}`}>
      <Select id={`filter-${id}`} value={value ?? ''} onChange={(event) => onChange(event.target.value)}>
        <option value="">{any}</option>
        {children}
      </Select>
    </Field>
  );
}

function strings(filters: Filters): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).map(([name, value]) => [name, String(value)]));
}

function withCurrent(streams: readonly string[], current: string | undefined): readonly string[] {
  return current && !streams.includes(current) ? [current, ...streams] : streams;
}
