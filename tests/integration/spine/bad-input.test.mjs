// Must show 8: whatever is sent, the answer is a problem with a stable code, or a rejected record; never a 500.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { a, api, assertProblem, b, figure, freshStream } from '../support/stack.mjs';

const json = { 'content-type': 'application/json' };
const gzip = { ...json, 'content-encoding': 'gzip' };
const event = (more) => ({ stream: 'bad-input', data: 'x', ...more });
const key = a.keys.full;
const post = (body, headers = json, as = key) => ({ method: 'POST', path: '/v1/events', body, headers, as });
const MiB = 1 << 20;

// name, request, status, code
const refused = [
  ['not JSON', post('{"stream":'), 400, 'invalid_json'],
  ['empty body', post(''), 400, 'invalid_json'],
  ['not UTF-8', post(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 400, 'invalid_json'],
  ['a number', post('5'), 400, 'invalid_body'],
  ['a string', post('"x"'), 400, 'invalid_body'],
  ['null', post('null'), 400, 'invalid_body'],
  ['events is no array', post('{"events":5}'), 400, 'invalid_body'],
  ['10,001 events', post(`[${Array(10_001).fill('{"data":"x"}').join(',')}]`), 413, 'too_many_events'],
  ['a body of 9 MiB', post(JSON.stringify(event({ data: 'x'.repeat(9 * MiB) }))), 413, 'body_too_large'],
  ['bad gzip', post(Buffer.from('this is not gzip'), gzip), 400, 'invalid_encoding'],
  ['truncated gzip', post(zlib.gzipSync(JSON.stringify(event({ data: 'x'.repeat(5000) }))).subarray(0, 40), gzip), 400, 'invalid_encoding'],
  ['a gzip bomb', post(zlib.gzipSync(Buffer.alloc(200 * MiB, 0x20)), gzip), 413, 'body_too_large'],
  ['unknown encoding', post('{}', { ...json, 'content-encoding': 'br' }), 415, 'unsupported_media_type'],
  ['unknown media type', post('<event/>', { 'content-type': 'application/xml' }), 415, 'unsupported_media_type'],
  ['no key', post(JSON.stringify(event()), json, null), 401, 'missing_credentials'],
  ['a key that is none', post(JSON.stringify(event()), json, 'hello'), 401, 'invalid_credentials'],
  ['a key with a typing error', post(JSON.stringify(event()), json, `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`), 401, 'invalid_credentials'],
  ['an expired key', post(JSON.stringify(event()), json, a.keys.expired), 401, 'invalid_credentials'],
  ['a revoked key', post(JSON.stringify(event()), json, a.keys.revoked), 401, 'invalid_credentials'],
  ['a key without scope', post(JSON.stringify(event()), json, a.keys.read), 403, 'insufficient_scope'],
  ['another organisation in the event', post(JSON.stringify(event({ organization_id: b.id }))), 403, 'organization_mismatch'],
  ['another organisation in one of many', post(JSON.stringify([event(), event({ organization_id: b.id })])), 403, 'organization_mismatch'],
  ['another organisation around the events', post(JSON.stringify({ organization_id: b.id, events: [event()] })), 403, 'organization_mismatch'],
  ['unknown route', { method: 'GET', path: '/v1/nothing', as: key }, 404, 'unknown_route'],
  ['wrong method', { method: 'DELETE', path: '/v1/events', as: key }, 405, 'method_not_allowed'],
  ['wrong method on one anomaly', { method: 'PUT', path: '/v1/anomalies/00000000-0000-4000-8000-000000000000', as: key }, 405, 'method_not_allowed'],
  ['an id that is none', { method: 'GET', path: '/v1/anomalies/nonsense', as: key }, 404, 'not_found'],
  ['an unknown id', { method: 'GET', path: '/v1/anomalies/00000000-0000-4000-8000-000000000000', as: key }, 404, 'not_found'],
  ['a limit that is none', { method: 'GET', path: '/v1/anomalies?limit=many', as: key }, 400, 'invalid_parameter'],
  ['a limit of zero', { method: 'GET', path: '/v1/anomalies?limit=0', as: key }, 400, 'invalid_parameter'],
  ['a cursor that is none', { method: 'GET', path: '/v1/anomalies?cursor=%00', as: key }, 400, 'invalid_cursor'],
  ['a time that is none', { method: 'GET', path: '/v1/anomalies?from=yesterday', as: key }, 400, 'invalid_parameter'],
  ['an unknown status in a filter', { method: 'GET', path: '/v1/anomalies?status=open', as: key }, 400, 'invalid_parameter'],
  ['a severity that is none', { method: 'POST', path: '/v1/anomalies', body: '{"event_type":"log","severity":"worst"}', headers: json, as: key }, 400, 'invalid_body'],
  ['a status that is none', { method: 'PATCH', path: '/v1/anomalies/00000000-0000-4000-8000-000000000000/status', body: '{"status":"open"}', headers: json, as: key }, 400, null],
];

test('must show 8: bad requests are refused with a problem and a stable code', { timeout: 120_000 }, async (t) => {
  for (const [name, { method, path, ...request }, status, code] of refused) {
    await t.test(name, async () => assertProblem(await api(method, path, request), status, code));
  }
  figure(t, `${refused.length} kinds of bad request`);
});

// name, event, code
const rejected = [
  ['wrong type of event', 5, 'invalid_event'],
  ['null for an event', null, 'invalid_event'],
  ['missing data', { stream: 'bad-input' }, 'missing_data'],
  ['a stream name with a space', event({ stream: 'a b' }), 'invalid_stream'],
  ['a stream name with a control character', event({ stream: 'a\u0000' }), 'invalid_stream'],
  ['a stream name of 129 characters', event({ stream: 'a'.repeat(129) }), 'invalid_stream'],
  ['a stream that is a number', event({ stream: 7 }), 'invalid_stream'],
  ['an unknown event type', event({ event_type: 'gossip' }), 'invalid_event_type'],
  ['a timestamp that is none', event({ timestamp: 'noon' }), 'invalid_timestamp'],
  ['a timestamp of the wrong type', event({ timestamp: {} }), 'invalid_timestamp'],
  ['a value that is no number', { stream: 'bad-input', value: 'many' }, 'invalid_value'],
  ['metadata that is no object', event({ metadata: [] }), 'invalid_metadata'],
  ['an id of the wrong type', event({ id: {} }), 'invalid_id'],
];

test('must show 8: bad records are named and the rest is taken', async (t) => {
  const stream = freshStream('rest');
  for (const [name, bad, code] of rejected) {
    await t.test(name, async () => {
      const answer = await api('POST', '/v1/events', { as: key, json: [{ stream, data: 'good' }, bad, { stream, data: 'good' }] });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.deepEqual(answer.body.rejected.map((r) => [r.index, r.code]), [[1, code]]);
      assert.equal(answer.body.accepted, 2);
    });
  }
  figure(t, `${rejected.length} kinds of bad record`);
});

// odd, but fine
const taken = [
  ['U+0000 in the text', event({ data: 'a\u0000b' })],
  ['U+0000 in a field name', event({ data: { 'a\u0000b': 1 } })],
  ['a lone surrogate in JSON data', '{"stream":"bad-input","data":{"x":"\\ud800"}}'],
  ['a lone surrogate in the text', '{"stream":"bad-input","data":"\\ud800"}'],
  ['an empty text', event({ data: '' })],
  ['an empty object', event({ data: {} })],
  ['a number with many digits', '{"stream":"bad-input","data":{"n":12345678901234567890.123456789e-300}}'],
  ['a number beyond floating point', '{"stream":"bad-input","data":{"n":1e999}}'],
  ['nesting of 100', `{"stream":"bad-input","data":${'['.repeat(100)}${']'.repeat(100)}}`],
  ['nesting of 20,000', `{"stream":"bad-input","data":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
  ['duplicate fields', '{"stream":"bad-input","data":{"a":1,"a":2}}'],
  ['an empty list of events', '[]'],
  ['a byte order mark', '\ufeff{"stream":"bad-input","data":"x"}'],
];

test('must show 8: odd requests are answered, never with a 500', async (t) => {
  for (const [name, body] of taken) {
    await t.test(name, async () => {
      const answer = await api('POST', '/v1/events', { as: key, body: typeof body === 'string' ? body : JSON.stringify(body), headers: json });
      if (answer.status !== 200) assertProblem(answer, 400);
    });
  }
  figure(t, `${taken.length} odd requests`);
});

test('a body under the limit is taken, plain and compressed', async () => {
  const stream = freshStream('large');
  const body = JSON.stringify(Array.from({ length: 7000 }, (_, i) => ({ stream, data: `line ${i} ${'abcdefghi '.repeat(100)}` })));
  assert.ok(body.length > 7 * MiB && body.length < 8 * MiB);
  const answer = await api('POST', '/v1/events', { as: key, body: zlib.gzipSync(body), headers: gzip });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.accepted, 7000);
});
