// The organisation's live feed, opened once for all pages. Pages listen; the provider keeps the connection.
import { createContext, useContext, useEffect, useEffectEvent, useSyncExternalStore } from 'react';
import { Anomaly } from './api/anomaly';
import type { ApiClient } from './api/client';
import { openFeed, type FeedStatus } from './live-feed';

type Listener = (anomalies: readonly Anomaly[]) => void;

// Arrivals are handed on together, so that a storm of them does not render the page once each.
const BATCH_MS = 200;
// Arrivals remembered by id.
const MOST_REMEMBERED = 1_000;
type GapListener = () => void;

export class AnomalyFeed {
  #listeners = new Set<Listener>();
  #gapListeners = new Set<GapListener>();
  #statusListeners = new Set<() => void>();
  #status: FeedStatus = 'connecting';
  #batch: Anomaly[] = [];
  #arrived = new Set<string>();

  /** Connects; returns the function that disconnects. */
  open(api: Pick<ApiClient, 'send'>): () => void {
    return openFeed(api, {
      path: '/v1/stream/anomalies',
      onStatus: (status) => {
        this.#status = status;
        this.#statusListeners.forEach((each) => each());
      },
      onEvent: (event) => {
        // The server no longer holds all that was missed: lists must be read again.
        if (event.event === 'gap') this.#gapListeners.forEach((each) => each());
        if (event.event !== 'anomaly') return;
        const anomaly = parse(event.data);
        if (anomaly) this.#add(anomaly);
      },
    });
  }

  #add(anomaly: Anomaly): void {
    const [oldest] = this.#arrived;
    if (oldest !== undefined && this.#arrived.size >= MOST_REMEMBERED) this.#arrived.delete(oldest);
    this.#arrived.add(anomaly.id);
    this.#batch.push(anomaly);
    if (this.#batch.length > 1) return;
    setTimeout(() => {
      const batch = this.#batch;
      this.#batch = [];
      this.#listeners.forEach((each) => each(batch));
    }, BATCH_MS);
  }

  /** Whether the feed has told of it since the page was opened. */
  hasToldOf(id: string): boolean {
    return this.#arrived.has(id);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  listenForGaps(listener: GapListener): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  readonly subscribeStatus = (listener: () => void): (() => void) => {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  };

  readonly status = (): FeedStatus => this.#status;
}

function parse(data: string): Anomaly | undefined {
  try {
    return Anomaly.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
}

export const FeedContext = createContext<AnomalyFeed | null>(null);

export function useFeed(): AnomalyFeed {
  const feed = useContext(FeedContext);
  if (!feed) throw new Error('no feed above this component');
  return feed;
}

/** Calls back with the anomalies that arrive while the component is mounted, oldest first. */
export function useArrivals(listener: Listener): void {
  const feed = useFeed();
  const onArrival = useEffectEvent(listener);
  useEffect(() => feed.listen((anomalies) => onArrival(anomalies)), [feed]);
}

/** Calls back whenever arrivals may have been missed: the feed has just (re)connected, or says so itself. */
export function useMissedArrivals(listener: () => void): void {
  const feed = useFeed();
  const status = useFeedStatus();
  const onMissed = useEffectEvent(listener);
  useEffect(() => feed.listenForGaps(() => onMissed()), [feed]);
  useEffect(() => {
    if (status === 'live') onMissed();
  }, [status]);
}

export function useFeedStatus(): FeedStatus {
  const feed = useFeed();
  return useSyncExternalStore(feed.subscribeStatus, feed.status);
}
