// Must show 2: the OTLP/HTTP part of the OTLP specification 1.x, each MUST (and the SHOULDs that clients rely on) as a test, for
// every signal in both encodings. https://opentelemetry.io/docs/specs/otlp/#otlphttp
import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { a, api, control, eventually, figure, freshStream, url } from '../support/stack.mjs';
import { newKey, newOrganization, newPerson } from '../tenants/people.mjs';
import { ENCODINGS, PROTOBUF, SIGNALS, gauge, logRecord, logsOf, metricsOf, post, span, tracesOf } from '../support/otlp.mjs';

const key = a.keys.full;
const NEVER_RETRIED = [400, 401, 403, 404, 405, 408, 413, 415, 422, 500];

/** One good and one bad record of each signal, by service. */
const REQUESTS = {
  logs: { good: (service) => logsOf(service, [logRecord(`one ${service}`)]), half: (service) => logsOf(service, [logRecord(`one ${service}`), logRecord('x'.repeat(300_000))]) },
  metrics: { good: (service) => metricsOf(service, [gauge('g', 1)]), half: (service) => metricsOf(service, [gauge('g', 1), { name: 'none' }]) },
  traces: { good: (service) => tracesOf(service, [span('one')]), half: (service) => tracesOf(service, [span('one'), span('two', { traceId: '00'.repeat(16) })]) },
};
const EMPTY = { logs: { resourceLogs: [] }, metrics: { resourceMetrics: [] }, traces: { resourceSpans: [] } };

const seen = async (stream) => (await api('GET', `/v1/streams/${encodeURIComponent(stream)}`, { as: key })).body.events_seen;

/** A refusal: google.rpc.Status in the request's encoding. */
function assertStatus(answer, encoding, status) {
  assert.equal(answer.status, status, answer.body.toString());
  assert.equal(answer.headers.get('content-type'), encoding.type);
  const { code, message } = encoding.status(answer.body);
  assert.ok(Number.isInteger(code) && code > 0, `code ${code}`);
  assert.match(message, /^[a-z_]+: ./);
  if (NEVER_RETRIED.includes(status)) assert.equal(answer.headers.get('retry-after'), null);
}

let rows = 0;
for (const [signalName, signal] of Object.entries(SIGNALS)) {
  for (const [encodingName, encoding] of Object.entries(ENCODINGS)) {
    const requests = REQUESTS[signalName];
    const send = (request, options = {}) => post(signal.path, encoding.encode(signal, request), { type: encoding.type, key, ...options });
    const row = (name, work) => test(`${signalName}, ${encodingName}: ${name}`, async (t) => {
      rows += 1;
      await work(t);
    });

    row('success is 200 with the export response in the request\'s encoding, partial_success unset', async () => {
      const answer = await send(requests.good(freshStream('conform')));
      assert.equal(answer.status, 200, answer.body.toString());
      assert.equal(answer.headers.get('content-type'), encoding.type);
      assert.deepEqual(encoding.response(signal, answer.body), {});
    });

    row('an empty request is a success', async () => {
      const answer = await send(EMPTY[signalName]);
      assert.equal(answer.status, 200);
      assert.deepEqual(encoding.response(signal, answer.body), {});
    });

    row('gzip', async () => {
      const body = zlib.gzipSync(encoding.encode(signal, requests.good(freshStream('conform'))));
      const answer = await post(signal.path, body, { type: encoding.type, key, headers: { 'content-encoding': 'gzip' } });
      assert.equal(answer.status, 200, answer.body.toString());
      assert.deepEqual(encoding.response(signal, answer.body), {});
    });

    row('partial success is 200 with the count and a message; what is good is kept', async () => {
      const service = freshStream('conform');
      const answer = await send(requests.half(service));
      assert.equal(answer.status, 200, answer.body.toString());
      const { partialSuccess } = encoding.response(signal, answer.body);
      assert.equal(String(partialSuccess[signal.rejected]), '1');
      assert.match(partialSuccess.errorMessage, /^1 (log records|data points|spans) rejected: 1 × [a-z_]+ \(first: record 1: /);
      const stream = { logs: `${service}/logs`, metrics: `${service}/metrics/g`, traces: `${service}/traces` }[signalName];
      await eventually('the good one', async () => (await seen(stream)) === 1);
    });

    row('bad data is 400 with a Status, and is not to be retried', async () => {
      const broken = encoding.type === PROTOBUF ? Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]) : Buffer.from('{"resourceLogs":[');
      assertStatus(await post(signal.path, broken, { type: encoding.type, key }), encoding, 400);
    });

    row('bad gzip is 400 with a Status', async () => {
      assertStatus(await post(signal.path, Buffer.from('no gzip'), { type: encoding.type, key, headers: { 'content-encoding': 'gzip' } }), encoding, 400);
    });

    row('no credentials, wrong ones and ones without the scope: 401, 401 and 403 with a Status', async () => {
      const body = encoding.encode(signal, EMPTY[signalName]);
      assertStatus(await post(signal.path, body, { type: encoding.type }), encoding, 401);
      assertStatus(await post(signal.path, body, { type: encoding.type, key: a.keys.revoked }), encoding, 401);
      assertStatus(await post(signal.path, body, { type: encoding.type, key: a.keys.read }), encoding, 403);
    });

    row('a body beyond the limit is 413 with a Status', async () => {
      const bomb = zlib.gzipSync(Buffer.alloc(9 << 20, 0x20));
      assertStatus(await post(signal.path, bomb, { type: encoding.type, key, headers: { 'content-encoding': 'gzip' } }), encoding, 413);
    });

    row('another method is 405', async () => {
      const response = await fetch(url + signal.path, { method: 'PUT', body: 'x', headers: { 'content-type': encoding.type, authorization: `Bearer ${key}` } });
      assertStatus({ status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) }, encoding, 405);
    });

    row('unknown fields are passed over', async () => {
      const request = requests.good(freshStream('conform'));
      if (encoding.type === PROTOBUF) {
        // field 99 of the request: a text nobody knows
        const body = Buffer.concat([encoding.encode(signal, request), Buffer.from([0x9a, 0x06, 0x03, 0x61, 0x62, 0x63])]);
        assert.equal((await post(signal.path, body, { type: encoding.type, key })).status, 200);
      } else {
        const answer = await send({ ...request, future: [{ deep: true }] });
        assert.deepEqual([answer.status, encoding.response(signal, answer.body)], [200, {}]);
      }
    });

    row('the same body again is recognised', async () => {
      const service = freshStream('conform');
      const request = requests.good(service);
      for (let i = 0; i < 3; i += 1) assert.equal((await send(request)).status, 200);
      const stream = { logs: `${service}/logs`, metrics: `${service}/metrics/g`, traces: `${service}/traces` }[signalName];
      await eventually('the count', async () => (await seen(stream)) !== undefined);
      assert.equal(await seen(stream), 1);
    });

    row('the content type may carry parameters', async () => {
      const answer = await post(signal.path, encoding.encode(signal, EMPTY[signalName]), { type: `${encoding.type}; charset=utf-8`, key });
      assert.equal(answer.status, 200, answer.body.toString());
    });
  }

  test(`${signalName}: a content type that is neither is 415`, async () => {
    rows += 1;
    const answer = await post(signal.path, Buffer.from('x'), { type: 'text/xml', key });
    assert.equal(answer.status, 415);
    assert.equal(JSON.parse(answer.body.toString()).code, 3);
  });
}

// the rules of OTLP's JSON
const jsonRules = [
  ['ids are hexadecimal in either case', (r) => ({ ...r, traceId: '5B8EFFF798038103D269B633813FC60C', spanId: 'EEE19B7EC3C1B174' }), true],
  ['ids in base64 are refused', (r) => ({ ...r, traceId: 'W47/95gDgQPSabYzgT/GDA==' }), false],
  ['enums are numbers', (r) => ({ ...r, severityNumber: 17 }), true],
  ['names of enums are refused', (r) => ({ ...r, severityNumber: 'SEVERITY_NUMBER_ERROR' }), false],
  ['64-bit integers come as text', (r) => ({ ...r, attributes: [{ key: 'n', value: { intValue: '9223372036854775807' } }] }), true],
  ['64-bit integers come as numbers', (r) => ({ ...r, timeUnixNano: Date.now() * 1e6, attributes: [{ key: 'n', value: { intValue: 42 } }] }), true],
  ['integers out of range are refused', (r) => ({ ...r, attributes: [{ key: 'n', value: { intValue: '9223372036854775808' } }] }), false],
  ['null is a field\'s default', (r) => ({ ...r, attributes: null, flags: null, severityText: null }), true],
  ['names are lowerCamelCase; others are unknown and passed over', (r) => ({ ...r, severity_number: 'x' }), true],
  ['unknown fields anywhere are passed over', (r) => ({ ...r, body: { stringValue: 'x', future: {} }, future: [[]] }), true],
  ['doubles beyond numbers come as text', (r) => ({ ...r, attributes: [{ key: 'n', value: { doubleValue: 'NaN' } }, { key: 'm', value: { doubleValue: '-Infinity' } }] }), true],
  ['bytes are base64', (r) => ({ ...r, body: { bytesValue: 'AQID' } }), true],
  ['bytes that are not base64 are refused', (r) => ({ ...r, body: { bytesValue: '***' } }), false],
];
for (const [name, change, good] of jsonRules) {
  test(`JSON: ${name}`, async () => {
    rows += 1;
    const service = freshStream('conform-json');
    const answer = await post('/v1/logs', JSON.stringify(logsOf(service, [change(logRecord('a')), logRecord('b')])), { type: 'application/json', key });
    assert.equal(answer.status, 200, answer.body.toString());
    const rejected = JSON.parse(answer.body.toString()).partialSuccess?.rejectedLogRecords ?? '0';
    assert.equal(rejected, good ? '0' : '1', answer.body.toString());
  });
}

test('a throttled client gets 429 with Retry-After and a Status', async (t) => {
  const owner = await newPerson('throttled');
  await newOrganization(owner, 'Throttled', 10);
  const { secret } = await newKey(owner, { name: 'otlp' });
  for (const encoding of Object.values(ENCODINGS)) {
    const answer = await eventually('a refusal', async () => {
      const tried = await post('/v1/logs', encoding.encode(SIGNALS.logs, EMPTY.logs), { type: encoding.type, key: secret });
      return tried.status !== 200 && tried;
    });
    assertStatus(answer, encoding, 429);
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    assert.equal(encoding.status(answer.body).code, 8);
    rows += 1;
  }
  figure(t, `${rows} rows of the table`);
});

test('a part that fails makes the whole 503 with Retry-After; the same request again is counted once', { skip: process.platform !== 'linux' && 'needs prlimit', timeout: 120_000 }, async () => {
  const [first, second] = [freshStream('part-a'), freshStream('part-b')];
  const encoding = ENCODINGS.protobuf;
  const both = { resourceLogs: [...logsOf(first, [logRecord('one'), logRecord('two')]).resourceLogs, ...logsOf(second, [logRecord('three')]).resourceLogs] };
  const body = encoding.encode(SIGNALS.logs, both);
  const send = () => post('/v1/logs', body, { type: encoding.type, key });
  await control('store/refuse');
  try {
    const answer = await send();
    assertStatus(answer, encoding, 503);
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    assert.equal(encoding.status(answer.body).code, 14);
  } finally {
    await control('store/accept');
  }
  await eventually('the retry', async () => (await send().catch(() => null))?.status === 200, { timeoutMs: 60_000, everyMs: 500 });
  assert.equal((await send()).status, 200);
  for (const [service, count] of [[first, 2], [second, 1]]) await eventually(`${service}'s count`, async () => (await seen(`${service}/logs`)) === count, { timeoutMs: 30_000 });
});

test('ingestion does not wait for the database', async () => {
  await control('postgrest/stop');
  try {
    const answer = await post('/v1/logs', ENCODINGS.protobuf.encode(SIGNALS.logs, REQUESTS.logs.good(freshStream('conform-outage'))), { type: PROTOBUF, key });
    assert.equal(answer.status, 200);
  } finally {
    await control('postgrest/start');
  }
});
