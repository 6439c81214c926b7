// A feed that stays up: reconnects with growing, jittered pauses, resumes after the last event it saw, and notices
// a connection that went silent (the server pings every 15 s).
import type { ApiClient } from './api/client';
import { ApiError, SessionExpiredError } from './api/problem';
import { SseParser, type ServerSentEvent } from './sse';

export type FeedStatus = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'stopped';

export interface FeedOptions {
  path: '/v1/stream/anomalies';
  onEvent: (event: ServerSentEvent) => void;
  onStatus: (status: FeedStatus) => void;
  /** No byte for this long means the connection is dead. */
  silenceMs?: number;
  /** First pause before a reconnect; doubles up to 30 s. */
  backoffMs?: number;
}

const MAX_BACKOFF_MS = 30_000;

/** Opens the feed; returns the function that closes it. */
export function openFeed(api: Pick<ApiClient, 'send'>, options: FeedOptions): () => void {
  const { path, onEvent, onStatus, silenceMs = 45_000, backoffMs = 1_000 } = options;
  const closed = new AbortController();
  let lastId = '';
  let failures = 0;
  let serverRetry: number | null = null;
  let wake: () => void = () => undefined;

  const online = () => wake();
  window.addEventListener('online', online);

  async function connect(): Promise<void> {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    closed.signal.addEventListener('abort', abort);
    window.addEventListener('offline', abort);
    let silence = setTimeout(abort, silenceMs);
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (lastId) headers['Last-Event-ID'] = lastId;
      const response = await api.send(path, { headers, signal: attempt.signal });
      if (!response.body) return;
      onStatus('live');
      failures = 0;
      const parser = new SseParser(
        (event) => {
          lastId = event.id || lastId;
          onEvent(event);
        },
        (ms) => (serverRetry = ms),
      );
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || closed.signal.aborted) return;
        clearTimeout(silence);
        silence = setTimeout(abort, silenceMs);
        parser.feed(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(silence);
      attempt.abort();
      closed.signal.removeEventListener('abort', abort);
      window.removeEventListener('offline', abort);
    }
  }

  function pause(): Promise<void> {
    const base = serverRetry ?? backoffMs;
    const ceiling = Math.min(MAX_BACKOFF_MS, base * 2 ** Math.min(failures, 10));
    failures += 1;
    return new Promise((resolve) => {
      const timer = navigator.onLine ? setTimeout(done, ceiling * (0.5 + Math.random() / 2)) : undefined;
      wake = done;
      closed.signal.addEventListener('abort', done, { once: true });
      function done() {
        clearTimeout(timer);
        resolve();
      }
    });
  }

  async function run(): Promise<void> {
    onStatus('connecting');
    while (!closed.signal.aborted) {
      try {
        await connect();
      } catch (error) {
        if (isFinal(error)) {
          onStatus('stopped');
          return;
        }
      }
      if (closed.signal.aborted) return;
      onStatus(navigator.onLine ? 'reconnecting' : 'offline');
      await pause();
    }
  }

  void run();
  return () => {
    closed.abort();
    window.removeEventListener('online', online);
  };
}

// Asking again cannot help: signed out, or not allowed.
function isFinal(error: unknown): boolean {
  if (error instanceof SessionExpiredError) return true;
  return error instanceof ApiError && (error.status === 403 || error.status === 404);
}
