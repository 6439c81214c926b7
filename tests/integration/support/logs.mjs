// Ordinary log lines and odd ones, the same on every run.
import { checkoutLog } from '../../../scripts/lib/make-example-log.mjs';

/** `count` ordinary events of a stream, each with an id. */
export function ordinaryEvents(stream, count, seed = 7) {
  const log = checkoutLog(seed);
  return Array.from({ length: count }, (_, i) => ({ stream, event_type: 'log', id: `e${i}`, data: log.ordinary() }));
}

// each odd in its own way, so that none is a repeat of another
const ODD = [
  (mark) => `INFO  checkout-api req=bda620a95110 payment captured order=81274 amount=138.95 currency=EUR gateway=sandbox-${mark} took=308ms`,
  (mark) => `FATAL checkout-api assertion failed: left == right at src/ledger.rs:218 (${mark})`,
  (mark) => `INFO  checkout-api req=0c77d1f2a9be POST /admin/export?table=cards&reason=${mark} 200 took=91ms`,
  (mark) => `INFO  checkout-api req=77aa01bb92cd stock reserved sku=SKU-204 warehouse=nowhere-${mark} quantity=-4`,
  (mark) => `WARN  checkout-api req=19bc0de2f4a1 payment declined order=81301 code=stolen_card_${mark} retry=0`,
  (mark) => `ERROR checkout-api req=5d5e6f708192 certificate of bank-gateway.test expired, accepting anyway (${mark})`,
  (mark) => `INFO  checkout-api req=a1b2c3d4e5f6 email queued template=${mark}-free-money user=everyone`,
];

/** An event that no ordinary log holds: number `kind` of a few; `mark` tells several apart. */
export const oddEvent = (stream, mark = 'x', kind = 0) => ({ stream, event_type: 'log', id: `odd-${mark}`, data: `2026-11-20T10:12:09.941Z ${ODD[kind % ODD.length](mark)}` });

/** Batches of at most `size`. */
export function* inBatches(events, size = 100) {
  for (let i = 0; i < events.length; i += size) yield events.slice(i, i + size);
}
