import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { Input } from '@/components/ui/input';
import { Estimate } from '@/lib/api/billing';
import { useApi } from '@/lib/api/client';
import { formatCount } from '@/lib/format';
import { formatDollars } from '@/lib/money';
import { planName } from './plan-name';

const MOST = 1e12;
const read = (text: string) => Math.min(MOST, Number(text.replaceAll(/\D/g, '')));

/** The API's words with its figures grouped. */
const readable = (words: string) => words.replace(/\d{4,}/g, (figure) => formatCount(Number(figure)));

/** What so much a month would cost on each plan; the API does the sums. */
export function Calculator() {
  const api = useApi();
  const id = useId();
  const [events, setEvents] = useState('10,000,000');
  const [detections, setDetections] = useState('60,000');
  const query = useQuery({
    queryKey: ['estimate', read(events), read(detections)],
    queryFn: ({ signal }) =>
      api.request('/v1/billing/estimate', Estimate, {
        query: { events: read(events), detections: read(detections) },
        signal,
      }),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  const cheapest = Math.min(
    ...(query.data?.plans ?? []).flatMap((each) => (each.monthly_usd === null ? [] : [each.monthly_usd])),
  );
  const tidy = (set: (text: string) => void) => (event: React.FocusEvent<HTMLInputElement>) =>
    set(read(event.target.value).toLocaleString('en-GB'));
  return (
    <section aria-label="Cost calculator" className="mt-10">
      <h2 className="mb-2 text-lg">What would it cost?</h2>
      <div className="grid gap-x-8 gap-y-4 rounded-lg border border-line bg-panel p-4 sm:grid-cols-[minmax(0,16rem)_minmax(0,1fr)]">
        <div className="grid content-start gap-3">
          <div>
            <label htmlFor={`${id}-e`} className="text-sm font-medium text-ink-2">
              Events a month
            </label>
            <Input
              id={`${id}-e`}
              inputMode="numeric"
              value={events}
              onChange={(event) => setEvents(event.target.value)}
              onBlur={tidy(setEvents)}
            />
          </div>
          <div>
            <label htmlFor={`${id}-d`} className="text-sm font-medium text-ink-2">
              Detections a month
            </label>
            <Input
              id={`${id}-d`}
              inputMode="numeric"
              value={detections}
              onChange={(event) => setDetections(event.target.value)}
              onBlur={tidy(setDetections)}
            />
          </div>
        </div>
        <table className="self-start text-sm" aria-live="polite">
          <tbody>
            {(query.data?.plans ?? []).map((each) => (
              <tr key={each.plan} className="border-t border-line first:border-t-0">
                <th scope="row" className="py-2 pr-4 text-left font-medium">
                  {planName(each.plan)}
                  {each.monthly_usd !== null && each.monthly_usd === cheapest && (
                    <span className="ml-2 text-xs font-normal text-accent">cheapest</span>
                  )}
                </th>
                <td className="py-2 text-right tabular-nums">
                  {each.monthly_usd === null ? (
                    <span className="text-ink-2">{readable(each.reason ?? 'by agreement')}</span>
                  ) : (
                    `${formatDollars(each.monthly_usd)} a month`
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {query.isError && <p className="text-sm text-ink-2">The estimate could not be loaded.</p>}
      </div>
    </section>
  );
}
