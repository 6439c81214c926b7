import { queryOptions } from '@tanstack/react-query';
import { AnomalyPage, sinceOf, type Anomaly, type AnomalyDetail, type Token } from '@/lib/api/anomaly';
import type { ApiClient, Query } from '@/lib/api/client';
import { keys } from './queries';

const DAY_MS = 86_400_000;
const NEAR_MS = 10 * 60_000;

const WEEK_MS = 7 * DAY_MS;
const LONGEST_TOKEN = 256;
const AROUND_PAGE = 200;
// One stream in a storm can fill several pages by itself.
const MOST_PAGES = 5;

/** The token that surprised most: what others may share. A metric's is a number, which says nothing elsewhere. */
export function tellingToken({ tokens, event_type }: AnomalyDetail): string | undefined {
  if (event_type === 'metric') return undefined;
  const dearest = (tokens ?? []).reduce<Token | undefined>(
    (best, token) => (best && best.bits >= token.bits ? best : token),
    undefined,
  );
  const text = dearest?.text;
  return text && new TextEncoder().encode(text).length <= LONGEST_TOKEN ? text : undefined;
}

/** The day around an anomaly in its own stream, the minutes around it in all, and the week's that share its oddest token. */
export const aroundQuery = (api: ApiClient, org: string, anomaly: AnomalyDetail) => {
  const token = tellingToken(anomaly);
  const at = Date.parse(anomaly.detected_at);
  const read = (query: Query, span: number, signal: AbortSignal) =>
    api.request('/v1/anomalies', AnomalyPage, {
      query: {
        ...query,
        from: new Date(at - span).toISOString(),
        to: new Date(at + span).toISOString(),
        limit: AROUND_PAGE,
      },
      signal,
    });
  // The API goes by detection; what was sent late may be of quite another time.
  const when = Date.parse(sinceOf(anomaly));
  const isElsewhere = (each: Anomaly) =>
    each.stream !== anomaly.stream && Math.abs(Date.parse(sinceOf(each)) - when) <= NEAR_MS;
  const readElsewhere = async (signal: AbortSignal) => {
    const elsewhere: Anomaly[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await read({ cursor }, NEAR_MS, signal);
      elsewhere.push(...answer.anomalies.filter(isElsewhere));
      cursor = answer.next_cursor ?? undefined;
      if (!cursor || elsewhere.length > 0) break;
    }
    return { elsewhere, lookedAtAll: !cursor };
  };
  return queryOptions({
    queryKey: [...keys.detail(org, anomaly.id), 'around'] as const,
    queryFn: async ({ signal }) => {
      const [own, { elsewhere, lookedAtAll }, sharing] = await Promise.all([
        read({ stream: anomaly.stream }, DAY_MS / 2, signal),
        readElsewhere(signal),
        token === undefined ? { anomalies: [] } : read({ token }, WEEK_MS, signal),
      ]);
      const shown = new Set([anomaly.id, ...elsewhere.map((each) => each.id)]);
      return {
        own: own.anomalies,
        elsewhere,
        lookedAtAll,
        token,
        sharing: sharing.anomalies.filter((each) => !shown.has(each.id)),
      };
    },
    staleTime: 60_000,
  });
};
