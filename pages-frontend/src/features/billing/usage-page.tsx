import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ErrorMessage } from '@/components/states';
import { Skeleton } from '@/components/ui/skeleton';
import { SOFT_CAP, billingQuery, detailsQuery, type Billing, type Details } from '@/lib/api/billing';
import { useApi } from '@/lib/api/client';
import { cn } from '@/lib/cn';
import { formatCompact, formatCount, formatPercent } from '@/lib/format';
import { formatDollars } from '@/lib/money';
import { useOrganization } from '@/lib/organization';
import { DailyChart } from './daily-chart';
import { planName } from './plan-name';

export function UsagePage() {
  const api = useApi();
  const org = useOrganization().id;
  const billing = useQuery(billingQuery(api, org));
  const details = useQuery(detailsQuery(api, org));
  const days =
    details.data && billing.data
      ? everyDay(details.data.days, billing.data.usage.period_start)
      : details.data?.days;
  return (
    <main id="main" className="mx-auto w-full max-w-6xl px-3 pt-5 pb-24 sm:px-6">
      <div className="mb-4 flex flex-wrap items-baseline justify-between gap-3">
        <h1 className="text-xl">Usage</h1>
        <Link
          to="/app/billing"
          className="text-sm underline decoration-line-strong underline-offset-4 hover:decoration-ink"
        >
          Plan and invoices
        </Link>
      </div>
      {billing.isPending ? (
        <Skeleton className="h-44 w-full" />
      ) : billing.data ? (
        <Period billing={billing.data} latest={details.data?.days.at(-1)} />
      ) : (
        <ErrorMessage error={billing.error} onRetry={() => void billing.refetch()} />
      )}
      <section aria-label="Day by day" className="mt-8">
        <h2 className="mb-2 text-lg">Day by day</h2>
        {details.isPending ? (
          <Skeleton className="h-48 w-full" />
        ) : days ? (
          <DailyChart days={days} />
        ) : (
          <ErrorMessage error={details.error} onRetry={() => void details.refetch()} />
        )}
      </section>
      {details.data && details.data.streams.length > 0 && (
        <section aria-label="By stream" className="mt-8">
          <h2 className="mb-2 text-lg">By stream</h2>
          <Streams streams={details.data.streams} />
        </section>
      )}
    </main>
  );
}

const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const dayOf = (iso: string) => dayFormat.format(new Date(iso));
const DAY_MS = 86_400_000;
const utcDay = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const whenOf = (day: string) => (day === utcDay(Date.now()) ? 'today' : `on ${dayOf(day)}`);

type Day = Details['days'][number];

/** The API leaves out days without events; a chart must not. From the period's first day to the latest with events. */
function everyDay(days: readonly Day[], from: string): readonly Day[] {
  const last = days.at(-1);
  if (!last) return days;
  const known = new Map(days.map((day) => [day.day, day]));
  const first = Date.parse(from);
  const count = Math.round((Date.parse(last.day) - first) / DAY_MS) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => {
    const day = utcDay(first + index * DAY_MS);
    return known.get(day) ?? { day, events: 0, detections: 0 };
  });
}

function Period({ billing, latest }: { billing: Billing; latest: Day | undefined }) {
  const { usage } = billing;
  const lastDay = new Date(Date.parse(usage.period_end) - DAY_MS).toISOString();
  return (
    <section aria-label="This period" className="rounded-lg border border-line bg-panel p-4 sm:p-5">
      <p className="flex flex-wrap justify-between gap-x-4 text-sm text-ink-2">
        <span>
          {dayOf(usage.period_start)} to {dayOf(lastDay)}, plan {planName(billing.plan)}
        </span>
        <span>counts arrive within about two minutes</span>
      </p>
      <div className="mt-4 grid gap-x-10 gap-y-6 sm:grid-cols-2">
        <Meter
          name="Detections"
          used={usage.detections}
          included={usage.included_detections}
          forecast={usage.forecast.detections}
          latest={latest && { day: latest.day, count: latest.detections }}
        />
        <Meter
          name="Events"
          used={usage.events}
          included={usage.included_events}
          forecast={usage.forecast.events}
          latest={latest && { day: latest.day, count: latest.events }}
        />
      </div>
      <p className="mt-5 text-sm text-ink-2">
        {usage.overage_detections > 0 && (
          <>
            {formatCount(usage.overage_detections)} detections beyond the allowance,{' '}
            {formatDollars(usage.overage_cost_usd)} so far.{' '}
          </>
        )}
        At this pace the period ends at {formatCompact(usage.forecast.detections)} detections and costs{' '}
        <strong className="text-ink">
          {billing.status === 'trialing' ? 'nothing, as a trial' : formatDollars(usage.forecast.cost_usd)}
        </strong>
        .
        {usage.unrecorded_detections
          ? ` ${formatCount(usage.unrecorded_detections)} were found but not recorded.`
          : ''}
      </p>
      {usage.alerts.length > 0 && (
        <ul aria-label="Alerts of this period" className="mt-3 flex flex-wrap gap-2 text-sm">
          {usage.alerts.map(({ threshold, reached_at: at }) => (
            <li
              key={threshold}
              className={cn(
                'rounded-sm px-2 py-0.5',
                threshold >= 100 ? 'bg-bad-soft text-bad' : 'bg-accent-soft',
              )}
            >
              {threshold} % of the allowance{threshold === SOFT_CAP ? ' (soft cap)' : ''} reached on{' '}
              {dayOf(at)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface MeterProps {
  name: string;
  used: number;
  included: number | null;
  forecast: number;
  /** The latest day with events, UTC. */
  latest: { day: string; count: number } | undefined;
}

/** How much of an allowance is used, and where it is heading. */
function Meter({ name, used, included, forecast, latest }: MeterProps) {
  const share = included ? used / included : 0;
  const heading = included ? Math.min(1, forecast / included) : 0;
  return (
    <div>
      <p className="flex items-baseline justify-between gap-3">
        <span className="text-sm text-ink-2">{name}</span>
        {included !== null && <span className="text-sm text-ink-2 tabular-nums">{formatPercent(share)}</span>}
      </p>
      <p className="text-2xl font-semibold tabular-nums" title={formatCount(used)}>
        {formatCompact(used)}
        {included !== null && (
          <span className="text-base font-normal text-ink-2"> of {formatCompact(included)}</span>
        )}
      </p>
      {included !== null && (
        <div
          role="meter"
          aria-label={`${name} used`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.min(100, Math.round(share * 100))}
          className="relative mt-2 h-2 overflow-hidden rounded-full bg-line"
        >
          <span
            className="absolute inset-y-0 left-0 rounded-full bg-accent opacity-30"
            style={{ width: `${heading * 100}%` }}
          />
          <span
            className={cn('absolute inset-y-0 left-0 rounded-full', share >= 1 ? 'bg-bad' : 'bg-accent')}
            style={{ width: `${Math.min(1, share) * 100}%` }}
          />
        </div>
      )}
      <p className="mt-1.5 text-xs text-ink-3 tabular-nums">
        {latest && `${formatCount(latest.count)} ${whenOf(latest.day)}, `}forecast {formatCompact(forecast)}
      </p>
    </div>
  );
}

function Streams({ streams }: { streams: Details['streams'] }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-panel">
      <table className="w-full text-sm">
        <thead className="text-left text-xs text-ink-3">
          <tr className="[&>th]:px-3 [&>th]:py-2 [&>th]:font-normal [&>th]:sm:px-4">
            <th scope="col">stream</th>
            <th scope="col" className="text-right">
              events
            </th>
            <th scope="col" className="text-right">
              detections
            </th>
            <th scope="col" className="text-right max-sm:hidden">
              share
            </th>
          </tr>
        </thead>
        <tbody>
          {streams.map((each) => (
            <tr key={each.stream} className="border-t border-line [&>*]:px-3 [&>*]:py-2 [&>*]:sm:px-4">
              <th scope="row" className="text-left font-mono font-medium wrap-anywhere">
                <Link
                  to="/app/streams/$name"
                  params={{ name: each.stream }}
                  className="underline decoration-transparent underline-offset-4 hover:decoration-line-strong"
                >
                  {each.stream}
                </Link>
              </th>
              <td className="text-right tabular-nums">{formatCompact(each.events)}</td>
              <td className="text-right tabular-nums">{formatCount(each.detections)}</td>
              <td className="text-right text-ink-2 tabular-nums max-sm:hidden">
                {each.anomaly_rate === null ? '–' : formatPercent(each.anomaly_rate)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
