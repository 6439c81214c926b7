import { waitFor } from '@testing-library/react';
import { ApiError } from './api/problem';
import { openFeed, type FeedStatus } from './live-feed';

/** An API whose connections the test feeds and cuts. */
function connections() {
  const opened: { headers: Record<string, string>; write: (text: string) => void; cut: () => void }[] = [];
  const send = vi.fn(
    async (_path: string, options?: { headers?: Record<string, string>; signal?: AbortSignal }) => {
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
      options?.signal?.addEventListener('abort', () => {
        try {
          controller?.error(new DOMException('aborted', 'AbortError'));
        } catch {
          // Already closed.
        }
      });
      opened.push({
        headers: options?.headers ?? {},
        write: (text) => controller?.enqueue(new TextEncoder().encode(text)),
        cut: () => controller?.close(),
      });
      return new Response(body);
    },
  );
  return { opened, send };
}

function follow(send: ReturnType<typeof connections>['send'], silenceMs = 10_000) {
  const events: string[] = [];
  const statuses: FeedStatus[] = [];
  const close = openFeed(
    { send },
    {
      path: '/v1/stream/anomalies',
      silenceMs,
      backoffMs: 1,
      onEvent: (e) => events.push(e.data),
      onStatus: (s) => statuses.push(s),
    },
  );
  return { events, statuses, close };
}

describe('openFeed', () => {
  it('resumes after the last event it saw when the connection is cut', async () => {
    const { opened, send } = connections();
    const { events, statuses, close } = follow(send);
    await waitFor(() => expect(opened).toHaveLength(1));
    opened[0]?.write('id: 41\ndata: one\n\n');
    await waitFor(() => expect(events).toEqual(['one']));
    opened[0]?.cut();
    await waitFor(() => expect(opened).toHaveLength(2));
    expect(opened[1]?.headers['Last-Event-ID']).toBe('41');
    opened[1]?.write('id: 42\ndata: two\n\n');
    await waitFor(() => expect(events).toEqual(['one', 'two']));
    expect(statuses).toEqual(['connecting', 'live', 'reconnecting', 'live']);
    close();
  });

  it('takes a silent connection for dead', async () => {
    const { opened, send } = connections();
    const { close } = follow(send, 30);
    await waitFor(() => expect(opened.length).toBeGreaterThan(1));
    close();
  });

  it('stops for good when it is not allowed', async () => {
    const send = vi.fn(async () => {
      throw new ApiError(403, 'forbidden', 'Forbidden', undefined, undefined);
    });
    const { statuses } = follow(send);
    await waitFor(() => expect(statuses).toEqual(['connecting', 'stopped']));
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('tries again after a failure that may pass, and not after it was closed', async () => {
    const send = vi.fn(async () => {
      throw new ApiError(503, 'unavailable', 'Unavailable', undefined, undefined);
    });
    const { close } = follow(send);
    await waitFor(() => expect(send.mock.calls.length).toBeGreaterThan(2));
    close();
    const calls = send.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(send.mock.calls.length).toBeLessThanOrEqual(calls + 1);
  });
});
