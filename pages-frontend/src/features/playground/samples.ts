// Invented data with something to find in it, the same every time.
import type { Format } from '@/lib/detector/protocol';
import { exampleLog } from '@/lib/example-log';

export interface Sample {
  id: string;
  label: string;
  name: string;
  format: Format;
  text: () => string | Promise<string>;
}

function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
}

const START = Date.UTC(2026, 10, 20, 9, 0, 0);
const pick = <T>(below: (n: number) => number, list: readonly T[]): T => list[below(list.length)] as T;
function requestsJson(): string {
  const below = dice(11);
  return Array.from({ length: 2000 }, (_, i) => {
    const odd = i === 1490;
    const [method, path] = pick(below, [
      ['GET', '/v2/orders'],
      ['GET', '/v2/cart'],
      ['POST', '/v2/charges'],
      ['GET', '/v2/stock'],
    ] as const);
    return JSON.stringify({
      level: 'INFO',
      service: 'api',
      method,
      path,
      status: pick(below, [200, 200, 200, 200, 201, 304]),
      ms: 12 + below(80),
      country: pick(below, ['DE', 'FR', 'NL', 'AT']),
      upstream: odd ? 'paygate-canary' : 'paygate-eu',
    });
  }).join('\n');
}

function temperatureCsv(): string {
  const below = dice(5);
  const rows = Array.from({ length: 2016 }, (_, i) => {
    const at = new Date(START + i * 300_000).toISOString();
    const usual = 21 + 2.4 * Math.sin((i / 288) * 2 * Math.PI) + (below(100) - 50) / 120;
    return `${at},${(i === 1544 ? 33.7 : usual).toFixed(2)}`;
  });
  return ['timestamp,celsius', ...rows].join('\n');
}

export const SAMPLES: readonly Sample[] = [
  { id: 'checkout', label: 'Shop log', name: 'checkout.log', format: 'lines', text: exampleLog },
  { id: 'requests', label: 'JSON requests', name: 'requests.ndjson', format: 'ndjson', text: requestsJson },
  {
    id: 'temperature',
    label: 'Temperature CSV',
    name: 'temperature.csv',
    format: 'csv',
    text: temperatureCsv,
  },
];
