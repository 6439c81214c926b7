// Realistic answers of the API for tests and for looking at the pages. Never part of the build.

const encoder = new TextEncoder();
const byteLength = (text) => encoder.encode(text).length;

/** Splits a text the way the detector reports it: each word or mark with its byte range and bits. */
export function priced(text, odd = {}, expected = {}) {
  const tokens = [];
  for (const match of text.matchAll(/[\p{L}\p{N}_.-]+|[^\s\p{L}\p{N}]/gu)) {
    const start = byteLength(text.slice(0, match.index));
    const token = match[0];
    tokens.push({
      text: token,
      start,
      end: start + byteLength(token),
      bits: odd[token] ?? [0.1, 0.3, 0.8, 1.4, 0.2][tokens.length % 5],
      ...(expected[token] ? { expected: expected[token] } : {}),
    });
  }
  return tokens;
}

export function ago(minutes, now = Date.now()) {
  return new Date(now - minutes * 60_000).toISOString();
}

const ID = (n) => `7f3c1a52-0b6e-5c1d-9a77-${String(n).padStart(12, '0')}`;

const LOG =
  'WARN  charge declined provider=paygate-eu code=E4017 attempt=9 latency_ms=30012 order=81442 card=•••• 4242';
const LOG_NEAREST =
  'INFO  charge accepted provider=paygate-eu code=OK attempt=1 latency_ms=41 order=81437 card=•••• 1881';

const JSON_EVENT =
  '{"ts":"2026-11-21T03:12:07.482Z","level":"ERROR","service":"checkout-api","region":"eu-west-1","msg":"payment failed","http":{"method":"POST","path":"/v2/charges","status":502,"duration_ms":30012},"user":{"plan":"pro","country":"DE"},"upstream":"paygate-eu-canary","retries":9}';

/** Everything the detail page can show, for a log line. */
export function logDetail(overrides = {}) {
  return {
    id: ID(1),
    stream: 'checkout-api',
    event_type: 'log',
    timestamp: ago(4),
    detected_at: ago(4),
    score: 61.2,
    p_value: 0.00004,
    p_method: 'tail',
    q_value: 0.018,
    severity: 'high',
    status: 'new',
    reason: '“E4017” has never followed “code=” in this stream; “OK” stood there 41,210 times.',
    repeats: 14,
    group: null,
    source: 'detector',
    metadata: {},
    event: LOG,
    event_format: 'text',
    tokens: priced(
      LOG,
      { E4017: 24.6, declined: 14.2, 30012: 9.7, 9: 6.1, WARN: 4.4 },
      {
        E4017: [
          { text: 'OK', count: 41210 },
          { text: 'E2001', count: 12 },
          { text: 'E2004', count: 3 },
        ],
        declined: [{ text: 'accepted', count: 41188 }],
        30012: [
          { text: '30–80', count: 40102 },
          { text: '80–200', count: 1054 },
        ],
        9: [
          { text: '1', count: 40988 },
          { text: '2', count: 230 },
        ],
        WARN: [
          { text: 'INFO', count: 41190 },
          { text: 'ERROR', count: 35 },
        ],
      },
    ),
    fields: [],
    nearest: LOG_NEAREST,
    measures: {
      codec: 'zstd',
      compression_ratio_baseline: 0.184,
      compression_ratio_window: 0.263,
      delta_bits: 0.63,
      entropy_baseline: 4.91,
      entropy_window: 5.02,
      ncd: 0.41,
      p_value: 0.005,
      permutations: 199,
      bytes_baseline: 16_384,
      bytes_window: 16_320,
      compressed_baseline: 3015,
      compressed_window: 4292,
      compressed_combined: 5760,
      events_baseline: 160,
      events_window: 159,
      statistic: 'bits_per_byte',
      seed: 1,
    },
    status_changed_at: null,
    ncd_score: 0.41,
    glass_box_explanation: null,
    compression_baseline: 0.184,
    compression_window: 0.263,
    compression_combined: 0.22,
    baseline_data: null,
    window_data: null,
    witness: 'A'.repeat(5_200),
    algorithm: 'cbad-1',
    seed: '1',
    checkpoint: '9f2c66d01be47a8350c1f2aa0e1d7c44',
    generation: 0,
    seq: 48_140,
    ...overrides,
  };
}

/** The same for a JSON event. */
export function jsonDetail(overrides = {}) {
  return logDetail({
    id: ID(2),
    stream: 'checkout-api/json',
    severity: 'high',
    score: 48.9,
    p_value: 0.00011,
    repeats: 1,
    reason: 'Field upstream is “paygate-eu-canary”, never seen before; it was “paygate-eu” 18,344 times.',
    event: JSON_EVENT,
    event_format: 'json',
    tokens: priced(
      JSON_EVENT,
      { 'paygate-eu-canary': 22.8, 502: 11.5, 30012: 9.1, failed: 7.7, ERROR: 5.2, 9: 3.1 },
      {
        'paygate-eu-canary': [{ text: 'paygate-eu', count: 18344 }],
        502: [
          { text: '200', count: 18102 },
          { text: '201', count: 226 },
        ],
      },
    ),
    fields: [
      {
        path: 'upstream',
        bits: 22.8,
        text: 'paygate-eu-canary',
        expected: [{ text: 'paygate-eu', count: 18344 }],
      },
      {
        path: 'http.status',
        bits: 11.5,
        text: '502',
        expected: [
          { text: '200', count: 18102 },
          { text: '201', count: 226 },
        ],
      },
      { path: 'http.duration_ms', bits: 9.1, text: '30012', expected: [{ text: '30–80', count: 17900 }] },
      { path: 'level', bits: 5.2, text: 'ERROR', expected: [{ text: 'INFO', count: 18301 }] },
    ],
    nearest: JSON_EVENT.replace('ERROR', 'INFO')
      .replace('payment failed', 'payment settled')
      .replace('502', '200')
      .replace('30012', '44')
      .replace('paygate-eu-canary', 'paygate-eu')
      .replace('"retries":9', '"retries":0'),
    ...overrides,
  });
}

const EVIDENCE = [
  'event',
  'event_format',
  'tokens',
  'fields',
  'nearest',
  'measures',
  'witness',
  'algorithm',
  'seed',
  'checkpoint',
  'status_changed_at',
  'ncd_score',
  'glass_box_explanation',
  'compression_baseline',
  'compression_window',
  'compression_combined',
  'baseline_data',
  'window_data',
  'generation',
  'seq',
];

/** The list form: without the evidence. */
export function summary(detail) {
  return Object.fromEntries(Object.entries(detail).filter(([name]) => !EVIDENCE.includes(name)));
}

const ROWS = [
  [
    'auth',
    'log',
    'medium',
    'acknowledged',
    38.4,
    0.00031,
    22,
    3,
    'Login failures from one address: “198.51.100.7” 212 times in a minute, usually at most 4.',
  ],
  [
    'metrics/cpu',
    'metric',
    'medium',
    'new',
    35.7,
    0.0004,
    41,
    1,
    'Value 97.4 is far above the 31 to 46 expected at this hour.',
  ],
  [
    'llm/support-bot',
    'llm',
    'low',
    'new',
    24.1,
    0.0009,
    73,
    1,
    'The answer repeats “I cannot help with that” where answers of this kind name an order number.',
  ],
  [
    'ingest-worker',
    'log',
    'low',
    'resolved',
    22.8,
    0.00095,
    160,
    2,
    '“checksum mismatch on segment” has not been seen since this stream began.',
  ],
  [
    'traces/api',
    'trace',
    'high',
    'resolved',
    57.0,
    0.00006,
    1510,
    31,
    'Span “db.query” took 8.2 s under “GET /v2/orders”; 12 to 60 ms is usual.',
  ],
  [
    'checkout-api',
    'log',
    'low',
    'false_positive',
    21.3,
    0.001,
    1622,
    1,
    '“maintenance window begins” has never been seen in this stream.',
  ],
  [
    'auth',
    'log',
    'medium',
    'resolved',
    33.3,
    0.0005,
    2950,
    1,
    '“kid=2026-11” is a signing key that no token of this stream has named before.',
  ],
  [
    'metrics/queue',
    'metric',
    'low',
    'acknowledged',
    20.6,
    0.001,
    3100,
    6,
    'The queue has grown for 40 minutes; it empties every 5 minutes as a rule.',
  ],
];

export function anomalies() {
  const rows = ROWS.map(
    ([stream, event_type, severity, status, score, p_value, minutes, repeats, reason], index) =>
      summary(
        logDetail({
          id: ID(100 + index),
          stream,
          event_type,
          severity,
          status,
          score,
          p_value,
          p_method: p_value < 0.0005 ? 'tail' : 'rank',
          timestamp: ago(minutes),
          detected_at: ago(minutes),
          repeats,
          reason,
        }),
      ),
  );
  return [summary(logDetail()), summary(jsonDetail({ timestamp: ago(9), detected_at: ago(9) })), ...rows];
}

export function streams() {
  return [
    ['checkout-api', 'log', 'ready', 48_211, 14, 0.5, 0.1],
    ['checkout-api/json', 'log', 'ready', 18_344, 6, 0.5, 0.2],
    ['auth', 'log', 'ready', 20_931, 9, 0.7, 0.4],
    ['metrics/cpu', 'metric', 'drifting', 120_402, 22, 0.5, 0.1],
    ['llm/support-bot', 'llm', 'learning', 212, 1, 0.5, 6],
    ['traces/api', 'trace', 'ready', 1_204_332, 130, 0.3, 0.1],
  ].map(([stream, event_type, state, events_seen, anomalies_seen, sensitivity, minutes]) => ({
    stream,
    event_type,
    state,
    events_seen,
    anomalies_seen,
    sensitivity,
    shards: 1,
    generation: 0,
    algorithm: 'cbad-1',
    first_event_at: ago(60 * 24 * 12),
    last_event_at: ago(minutes),
    created_at: ago(60 * 24 * 12),
  }));
}

export const me = {
  user: { id: '11111111-1111-4111-8111-111111111111', email: 'demo@driftlock.local' },
  organizations: [
    {
      id: '22222222-2222-4222-8222-222222222222',
      name: 'Northwind Payments',
      role: 'owner',
      plan: 'standard',
    },
  ],
};

/** What an organisation's plan looks like; `usage` may be overridden in part. */
export function billing({ usage = {}, ...overrides } = {}) {
  return {
    status: 'active',
    plan: 'standard',
    trial_ends_at: null,
    trial_days_remaining: null,
    trial_available: false,
    grace_period_ends_at: null,
    grace_days_remaining: null,
    current_period_start: '2026-11-01T00:00:00Z',
    current_period_end: '2026-12-01T00:00:00Z',
    cancel_at_period_end: false,
    hard_cap: false,
    cap_reached: false,
    disputed_at: null,
    usage: {
      period_start: '2026-11-01',
      period_end: '2026-12-01',
      events: 18_412_090,
      detections: 31_877,
      unrecorded_detections: 0,
      included_events: 50_000_000,
      included_detections: 50_000,
      percent: 63.8,
      overage_detections: 0,
      overage_cost_usd: 0,
      forecast: { events: 27_300_000, detections: 47_200, cost_usd: 49 },
      recording: true,
      streams: 6,
      members: 4,
      alerts: [],
      ...usage,
    },
    ...overrides,
  };
}

export function usageDetails() {
  const days = Array.from({ length: 21 }, (_, index) => ({
    day: `2026-11-${String(index + 1).padStart(2, '0')}`,
    events: 700_000 + ((index * 7919) % 13) * 31_000 - (index % 7 > 4 ? 380_000 : 0),
    detections: 1200 + ((index * 104_729) % 17) * 60,
  }));
  return {
    days,
    streams: streams().map((stream, index) => ({
      stream: stream.stream,
      events: stream.events_seen * 9,
      detections: 9_000 - index * 1_400,
      anomaly_rate: (9_000 - index * 1_400) / (stream.events_seen * 9),
    })),
    late: [],
  };
}

export function estimate(detections = 60_000, events = 0) {
  return {
    events,
    detections,
    plans: [
      { plan: 'developer', fits: false, monthly_usd: null, reason: 'more than 1,000 detections' },
      {
        plan: 'standard',
        fits: true,
        monthly_usd: 49 + Math.max(0, detections - 50_000) * 0.001,
        reason: null,
      },
      { plan: 'growth', fits: true, monthly_usd: 249, reason: null },
      { plan: 'enterprise', fits: true, monthly_usd: null, reason: 'by agreement' },
    ],
  };
}

export const invoices = () => ({
  invoices: [
    {
      id: 'in_2',
      number: 'DL-0002',
      status: 'paid',
      amount_due: 5120,
      currency: 'usd',
      created_at: '2026-11-01T00:00:00Z',
      pdf_url: 'https://invoice.example/2.pdf',
      hosted_url: 'https://invoice.example/2',
    },
    {
      id: 'in_1',
      number: 'DL-0001',
      status: 'paid',
      amount_due: 4900,
      currency: 'usd',
      created_at: '2026-10-01T00:00:00Z',
      pdf_url: null,
      hosted_url: null,
    },
  ],
  next_cursor: null,
});

/** The newest scores of a stream: exponential, as they are where nothing is wrong, with a few high ones. */
export function recentScores(count = 1_500) {
  let state = 7;
  const scores = Array.from({ length: count }, (_, index) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const usual = -Math.log2(((state >>> 8) + 1) / 2 ** 24) * 0.7;
    return Number((index % 401 === 400 ? 14 + usual : Math.min(usual, 7.2)).toFixed(3));
  });
  return {
    stream: 'checkout-api',
    state: 'ready',
    sensitivity: 0.5,
    alpha: 10 ** -2.4,
    events_seen: 48_211,
    event_type: 'log',
    first_index: 48_211 - count,
    learning_events: 128,
    generation: 0,
    runs: [{ first_seq: 48_211 - count, count }],
    scores,
  };
}
