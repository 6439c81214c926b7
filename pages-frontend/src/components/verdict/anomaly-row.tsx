import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { reasonOf, sinceOf, type Anomaly } from '@/lib/api/anomaly';
import { cn } from '@/lib/cn';
import { formatAgo, formatCount, formatOdds } from '@/lib/format';
import { useTimes } from '@/lib/times';
import { SEVERITY_HEAT } from './severity';
import { StatusBadge } from './status-badge';

interface AnomalyRowProps {
  anomaly: Anomaly;
  now: number;
  arrived: boolean;
  /** Where rows can be selected: whether this one is, and what a click on its box does. */
  selected?: boolean | undefined;
  onSelect?: ((id: string) => void) | undefined;
  /** A phone has no room for the boxes until rows are to be selected. */
  selecting?: boolean;
}

const SEVERITY_WORDS = { low: 'low', medium: 'medium', high: 'high' } as const;

/** One line of the list: how odd (warm, at the edge), what, where, when, and whether someone has it. */
export const AnomalyRow = memo(function AnomalyRow({
  anomaly,
  now,
  arrived,
  selected = false,
  onSelect,
  selecting = false,
}: AnomalyRowProps) {
  const times = useTimes();
  const settled = anomaly.status === 'resolved' || anomaly.status === 'false_positive';
  return (
    <li
      className={cn(
        'flex border-t border-line first:border-t-0',
        // Rows far off the screen cost no layout.
        '[contain-intrinsic-size:auto_4.5rem] [content-visibility:auto]',
        arrived && 'animate-arrive',
        selected && 'bg-accent-soft',
      )}
    >
      {onSelect && (
        <label
          className={cn(
            'w-9 shrink-0 cursor-pointer items-start pt-6 pl-4 sm:flex',
            selecting ? 'flex' : 'hidden',
          )}
        >
          <input
            type="checkbox"
            checked={selected}
            onChange={() => onSelect(anomaly.id)}
            aria-label={`Select: ${reasonOf(anomaly)}`}
            className="size-4 accent-[var(--c-accent)]"
          />
        </label>
      )}
      <Link
        to="/app/anomalies/$id"
        params={{ id: anomaly.id }}
        data-anomaly-row={anomaly.id}
        className="grid min-w-0 grow grid-cols-[3.5rem_minmax(0,1fr)] gap-x-3 px-3 py-3 outline-offset-[-2px] hover:bg-[color-mix(in_oklab,var(--c-sunken)_60%,transparent)] sm:grid-cols-[4rem_minmax(0,1fr)_8rem_8.5rem] sm:px-4"
      >
        <span
          className={cn(
            'row-span-2 flex h-11 flex-col items-center justify-center self-start rounded-md leading-none sm:row-span-1',
            settled ? 'bg-sunken text-ink-2' : SEVERITY_HEAT[anomaly.severity],
          )}
        >
          <span className="text-base font-semibold tabular-nums">
            {anomaly.score === undefined ? '–' : Math.round(anomaly.score)}
          </span>
          <span className="mt-0.5 text-[0.6875rem]">{SEVERITY_WORDS[anomaly.severity]}</span>
        </span>
        <span className="min-w-0">
          <span
            className={cn(
              'line-clamp-3 leading-snug sm:line-clamp-2 wrap-anywhere',
              settled ? 'text-ink-2' : 'font-medium',
            )}
          >
            {reasonOf(anomaly)}
          </span>
          <span className="mt-0.5 block truncate text-sm text-ink-2">
            {anomaly.stream}
            {anomaly.repeats > 1 && <span> · {formatCount(anomaly.repeats)} times</span>}
            {anomaly.p_value !== undefined && <span> · {formatOdds(anomaly.p_value)}</span>}
          </span>
        </span>
        <span className="col-start-2 mt-1 flex items-center gap-3 text-sm sm:contents">
          <time
            dateTime={sinceOf(anomaly)}
            title={times.exact(sinceOf(anomaly))}
            className="text-ink-2 tabular-nums sm:col-start-3 sm:text-right"
          >
            <span className="sm:block">{times.clock(sinceOf(anomaly))}</span>
            <span className="ml-1.5 text-ink-3 sm:ml-0 sm:block sm:text-xs">
              {formatAgo(sinceOf(anomaly), now)}
            </span>
          </time>
          <StatusBadge status={anomaly.status} className="ml-auto sm:col-start-4 sm:ml-2 sm:self-start" />
        </span>
      </Link>
    </li>
  );
});
