// Ordinary log lines and odd ones, the same on every run.
import { checkoutLog } from '../../../scripts/lib/make-example-log.mjs';

/** `count` ordinary events of a stream, each with an id. */
export function ordinaryEvents(stream, count, seed = 7) {
  const log = checkoutLog(seed);
  return Array.from({ length: count }, (_, i) => ({ stream, event_type: 'log', id: `e${i}`, data: log.ordinary() }));
}

/** An event that no ordinary log holds; `mark` tells several apart. */
export const oddEvent = (stream, mark = 'x') => ({
  stream, event_type: 'log', id: `odd-${mark}`,
  data: `2026-11-20T10:12:09.941Z INFO  checkout-api req=bda620a95110 payment captured order=81274 amount=138.95 currency=EUR gateway=sandbox-${mark} took=308ms`,
});

/** Batches of at most `size`. */
export function* inBatches(events, size = 100) {
  for (let i = 0; i < events.length; i += size) yield events.slice(i, i + size);
}
