// Is it alone? The stream's other anomalies of the day, and what was odd elsewhere in the same minutes.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Skeleton } from '@/components/ui/skeleton';
import { Severity } from '@/components/verdict/severity';
import { Ticks } from '@/components/verdict/ticks';
import { reasonOf, sinceOf, type Anomaly } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { formatClock, formatCount, formatOffset } from '@/lib/format';
import { useOrganization } from '@/lib/organization';
import { aroundQuery } from './queries';

const HALF_DAY_MS = 43_200_000;
const MOST_SHOWN = 5;

export function Around({ anomaly }: { anomaly: Anomaly }) {
  const api = useApi();
  const query = useQuery(aroundQuery(api, useOrganization().id, anomaly));
  if (query.isPending) return <Skeleton className="h-24 w-full" />;
  if (!query.data) return <p className="text-sm text-ink-2">What else happened could not be loaded.</p>;

  const at = Date.parse(sinceOf(anomaly));
  const { own, elsewhere } = query.data;
  const others = own.filter((each) => each.id !== anomaly.id).length;
  return (
    <div className="space-y-4 text-sm">
      <div>
        <Ticks
          anomalies={own.some((each) => each.id === anomaly.id) ? own : [anomaly, ...own]}
          from={at - HALF_DAY_MS}
          to={at + HALF_DAY_MS}
          marked={anomaly.id}
          label={() => 'Anomalies of this stream, twelve hours before and after'}
        />
        <div className="flex justify-between text-xs text-ink-3 tabular-nums" aria-hidden>
          <span>12 h before</span>
          <span>{formatClock(sinceOf(anomaly))}</span>
          <span>12 h after</span>
        </div>
        <p className="mt-1 text-ink-2">
          {others === 0
            ? 'The only anomaly of this stream that day.'
            : `${formatCount(others)}${own.length >= 200 ? ' or more' : ''} other ${others === 1 ? 'anomaly' : 'anomalies'} in this stream that day.`}
        </p>
      </div>
      {elsewhere.length === 0 ? (
        <p className="text-ink-2">Nothing odd elsewhere within ten minutes.</p>
      ) : (
        <div>
          <p className="mb-1 text-ink-2">Elsewhere within ten minutes:</p>
          <ul>
            {elsewhere.slice(0, MOST_SHOWN).map((each) => (
              <li key={each.id} className="border-t border-line first:border-t-0">
                <Link to="/app/anomalies/$id" params={{ id: each.id }} className="group block py-2">
                  <span className="flex items-baseline justify-between gap-2 text-xs">
                    <span className="truncate font-mono text-ink-2">{each.stream}</span>
                    <span className="shrink-0 text-ink-3">
                      {formatOffset(Date.parse(sinceOf(each)) - at)}
                    </span>
                  </span>
                  <span className="line-clamp-2 wrap-anywhere group-hover:underline">{reasonOf(each)}</span>
                  <Severity level={each.severity} className="text-xs text-ink-2" />
                </Link>
              </li>
            ))}
          </ul>
          {elsewhere.length > MOST_SHOWN && (
            <p className="text-xs text-ink-3">and {formatCount(elsewhere.length - MOST_SHOWN)} more</p>
          )}
        </div>
      )}
    </div>
  );
}
