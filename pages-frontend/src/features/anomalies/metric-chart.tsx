// A metric before and at the anomaly, with the band that the detector expected: computed here from the stored witness.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { BandChart } from '@/components/charts/band-chart';
import { Segmented } from '@/components/ui/segmented';
import { Skeleton } from '@/components/ui/skeleton';
import type { AnomalyDetail } from '@/lib/api/anomaly';
import { replayable } from '@/lib/detector/compare';
import { useTimes } from '@/lib/times';
import { inWords, pointsOf, type MetricPoint } from './metric-course';

const MOST_SERIES = 4;

export function MetricChart({ anomaly }: { anomaly: AnomalyDetail }) {
  const [chosen, setChosen] = useState(0);
  const times = useTimes();
  const clock = (ms: number) => times.clock(new Date(ms).toISOString());
  const query = useQuery({
    queryKey: ['course', anomaly.id, anomaly.witness?.length ?? 0],
    queryFn: () => coursesOf(anomaly),
    staleTime: Infinity,
    retry: false,
  });
  if (query.isPending) {
    return (
      <div aria-busy="true">
        <span className="sr-only">Computing what was expected</span>
        <Skeleton className="h-44 w-full" />
      </div>
    );
  }
  const courses = (query.data ?? []).slice(0, MOST_SERIES);
  const course = courses[chosen] ?? courses[0];
  if (!course) {
    return (
      <p className="text-sm text-ink-2">
        The values before it cannot be drawn: their record is not with this anomaly. What was expected stands
        with each number below.
      </p>
    );
  }
  const points = pointsOf(course, anomaly);
  const words = inWords(points, formatValue);
  const first = points.find((point) => point.at !== undefined)?.at;
  const last = points.at(-1)?.at;
  return (
    <div className="space-y-3">
      {courses.length > 1 && (
        <Segmented
          label="Which number"
          value={String(courses.indexOf(course))}
          onChange={(value) => setChosen(Number(value))}
          options={courses.map((each, index) => ({ value: String(index), label: each.path }))}
        />
      )}
      <BandChart
        points={points}
        format={formatValue}
        label={`${course.path}. ${words}`}
        ends={[
          first === undefined || points[0]?.at === undefined
            ? `${points.length - 1} values before`
            : clock(first),
          last === undefined ? 'now' : clock(last),
        ]}
      />
      <p className="text-sm text-ink-2">
        <span className="font-mono text-ink">{course.path}</span>
        {course.counter && ' (a counter, by its increase)'}: {words}
      </p>
      <details>
        <summary className="w-fit text-sm text-ink-2 hover:text-ink">The same as a table</summary>
        <Values points={points} />
      </details>
    </div>
  );
}

function Values({ points }: { points: readonly MetricPoint[] }) {
  const times = useTimes();
  return (
    <div className="mt-2 rounded-lg border border-line">
      <table className="w-full text-right text-sm tabular-nums">
        <thead className="text-xs text-ink-3">
          <tr className="[&>th]:px-3 [&>th]:py-1.5 [&>th]:font-normal">
            <th scope="col" className="text-left">
              when
            </th>
            <th scope="col">value</th>
            <th scope="col">usual</th>
          </tr>
        </thead>
        <tbody>
          {points.toReversed().map((point, index) => (
            <tr
              key={index}
              className={point.here ? 'border-t border-line bg-sunken font-semibold' : 'border-t border-line'}
            >
              <th scope="row" className="px-3 py-1 text-left font-normal text-ink-2">
                {point.at === undefined ? 'before' : times.dayAndClock(new Date(point.at).toISOString())}
                {point.here && ' (this one)'}
              </th>
              <td className="px-3 py-1">{formatValue(point.value)}</td>
              <td className="px-3 py-1 text-ink-2">
                {point.band ? `${formatValue(point.band.lo)} to ${formatValue(point.band.hi)}` : '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

async function coursesOf(anomaly: AnomalyDetail) {
  const given = replayable(anomaly);
  if (!given) return [];
  const { DetectorThread } = await import('@/lib/detector/client');
  const thread = new DetectorThread();
  try {
    return await thread.course(given.event, given.witness);
  } finally {
    thread.close();
  }
}

const number = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 4 });
const formatValue = (value: number) => number.format(value);
