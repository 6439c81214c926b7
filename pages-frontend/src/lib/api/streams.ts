import { queryOptions } from '@tanstack/react-query';
import * as z from 'zod/mini';
import type { ApiClient } from './client';

export const Stream = z.object({
  stream: z.string(),
  event_type: z.nullish(z.string()),
  state: z.string(),
  events_seen: z.number(),
  anomalies_seen: z.nullish(z.number()),
  sensitivity: z.nullish(z.number()),
  last_event_at: z.nullish(z.string()),
  created_at: z.nullish(z.string()),
});
export type Stream = z.output<typeof Stream>;

/** Events after which a stream has learnt enough to report (MIN_EVENTS of the detector). */
export const LEARNING_EVENTS = 128;
const LEARNING_POINTS = 350;

/** The same for a stream of its type: numbers take longer (MIN_POINTS). */
export const learningEventsOf = (stream: Pick<Stream, 'event_type'>): number =>
  stream.event_type === 'metric' ? LEARNING_POINTS : LEARNING_EVENTS;

const StreamPage = z.object({ streams: z.array(Stream), next_cursor: z.nullish(z.string()) });

// A list for choosing from: an organisation with more streams than this filters by typing in the API.
const MAX_PAGES = 10;

export const streamsQuery = (api: ApiClient, org: string) =>
  queryOptions({
    queryKey: ['streams', org],
    queryFn: async ({ signal }) => {
      const streams: Stream[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; page++) {
        const answer = await api.request('/v1/streams', StreamPage, {
          query: { limit: 100, cursor },
          signal,
        });
        streams.push(...answer.streams);
        if (!answer.next_cursor) break;
        cursor = answer.next_cursor;
      }
      return streams;
    },
    staleTime: 15_000,
  });

export const streamPath = (name: string) => `/v1/streams/${encodeURIComponent(name)}` as const;
