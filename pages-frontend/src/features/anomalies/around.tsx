// Is it alone? The stream's other anomalies of the day, what was odd elsewhere in the same minutes, and what shares its oddest word.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ScoreChart } from '@/components/charts/score-chart';
import { Skeleton } from '@/components/ui/skeleton';
import { Severity } from '@/components/verdict/severity';
import { Ticks } from '@/components/verdict/ticks';
import { reasonOf, sinceOf, type Anomaly, type AnomalyDetail } from '@/lib/api/anomaly';
import { useApi } from '@/lib/api/client';
import { placeOf, recentQuery } from '@/lib/api/recent';
import { formatCount, formatOffset } from '@/lib/format';
import { useOrganization } from '@/lib/organization';
import { useTimes } from '@/lib/times';
import { aroundQuery } from './around-query';

const HALF_DAY_MS = 43_200_000;
const MOST_SHOWN = 5;
const LONGEST_SHOWN = 60;

export function Around({ anomaly }: { anomaly: AnomalyDetail }) {
  const api = useApi();
  const query = useQuery(aroundQuery(api, useOrganization().id, anomaly));
  const times = useTimes();
  if (query.isPending) return <Skeleton className="h-24 w-full" />;
  if (!query.data) return <p className="text-sm text-ink-2">What else happened could not be loaded.</p>;

  const at = Date.parse(sinceOf(anomaly));
  const { own, elsewhere, lookedAtAll, token, sharing } = query.data;
  const others = own.filter((each) => each.id !== anomaly.id).length;
  return (
    <div className="space-y-4 text-sm">
      <ScoreTimeline anomaly={anomaly} />
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
          <span>{times.clock(sinceOf(anomaly))}</span>
          <span>12 h after</span>
        </div>
        <p className="mt-1 text-ink-2">
          {others === 0
            ? 'The only anomaly of this stream that day.'
            : `${formatCount(others)}${own.length >= 200 ? ' or more' : ''} other ${others === 1 ? 'anomaly' : 'anomalies'} in this stream that day.`}
        </p>
      </div>
      {elsewhere.length === 0 ? (
        <p className="text-ink-2">
          {lookedAtAll
            ? 'Nothing odd elsewhere within ten minutes.'
            : 'So much was odd in this stream that the others of those minutes were not looked at.'}
        </p>
      ) : (
        <Related title="Elsewhere within ten minutes:" anomalies={elsewhere} at={at} />
      )}
      {token !== undefined &&
        (sharing.length === 0 ? (
          <p className="text-ink-2">
            No other anomaly within a week has <Word text={token} />.
          </p>
        ) : (
          <Related
            title={
              <>
                Also with <Word text={token} />, within a week:
              </>
            }
            anomalies={sharing}
            at={at}
          />
        ))}
    </div>
  );
}

const EITHER_SIDE = 120;
/** Scores that a stream keeps for looking back (LATEST of the Worker). */
const REMEMBERED = 2_000;

/** The stream's score, event by event, while this one is still among those that the stream remembers. */
function ScoreTimeline({ anomaly }: { anomaly: AnomalyDetail }) {
  const api = useApi();
  const { data, isError } = useQuery({
    ...recentQuery(api, useOrganization().id, anomaly.stream),
    enabled: anomaly.score !== undefined,
    staleTime: 30_000,
  });
  if (anomaly.score === undefined) return null;
  if (isError) return <p className="text-ink-2">The scores around it could not be loaded.</p>;
  if (!data) return null;
  const place = placeOf(data, anomaly);
  if (!place) {
    return (
      <p className="text-ink-2">
        The scores around it are no longer kept: a stream remembers those of its newest{' '}
        {formatCount(REMEMBERED)} events at most.
      </p>
    );
  }
  const from = Math.max(place.from, place.at - EITHER_SIDE);
  return (
    <div>
      <p className="mb-2 text-ink-2">
        Surprise, event by event; this one is {formatCount(place.to - 1 - place.at)} before the newest.
      </p>
      <ScoreChart
        scores={data.scores.slice(from, Math.min(place.to, place.at + EITHER_SIDE + 1))}
        threshold={-Math.log2(data.alpha)}
        marked={place.at - from}
        label="Surprise of the events around this one, which is marked"
      />
    </div>
  );
}

const Word = ({ text }: { text: string }) => (
  <q className="font-mono wrap-anywhere text-ink">
    {text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text}
  </q>
);

interface RelatedProps {
  title: ReactNode;
  anomalies: readonly Anomaly[];
  /** When the page's own anomaly was, milliseconds since 1970. */
  at: number;
}

function Related({ title, anomalies, at }: RelatedProps) {
  return (
    <div>
      <p className="mb-1 text-ink-2">{title}</p>
      <ul>
        {anomalies.slice(0, MOST_SHOWN).map((each) => (
          <li key={each.id} className="border-t border-line first:border-t-0">
            <Link to="/app/anomalies/$id" params={{ id: each.id }} className="group block py-2">
              <span className="flex items-baseline justify-between gap-2 text-xs">
                <span className="truncate font-mono text-ink-2">{each.stream}</span>
                <span className="shrink-0 text-ink-3">{formatOffset(Date.parse(sinceOf(each)) - at)}</span>
              </span>
              <span className="line-clamp-2 wrap-anywhere group-hover:underline">{reasonOf(each)}</span>
              <Severity level={each.severity} className="text-xs text-ink-2" />
            </Link>
          </li>
        ))}
      </ul>
      {anomalies.length > MOST_SHOWN && (
        <p className="text-xs text-ink-3">and {formatCount(anomalies.length - MOST_SHOWN)} more</p>
      )}
    </div>
  );
}
