// The three answers beside the sentence: how odd, since when, how often. Each explains itself on demand.
import type { ReactNode } from 'react';
import { Explain } from '@/components/explain';
import { sinceOf, type Anomaly } from '@/lib/api/anomaly';
import {
  formatAgo,
  formatBits,
  formatCount,
  formatOdds,
  formatPercent,
  formatProbability,
} from '@/lib/format';
import { useTimes } from '@/lib/times';
import { useNow } from '@/lib/use-now';

export function Facts({ anomaly }: { anomaly: Anomaly }) {
  const now = useNow();
  const times = useTimes();
  const since = sinceOf(anomaly);
  return (
    <dl className="mt-5 grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-4">
      <Fact
        name="How odd"
        value={
          anomaly.p_value === undefined ? (
            'not priced'
          ) : (
            <Explain
              term={formatOdds(anomaly.p_value)}
              label={`How odd: ${formatOdds(anomaly.p_value)}. Explain`}
            >
              <PValueWords p={anomaly.p_value} method={anomaly.p_method} />
            </Explain>
          )
        }
        detail={
          anomaly.p_value === undefined
            ? 'recorded by another tool'
            : anomaly.p_value > 0.5
              ? 'score as odd'
              : 'events score as odd'
        }
      />
      <Fact
        name="Since"
        value={
          <time dateTime={since} title={times.exact(since)}>
            {times.time(since, now)}
          </time>
        }
        detail={formatAgo(since, now)}
      />
      <Fact
        name="How often"
        value={anomaly.repeats > 1 ? `${formatCount(anomaly.repeats)} times` : 'Once'}
        detail={anomaly.repeats > 1 ? 'same cause, kept as one' : 'no repeat so far'}
      />
      <Fact
        name="Surprise"
        value={
          anomaly.score === undefined ? (
            '–'
          ) : (
            <Explain
              term={`${formatBits(anomaly.score)} bits`}
              label={`Surprise: ${formatBits(anomaly.score)} bits. Explain`}
            >
              <p>
                A compressor that has learned this stream needs {formatBits(anomaly.score)} bits more for this
                event than is usual here. Each bit means half as likely; ten bits, a thousand times less.
              </p>
            </Explain>
          )
        }
        detail={
          anomaly.q_value === undefined ? (
            'beyond what is usual'
          ) : (
            <Explain
              term={
                anomaly.q_value < 1 ? `at most ${formatPercent(anomaly.q_value)} by chance` : 'may be chance'
              }
            >
              <QValueWords q={anomaly.q_value} />
            </Explain>
          )
        }
      />
    </dl>
  );
}

function Fact({ name, value, detail }: { name: string; value: ReactNode; detail: ReactNode }) {
  return (
    <div className="bg-panel px-3 py-2.5 sm:px-4">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="mt-0.5 text-lg leading-tight font-semibold tabular-nums">{value}</dd>
      <dd className="mt-0.5 text-sm text-ink-2">{detail}</dd>
    </div>
  );
}

function PValueWords({ p, method }: { p: number; method: string | undefined }) {
  return (
    <>
      <p>
        If nothing were wrong, {formatOdds(p)} events of this stream would score as high as this one or
        higher.
      </p>
      <p>
        {method === 'tail'
          ? 'No recent event scored this high, so the figure is estimated from how fast the high scores thin out.'
          : 'Counted among the stream’s own recent events.'}
      </p>
      <p className="text-ink-3">
        p = {formatProbability(p)}
        {method && `, by ${method}`}
      </p>
    </>
  );
}

function QValueWords({ q }: { q: number }) {
  return (
    <>
      <p>
        {q < 1
          ? `Of the events of this stream that are picked out as strictly as this one was, at most ${formatPercent(q)} are expected to be chance.`
          : 'In a stream this long something as odd as this can come up by chance, and too little else was odd lately to promise a share.'}
      </p>
      <p>
        It assumes that events do not depend on each other too much, and it is a note only: what counts as an
        anomaly is decided by the odds.
      </p>
      <p className="text-ink-3">q = {formatProbability(q)}</p>
    </>
  );
}
