// The scores that a stream remembers. Apart from the list of streams, which the first page needs.
import { queryOptions } from '@tanstack/react-query';
import * as z from 'zod/mini';
import type { ApiClient } from './client';
import { streamPath } from './streams';

/** How improbable the newest events of a stream were, oldest first, in bits. */
const Recent = z.object({
  state: z.string(),
  sensitivity: z.number(),
  alpha: z.number(),
  events_seen: z.number(),
  first_index: z.number(),
  learning_events: z.number(),
  generation: z.number(),
  /** Which events the scores are of, in their order; one run for each shard. */
  runs: z.array(z.object({ first_seq: z.number(), count: z.number() })),
  scores: z.array(z.number()),
});
export type Recent = z.output<typeof Recent>;

/** Where an event's score is among those that its stream remembers, and those of its shard: `from` to before `to`. */
export function placeOf(
  recent: Pick<Recent, 'generation' | 'runs'>,
  event: { generation?: number | undefined; seq?: number | undefined },
): { at: number; from: number; to: number } | undefined {
  if (event.seq === undefined || event.generation !== recent.generation) return undefined;
  let from = 0;
  for (const { first_seq, count } of recent.runs) {
    const within = event.seq - first_seq;
    if (within >= 0 && within < count) return { at: from + within, from, to: from + count };
    from += count;
  }
  return undefined;
}

/**
 * The newest scores, oldest first, and from which of them on the stream had learnt enough. Of a stream in several shards
 * the newest of each take turns: which of two shards' events came first is not told.
 */
export function newestScores(
  { scores, runs, first_index, learning_events }: Recent,
  most: number,
): { scores: number[]; readyAt: number } {
  if (runs.length > 1) {
    const newest: number[] = [];
    const longest = Math.max(...runs.map((run) => run.count));
    for (let back = 1; back <= longest && newest.length < most; back++) {
      let end = scores.length;
      for (const { count } of runs.toReversed()) {
        const score = back <= count ? scores[end - back] : undefined;
        if (score !== undefined) newest.push(score);
        end -= count;
      }
    }
    return { scores: newest.slice(0, most).reverse(), readyAt: 0 };
  }
  const from = Math.max(0, scores.length - most);
  return { scores: scores.slice(from), readyAt: Math.max(0, learning_events - first_index - from) };
}

export const recentQuery = (api: ApiClient, org: string, name: string) =>
  queryOptions({
    queryKey: ['stream', org, name, 'recent'] as const,
    queryFn: ({ signal }) => api.request(`${streamPath(name)}/recent` as const, Recent, { signal }),
  });
