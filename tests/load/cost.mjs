// What a million events cost on Cloudflare's Workers Paid plan, from measured figures and list prices beyond what is included.
// Prices as Cloudflare's documentation has them in November 2026:
//   https://developers.cloudflare.com/workers/platform/pricing/          requests, CPU
//   https://developers.cloudflare.com/durable-objects/platform/pricing/  requests, duration, rows; a set alarm is a row too
const PRICES = {
  workerRequest: 0.3 / 1e6,
  cpuMs: 0.02 / 1e6,
  objectRequest: 0.15 / 1e6,
  gigabyteSecond: 12.5 / 1e6,
  rowWritten: 1.0 / 1e6,
};
/** An object is billed as 128 MB for as long as it works on requests. */
const OBJECT_GB = 0.128;

/**
 * `batch`: events of a request, all for one stream. `cpuMs`: processor time of such a request, Worker and object together.
 * `seconds`: how long the object works on it (the whole round trip, an upper bound). `rows`: SQLite rows it writes; null if unknown.
 * Also an upper bound: an object's processor time is charged here as a Worker's, though Cloudflare charges an object's duration only.
 * Left out, for together they are a few hundredths of the sum: rows read ($0.001 a million), alarms (one a minute at most), the
 * few rows and requests of anomalies on their way to the database.
 */
export function costTable({ batch, cpuMs, seconds, rows }) {
  const requests = 1e6 / batch;
  const lines = [
    ['Worker requests', requests, requests * PRICES.workerRequest],
    ['CPU, ms', requests * cpuMs, requests * cpuMs * PRICES.cpuMs],
    ['Durable Object requests', requests, requests * PRICES.objectRequest],
    ['Durable Object duration, GB-s', requests * seconds * OBJECT_GB, requests * seconds * OBJECT_GB * PRICES.gigabyteSecond],
    ['SQLite rows written', rows === null ? NaN : requests * rows, rows === null ? NaN : requests * rows * PRICES.rowWritten],
  ];
  const number = (value) => (Number.isNaN(value) ? 'not measured' : value.toLocaleString('en-US', { maximumFractionDigits: 0 }));
  const dollars = (value) => (Number.isNaN(value) ? '' : `$${value.toFixed(4)}`);
  const sum = lines.reduce((total, [, , cost]) => total + (Number.isNaN(cost) ? 0 : cost), 0);
  return [
    `A million events in batches of ${batch}, at list prices (aim: at most $0.10):\n`, '| | measured | cost |', '|---|---|---|',
    ...lines.map(([name, amount, cost]) => `| ${name} | ${number(amount)} | ${dollars(cost)} |`), `| sum | | ${dollars(sum)} |`,
  ].join('\n');
}
