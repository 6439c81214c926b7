// A load test for an installation of your own, with k6 (https://k6.io):
//
//   k6 run -e DRIFTLOCK_URL=https://driftlock.example -e DRIFTLOCK_API_KEY=dlk_live_… tests/load/driftlock-load-test.js
//
// STREAMS (10), BATCH (100), VUS (10) and DURATION (1m) can be set the same way. Every event counts: use an organisation for tests.
// The run fails if a threshold is missed: any request that is refused or lost, or answers slower than stated.
import { check } from 'k6';
import http from 'k6/http';
import { Counter, Rate } from 'k6/metrics';

const url = __ENV.DRIFTLOCK_URL || 'http://127.0.0.1:8787';
const key = __ENV.DRIFTLOCK_API_KEY;
const streams = Number(__ENV.STREAMS || 10);
const batch = Number(__ENV.BATCH || 100);

const accepted = new Counter('driftlock_events_accepted');
const anomalies = new Counter('driftlock_anomalies');
const whole = new Rate('driftlock_batches_whole');

export const options = {
  scenarios: { ingest: { executor: 'constant-vus', vus: Number(__ENV.VUS || 10), duration: __ENV.DURATION || '1m' } },
  thresholds: {
    http_req_failed: ['rate<0.001'],
    http_req_duration: ['p(50)<200', 'p(99)<1000'],
    driftlock_batches_whole: ['rate>0.999'],
  },
};

export function setup() {
  if (!key) throw new Error('set DRIFTLOCK_API_KEY: a key with the scope ingest');
}

function line(i) {
  const ms = 5 + Math.floor(Math.random() * 80);
  return `GET /api/orders/${Math.floor(Math.random() * 100000)} 200 in ${ms} ms, ${i % 7} items from shard ${i % 4}`;
}

export default function ingest() {
  const stream = `k6-${__VU % streams}`;
  const events = [];
  for (let i = 0; i < batch; i += 1) events.push({ stream, event_type: 'log', data: line(i) });
  const response = http.post(`${url}/v1/events`, JSON.stringify(events), {
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}`, 'Idempotency-Key': `${__VU}-${__ITER}-${Date.now()}` },
  });
  const answer = response.status === 200 ? response.json() : null;
  check(response, { 'answered 200': (r) => r.status === 200 });
  whole.add(answer !== null && answer.accepted + answer.duplicates === batch);
  if (answer !== null) {
    accepted.add(answer.accepted);
    anomalies.add(answer.anomalies.length);
  }
}
