// Every format of POST /v1/events, every encoding of a body, and every limit: what is taken, what is refused and how it is said.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { a, api, assertProblem, figure, freshStream, url } from '../support/stack.mjs';
import { admin, newKey, newOrganization, newPerson } from '../tenants/people.mjs';

const key = a.keys.full;
const json = 'application/json';
const ndjson = 'application/x-ndjson';
const send = (body, type = json, headers = {}) => api('POST', '/v1/events', { as: key, body, headers: { 'content-type': type, ...headers } });

test('old bodies work unchanged', async () => {
  const old = { organization_id: a.id, event_type: 'log', data: { level: 'INFO', message: 'm' } };
  const answer = await send(JSON.stringify(old));
  assert.equal(answer.status, 200);
  assert.deepEqual([answer.body.accepted, answer.body.streams[0].stream], [1, 'log']);
  const metric = await send(JSON.stringify({ timestamp: '2026-11-21T10:00:00Z', value: 5, metadata: { host: 'h' } }));
  assert.deepEqual([metric.body.accepted, metric.body.streams[0].stream], [1, 'metric']);
});

test('encodings of a body', async (t) => {
  const encodings = {
    identity: (body) => body, gzip: zlib.gzipSync, 'x-gzip': zlib.gzipSync, deflate: zlib.deflateSync,
    ...(zlib.zstdCompressSync && { zstd: zlib.zstdCompressSync }),
  };
  for (const [encoding, encode] of Object.entries(encodings)) {
    await t.test(encoding, async () => {
      const stream = freshStream('encoded');
      const body = Buffer.from(JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ stream, data: `line ${i}` }))));
      const answer = await send(encode(body), json, { 'content-encoding': encoding });
      assert.deepEqual([answer.status, answer.body.accepted], [200, 200]);
    });
  }
  if (zlib.zstdCompressSync) {
    await t.test('a zstd bomb stops at the limit', async () => {
      assertProblem(await send(zlib.zstdCompressSync(Buffer.alloc(200 << 20, 0x20)), json, { 'content-encoding': 'zstd' }), 413, 'body_too_large');
    });
  }
  await t.test('broken zstd', async () => {
    assertProblem(await send(Buffer.from('no zstd'), json, { 'content-encoding': 'zstd' }), 400, 'invalid_encoding');
  });
  figure(t, `${Object.keys(encodings).length} encodings`);
});

test('NDJSON: results line by line where they are asked for', async () => {
  const stream = freshStream('lines');
  const body = `{"stream":"${stream}","data":"a"}\n\nnot json\n{"stream":"${stream}","data":"b"}\n{"stream":"a b","data":"c"}\n`;
  const plain = await send(body, ndjson);
  assert.deepEqual(plain.body.rejected.map((r) => [r.index, r.line, r.code]), [[1, 3, 'invalid_json'], [3, 5, 'invalid_stream']]);
  assert.equal(plain.body.accepted, 2);
  const response = await fetch(`${url}/v1/events`, { method: 'POST', body, headers: { authorization: `Bearer ${key}`, 'content-type': ndjson, accept: ndjson } });
  assert.match(response.headers.get('content-type'), /ndjson/);
  const lines = (await response.text()).trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines.slice(0, 4).map((l) => [l.line, l.status]), [[1, 'taken'], [3, 'rejected'], [4, 'taken'], [5, 'rejected']]);
  assert.deepEqual([lines[4].accepted, lines[4].rejected], [2, 2]);
});

test('NDJSON: a line that came before is a duplicate, and one without a place among the streams has its line', async () => {
  const person = await newPerson('lines');
  const own = await newOrganization(person, 'Lines');
  await admin.update(`subscriptions?org_id=eq.${own.id}`, { contract: { detections: null, events: null, streams: 1, members: null } });
  const { secret } = await newKey({ token: person.token, org: own.id }, { name: 'ingest', scopes: ['ingest'] });
  const post = async (body) => {
    const response = await fetch(`${url}/v1/events`, { method: 'POST', body, headers: { authorization: `Bearer ${secret}`, 'content-type': ndjson, accept: ndjson } });
    return (await response.text()).trim().split('\n').map((line) => JSON.parse(line));
  };
  const line = (id, stream = 'one') => JSON.stringify({ stream, id, data: `event ${id}` });
  assert.deepEqual((await post(`${line('a')}\n`)).map((l) => l.status ?? l.accepted), ['taken', 1]);
  const lines = await post(`\n${line('a')}\n${line('b')}\n\n${line('c', 'late')}\n${line('b')}\n`);
  assert.deepEqual(lines.slice(0, 4).map((l) => [l.line, l.status, l.code]), [[2, 'duplicate', undefined], [3, 'taken', undefined], [5, 'rejected', 'stream_limit'], [6, 'duplicate', undefined]]);
  assert.deepEqual([lines[4].accepted, lines[4].duplicates, lines[4].rejected], [1, 2, 1]);
  const plain = await api('POST', '/v1/events', { as: secret, body: `\n\n${line('d', 'late')}\n`, headers: { 'content-type': ndjson } });
  assert.deepEqual(plain.body.rejected.map((r) => [r.index, r.line, r.code]), [[0, 3, 'stream_limit']]);
});

test('CloudEvents: structured, batched and binary; source and id recognise a repeat', async () => {
  const stream = freshStream('cloud');
  const event = (id, more = {}) => ({ specversion: '1.0', id, source: '/orders', type: 'order.paid', driftlockstream: stream, data: { amount: 5 }, ...more });
  const one = await send(JSON.stringify(event('1')), 'application/cloudevents+json; charset=utf-8');
  assert.deepEqual([one.status, one.body.accepted, one.body.streams[0].stream], [200, 1, stream], JSON.stringify(one.body));
  const many = await send(JSON.stringify([event('1'), event('2'), event('3', { source: '/other' }), { specversion: '1.0' }, event('4', { data: undefined, data_base64: '/w==' })]), 'application/cloudevents-batch+json');
  assert.deepEqual([many.body.accepted, many.body.duplicates, many.body.rejected.map((r) => r.index)], [3, 1, [3]]);
  const headers = { 'ce-specversion': '1.0', 'ce-id': '9', 'ce-source': '/orders', 'ce-type': 'order.paid', 'ce-driftlockstream': stream, 'ce-time': '2026-11-21T10:00:00Z' };
  const binary = await send('{"amount":6}', json, headers);
  assert.deepEqual([binary.body.accepted, binary.body.streams[0].events_seen], [1, 5]);
  assert.equal((await send('{"amount":6}', json, headers)).body.duplicates, 1);
  assertProblem(await send('x', 'application/cloudevents+avro'), 415, 'unsupported_media_type');
  const type = freshStream('com.example.paid');
  assert.equal((await send(JSON.stringify({ ...event('1'), driftlockstream: undefined, type }), 'application/cloudevents+json')).body.streams[0].stream, type);
});

test('what log shippers send is taken as it is; the header names the stream', async () => {
  const stream = freshStream('shipper');
  const vector = JSON.stringify([{ timestamp: '2026-11-21T10:00:00.123456789Z', host: 'h', message: 'started' }, { date: 1795251600.5, log: 'started' }]);
  const answer = await send(vector, json, { 'driftlock-stream': stream });
  assert.deepEqual([answer.body.accepted, answer.body.streams[0].stream], [2, stream], JSON.stringify(answer.body));
});

test('lines of a shipper with one id are all taken, and its stream and time are its own', async () => {
  const stream = freshStream('shipper');
  const lines = [{ id: '42', stream: 'stdout', log: 'a' }, { id: '42', stream: 'stdout', log: 'b' }, { id: 42, log: 'c' }, { timestamp: '21/Nov/2026', log: 'd' }];
  const answer = await send(lines.map((line) => JSON.stringify(line)).join('\n'), ndjson, { 'driftlock-stream': stream });
  assert.deepEqual([answer.body.accepted, answer.body.duplicates, answer.body.rejected, answer.body.streams.map((s) => s.stream)], [4, 0, [], [stream]], JSON.stringify(answer.body));
});

test('a body of seven megabytes is taken, and its stream comes back from what it stored', async () => {
  const stream = freshStream('large');
  const body = JSON.stringify(Array.from({ length: 28 }, (_, i) => ({ stream, data: `${i} ${'x'.repeat(249_000)}` })));
  for (const [accepted, duplicates] of [[28, 0], [28, 0]]) {
    const answer = await send(body, json, { 'idempotency-key': stream });
    assert.deepEqual([answer.status, answer.body.accepted, answer.body.duplicates], [200, accepted, duplicates], JSON.stringify(answer.body).slice(0, 300));
  }
  assert.equal((await send(JSON.stringify({ stream, data: 'next' }))).body.streams[0].events_seen, 29);
});

test('a CloudEvent with attributes above 4 KiB is taken without them, and the answer says so', async () => {
  const event = { specversion: '1.0', id: freshStream('id'), source: '/s', type: freshStream('cloud'), long: 'x'.repeat(5000), data: 'hello' };
  const answer = await send(JSON.stringify(event), 'application/cloudevents+json');
  assert.deepEqual([answer.body.accepted, answer.body.without_metadata], [1, 1], JSON.stringify(answer.body));
});

test('bytes that are not UTF-8 are kept', async () => {
  const stream = freshStream('latin');
  const body = Buffer.concat([Buffer.from(`{"stream":"${stream}","data":"caf`), Buffer.from([0xe9]), Buffer.from('"}\n')]);
  for (const type of [json, ndjson]) {
    const answer = await send(body, type);
    assert.deepEqual([answer.status, answer.body.accepted], [200, 1], JSON.stringify(answer.body));
  }
});

// name, event, code, what the detail says
const limits = [
  ['an event of 256 KiB and one byte', { data: 'x'.repeat(262_145) }, 'event_too_large', /262145 bytes, the limit is 262144/],
  ['nesting of 65', { data: JSON.parse(`${'['.repeat(65)}${']'.repeat(65)}`) }, 'too_deep', /65 levels, the limit is 64/],
  ['2,001 keys', { data: Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`k${i}`, 1])) }, 'too_many_keys', /2001 keys, the limit is 2000/],
  ['a time in 1970', { data: 'x', timestamp: 86_400_000 }, 'invalid_timestamp', /86400000000? ms after 1970, the limits are 315532800000/],
  ['a time in a hundred years', { data: 'x', timestamp: '2126-01-01T00:00:00Z' }, 'invalid_timestamp', /the limits are/],
  ['an id of 5,000 bytes', { data: 'x', id: 'i'.repeat(5000) }, 'invalid_id', /5000 bytes, the limit is 4096/],
  ['metadata of 5,000 bytes', { data: 'x', metadata: { m: 'm'.repeat(5000) } }, 'invalid_metadata', /the limit is 4096/],
];
test('limits: a refusal names the record, the limit and the value; the others are taken', async (t) => {
  const stream = freshStream('limits');
  for (const [name, event, code, detail] of limits) {
    await t.test(name, async () => {
      const answer = await send(JSON.stringify([{ stream, data: 'good' }, { stream, ...event }, { stream, data: 'good' }]));
      assert.equal(answer.status, 200, JSON.stringify(answer.body).slice(0, 300));
      assert.deepEqual(answer.body.rejected.map((r) => [r.index, r.code]), [[1, code]]);
      assert.match(answer.body.rejected[0].detail, detail);
      assert.equal(answer.body.accepted, 2);
    });
  }
  const exact = await send(JSON.stringify([{ stream, data: 'x'.repeat(262_144) }, { stream, data: JSON.parse(`${'['.repeat(64)}${']'.repeat(64)}`) }]));
  assert.deepEqual([exact.body.accepted, exact.body.rejected], [2, []]);
  figure(t, `${limits.length} limits`);
});

test('101 streams in a request: the last one\'s events are refused, by name', async () => {
  const prefix = freshStream('many');
  const answer = await send(JSON.stringify(Array.from({ length: 101 }, (_, i) => ({ stream: `${prefix}/${i}`, data: 'x' }))));
  assert.deepEqual([answer.body.accepted, answer.body.rejected.map((r) => [r.index, r.code])], [100, [[100, 'too_many_streams']]]);
  assert.match(answer.body.rejected[0].detail, /more than 100 streams/);
});
