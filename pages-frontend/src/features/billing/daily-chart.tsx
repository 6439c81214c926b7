import { useState } from 'react';
import { Segmented } from '@/components/ui/segmented';
import type { Details } from '@/lib/api/billing';
import { formatCompact, formatCount } from '@/lib/format';

type Day = Details['days'][number];
type Part = 'events' | 'detections';
const PARTS: readonly { value: Part; label: string }[] = [
  { value: 'events', label: 'Events' },
  { value: 'detections', label: 'Detections' },
];
const label = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});
const nameOf = (day: string) => label.format(new Date(`${day}T00:00:00Z`));

/** A bar for each day; the table behind it is for screen readers and for exact figures. */
export function DailyChart({ days }: { days: readonly Day[] }) {
  const [part, setPart] = useState<Part>('events');
  const [pointed, setPointed] = useState<Day | null>(null);
  const most = Math.max(1, ...days.map((day) => day[part]));
  const first = days[0];
  const last = days.at(-1);
  if (!first || !last) return <p className="text-sm text-ink-2">Nothing in this period yet.</p>;
  return (
    <div className="rounded-lg border border-line bg-panel p-3 sm:p-4">
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <p className="text-sm text-ink-2 tabular-nums">
          {pointed
            ? `${nameOf(pointed.day)}: ${formatCount(pointed[part])} ${part}`
            : `at most ${formatCompact(most)} a day`}
        </p>
        <Segmented label="What to count" value={part} onChange={setPart} options={PARTS} />
      </div>
      <div
        className="flex h-36 items-end gap-px sm:gap-1"
        aria-hidden
        onPointerLeave={() => setPointed(null)}
      >
        {days.map((day) => (
          <div
            key={day.day}
            className="flex h-full max-w-16 grow items-end"
            onPointerEnter={() => setPointed(day)}
          >
            <div
              className={
                pointed === day ? 'w-full rounded-t-sm bg-accent' : 'w-full rounded-t-sm bg-accent opacity-60'
              }
              style={{ height: `${Math.max(day[part] > 0 ? 1.5 : 0, (100 * day[part]) / most)}%` }}
            />
          </div>
        ))}
      </div>
      <div className="mt-1 flex justify-between border-t border-line pt-1 text-xs text-ink-3" aria-hidden>
        <span>{nameOf(first.day)}</span>
        {days.length > 1 && <span>{nameOf(last.day)}</span>}
      </div>
      <table className="sr-only">
        <caption>Events and detections of each day</caption>
        <thead>
          <tr>
            <th scope="col">day</th>
            <th scope="col">events</th>
            <th scope="col">detections</th>
          </tr>
        </thead>
        <tbody>
          {days.map((day) => (
            <tr key={day.day}>
              <th scope="row">{nameOf(day.day)}</th>
              <td>{formatCount(day.events)}</td>
              <td>{formatCount(day.detections)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
