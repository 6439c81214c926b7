// Work that can wait until the page has nothing better to do.

/** At the latest after this; Safari, which has no idle callback, waits a moment instead. */
const LATEST_MS = 3_000;
const A_MOMENT_MS = 200;

/** Calls back when the browser is idle. Returns what calls it off. */
export function whenIdle(callback: () => void): () => void {
  if (typeof requestIdleCallback === 'undefined') {
    const timer = setTimeout(callback, A_MOMENT_MS);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(callback, { timeout: LATEST_MS });
  return () => cancelIdleCallback(handle);
}

export const idle = (): Promise<void> => new Promise((resolve) => void whenIdle(resolve));

/** Ends the present task: the browser may paint and answer the person before going on. */
export const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));
