// The log that the repository ships: a day's slice of an invented shop, with one odd line in it.

/** examples/checkout.log; loaded on demand. */
export async function exampleLog(): Promise<string> {
  return (await import('../../../examples/checkout.log?raw')).default.trimEnd();
}

/** A line without its time, service and request id: short enough for a phone. */
export const shortened = (line: string): string => line.replace(/^\S+ (\w+) +checkout-api req=\w+ /, '$1 ');

/** The odd line's beginning, and what it says. */
export const ODD_START = '2026-11-20T09:32:09.941Z INFO  checkout-api req=bda620a95110 ';
export const ODD_MESSAGE =
  'payment captured order=81274 amount=138.95 currency=EUR gateway=sandbox took=308ms';
