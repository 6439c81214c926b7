// Events per second of each stream, from the counters that the API shows: the difference over the last minute.
import { useEffect, useState } from 'react';
import type { Stream } from './api/streams';

export interface Reading {
  at: number;
  counts: ReadonlyMap<string, number>;
}

const WINDOW_MS = 60_000;

/** Adds a reading and forgets those older than the window, keeping one beyond it as the base. */
export function withReading(history: readonly Reading[], next: Reading): readonly Reading[] {
  if (history.at(-1)?.at === next.at) return history;
  const kept = [...history, next];
  const base = kept.findLastIndex((reading) => reading.at <= next.at - WINDOW_MS);
  return base > 0 ? kept.slice(base) : kept;
}

/** Events per second, or undefined before a second reading. A counter that fell (the stream was reset) starts anew. */
export function rateOf(history: readonly Reading[], stream: string): number | undefined {
  const last = history.at(-1);
  const now = last?.counts.get(stream);
  if (!last || now === undefined) return undefined;
  const base = history.find((reading) => (reading.counts.get(stream) ?? Infinity) <= now);
  const before = base?.counts.get(stream);
  if (!base || before === undefined || base.at >= last.at) return undefined;
  return (now - before) / ((last.at - base.at) / 1000);
}

export function useRates(
  streams: readonly Stream[] | undefined,
  readAt: number,
): (stream: string) => number | undefined {
  const [history, setHistory] = useState<readonly Reading[]>([]);
  useEffect(() => {
    if (!streams || readAt === 0) return;
    const counts = new Map(streams.map((stream) => [stream.stream, stream.events_seen]));
    // eslint-disable-next-line react-hooks/set-state-in-effect -- a reading of an outside counter, kept over time
    setHistory((old) => withReading(old, { at: readAt, counts }));
  }, [streams, readAt]);
  return (stream) => rateOf(history, stream);
}

export function formatRate(rate: number | undefined): string {
  if (rate === undefined) return 'measuring';
  if (rate === 0) return 'idle';
  if (rate < 0.1) return `${Number((rate * 60).toPrecision(2))} a minute`;
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en-GB')} a second`;
}
