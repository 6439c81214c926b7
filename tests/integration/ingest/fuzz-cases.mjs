// Malformed requests, made from valid ones by a seeded generator: the same seed gives the same requests. A case is {path, headers,
// body, kept?(answer)}: `kept` checks that what stands beside the bad record was taken.
import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import { ENCODINGS, PROTOBUF, SIGNALS, attribute, gauge, logRecord, span } from '../support/otlp.mjs';
import { random } from './sdk-workload.mjs';

const JSON_TYPE = 'application/json';
const NDJSON = 'application/x-ndjson';
const deep = (n) => `${'['.repeat(n)}${']'.repeat(n)}`;
const ODD_VALUES = [
  null, true, false, 0, -1, 1e308, -0, 2 ** 53, '', ' ', '\u0000', 'NaN', '9'.repeat(400), 'x'.repeat(5000), '\ud800', '\u202e', [], {}, [[]], [null], { '': {} },
  { __proto__x: 1 }, '2026-13-45T99:99:99Z', '-9223372036854775809', '18446744073709551616', 'SEVERITY', 'zz', '==', JSON.parse(deep(90)), 1.5, 1e-320,
];
const ODD_BYTES = [0x00, 0xff, 0x80, 0x7f, 0x22, 0x5c, 0x7b, 0x5b, 0x0a, 0xc0, 0xed];

/** Choices from one seed. */
export function chooser(seed) {
  const numbers = random(seed);
  for (let i = 0; i < 8; i += 1) numbers.next(); // neighbouring seeds begin alike
  const next = () => numbers.next().value;
  const below = (n) => Math.floor(next() * n);
  return { next, below, pick: (list) => list[below(list.length)], chance: (p) => next() < p };
}

/** Replaces, removes, renames or repeats one node of a JSON value, in place. */
function bendValue(c, root) {
  const places = [];
  const walk = (value) => {
    for (const name of Object.keys(value)) {
      places.push([value, name]);
      if (value[name] !== null && typeof value[name] === 'object') walk(value[name]);
    }
  };
  walk(root);
  if (!places.length) return root;
  const [owner, name] = c.pick(places);
  const how = c.below(5);
  if (how <= 1) owner[name] = structuredClone(c.pick(ODD_VALUES));
  else if (how === 2) delete owner[name];
  else if (how === 3) owner[`${name}${c.pick(['', '_', 'X', '\u0000'])}`] = structuredClone(c.pick(ODD_VALUES));
  else if (Array.isArray(owner)) owner.push(structuredClone(owner[name]));
  else owner[name] = [structuredClone(owner[name])];
  return root;
}

/** Changes single bytes, cuts, repeats or swaps pieces. */
export function bendBytes(c, bytes, times = 1 + c.below(4)) {
  let out = Buffer.from(bytes);
  for (let i = 0; i < times && out.length; i += 1) {
    const at = c.below(out.length);
    const how = c.below(6);
    if (how === 0) out[at] = c.pick(ODD_BYTES);
    else if (how === 1) out[at] ^= 1 << c.below(8);
    else if (how === 2) out = out.subarray(0, at);
    else if (how === 3) out = Buffer.concat([out.subarray(0, at), Buffer.from([c.pick(ODD_BYTES)]), out.subarray(at)]);
    else if (how === 4) out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + c.below(8))]);
    else out = Buffer.concat([out, out.subarray(at)]);
  }
  return out;
}

const headersOf = (type, more) => ({ 'content-type': type, ...more });
const event = (stream, n) => ({ stream, event_type: 'log', timestamp: '2026-11-21T10:00:00Z', group: 'g', metadata: { a: 1 }, data: { level: 'INFO', message: `line ${n}`, list: [1, { b: null }] } });
const records = { logs: () => logRecord('line', { attributes: [attribute('a', 'b')], severityText: 'INFO' }), metrics: () => gauge('g', 1), traces: () => span('s', { status: { code: 1 }, attributes: [attribute('a', 'b')] }) };
const LEVELS = { logs: ['resourceLogs', 'scopeLogs', 'logRecords'], metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'], traces: ['resourceSpans', 'scopeSpans', 'spans'] };

const wrap = (signal, stream, list) => {
  const [resources, scopes, name] = LEVELS[signal];
  return { [resources]: [{ resource: { attributes: [attribute('driftlock.stream', stream)] }, [scopes]: [{ [name]: list }] }] };
};

/** A length-delimited field. */
function field(tag, bytes) {
  const length = [];
  for (let n = bytes.length; ; n >>>= 7) {
    length.push(n < 128 ? n : (n & 127) | 128);
    if (n < 128) break;
  }
  return Buffer.concat([Buffer.from([(tag << 3) | 2, ...length]), bytes]);
}

/** A request in protobuf whose levels are whole, with records as given. */
function framed(signal, stream, good, bad) {
  const whole = ENCODINGS.protobuf.encode(SIGNALS[signal], wrap(signal, stream, []));
  const type = SIGNALS[signal].Request.fields[LEVELS[signal][0]].resolvedType;
  const resource = type.encode({ resource: type.decode(SIGNALS[signal].Request.decode(whole)[LEVELS[signal][0]].map((m) => type.encode(m).finish())[0]).resource }).finish();
  const scope = Buffer.concat([field(2, good), field(2, bad), field(2, good)]);
  return field(1, Buffer.concat([Buffer.from(resource), field(2, scope)]));
}

const packed = new Map();
/** So many equal bytes, packed; there are few such, and packing them was half of the generator's work. */
function bomb([name, pack], size, byte) {
  const key = `${name} ${size} ${byte}`;
  if (!packed.has(key)) packed.set(key, pack(Buffer.alloc(size, byte)));
  return packed.get(key);
}

const CASES = [
  function jsonBatchWithABadRecord(c, stream) {
    const bad = JSON.stringify(bendValue(c, bendValue(c, event(stream, 2)))) ?? 'null';
    const body = `[${JSON.stringify(event(stream, 1))},${bad},${JSON.stringify(event(stream, 3))}]`;
    return { path: '/v1/events', headers: headersOf(JSON_TYPE), body, kept: (a) => a.status === 403 || assert.ok(a.status === 200 && a.json.accepted + a.json.duplicates >= 2, a.text) };
  },
  function linesWithABadOne(c, stream) {
    const good = JSON.stringify(event(stream, 1));
    const bad = bendBytes(c, Buffer.from(good)).filter((byte) => byte !== 0x0a);
    const body = Buffer.concat([Buffer.from(`${good}\n`), bad, Buffer.from(`\n${good}\n`)]);
    return { path: '/v1/events', headers: headersOf(NDJSON, c.chance(0.3) ? { accept: NDJSON } : {}), body, kept: (a) => a.status === 403 || assert.ok(a.status === 200 && /"accepted":[23]/.test(a.text), a.text) };
  },
  function brokenJson(c, stream) {
    return { path: c.pick(['/v1/events', '/v1/logs', '/v1/metrics', '/v1/traces']), headers: headersOf(JSON_TYPE), body: bendBytes(c, Buffer.from(JSON.stringify([event(stream, 1), event(stream, 2)]))) };
  },
  function cloudEvents(c, stream) {
    const one = { specversion: '1.0', id: '1', source: '/s', type: 't', driftlockstream: stream, time: '2026-11-21T10:00:00Z', data: { a: [1] } };
    const batch = c.chance(0.5);
    const bent = bendValue(c, { ...one });
    if (bent.driftlockstream !== stream) bent.driftlockstream = 'a b';
    return { path: '/v1/events', headers: headersOf(batch ? 'application/cloudevents-batch+json' : 'application/cloudevents+json'), body: JSON.stringify(batch ? [one, bent] : bent), kept: batch ? (a) => assert.equal(a.status, 200, a.text) : undefined };
  },
  function otlpJsonWithABadRecord(c, stream) {
    const signal = c.pick(Object.keys(records));
    const body = JSON.stringify(wrap(signal, stream, [records[signal](), bendValue(c, [records[signal]()])[0], records[signal]()]));
    return { path: SIGNALS[signal].path, headers: headersOf(JSON_TYPE), body, kept: (a) => assert.ok(a.status === 200 && Number(a.json.partialSuccess?.[SIGNALS[signal].rejected] ?? 0) <= 1, a.text) };
  },
  function otlpProtobufWithABadRecord(c, stream) {
    const signal = c.pick(Object.keys(records));
    const type = SIGNALS[signal].Request;
    const encoded = ENCODINGS.protobuf.encode(SIGNALS[signal], wrap(signal, stream, [records[signal]()]));
    const inner = type.decode(encoded)[LEVELS[signal][0]][0][LEVELS[signal][1]][0][LEVELS[signal][2]][0];
    const good = Buffer.from(inner.constructor.encode(inner).finish());
    const body = framed(signal, stream, good, bendBytes(c, good));
    return { path: SIGNALS[signal].path, headers: headersOf(PROTOBUF), body, signal, kept: (a) => {
      assert.equal(a.status, 200, a.text);
      const partial = SIGNALS[signal].Response.toObject(SIGNALS[signal].Response.decode(a.body), { longs: Number }).partialSuccess;
      // a metric may hold several points
      assert.ok((partial?.[SIGNALS[signal].rejected] ?? 0) <= (signal === 'metrics' ? 64 : 1), JSON.stringify(partial));
    } };
  },
  function brokenProtobuf(c, stream) {
    const signal = c.pick(Object.keys(records));
    return { path: SIGNALS[signal].path, headers: headersOf(PROTOBUF), body: bendBytes(c, framed(signal, stream, Buffer.from([8, 1]), Buffer.from([8, 1]))) };
  },
  function noise(c) {
    const body = Buffer.from(Array.from({ length: c.below(300) }, () => c.below(256)));
    return { path: c.pick(['/v1/events', '/v1/logs', '/v1/metrics', '/v1/traces']), headers: headersOf(c.pick([JSON_TYPE, NDJSON, PROTOBUF, 'application/cloudevents+json', 'text/plain', ''])), body };
  },
  function compressed(c, stream) {
    const plain = Buffer.from(JSON.stringify([event(stream, 1), event(stream, 2)]));
    const codecs = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, zstd: zlib.zstdCompressSync ?? zlib.gzipSync };
    const encoding = c.pick(Object.keys(codecs));
    const whole = codecs[encoding](plain);
    const named = c.chance(0.2) ? c.pick(['br', 'gzip, gzip', 'GZIP', 'x-gzip', 'identity', ';', 'zstd']) : encoding;
    return { path: c.pick(['/v1/events', '/v1/logs']), headers: headersOf(JSON_TYPE, { 'content-encoding': named }), body: c.chance(0.9) ? bendBytes(c, whole) : Buffer.concat([whole, whole]) };
  },
  function bombs(c) {
    // once in a while: it is a megabyte each
    const codec = c.pick([['gzip', zlib.gzipSync], ['zstd', zlib.zstdCompressSync ?? zlib.gzipSync]]);
    const size = c.chance(0.02) ? 20 << 20 : 100_000;
    return { path: '/v1/events', headers: headersOf(JSON_TYPE, { 'content-encoding': codec[0] }), body: bomb(codec, size, c.pick([0x20, 0x5b, 0x7b, 0x00])) };
  },
  function headers(c, stream) {
    const odd = ['', 'x', 'x'.repeat(3000), '%', '%00', '"', '\t', 'é', '-1', '99999999999999999999', 'application/json; charset=utf-16'];
    const names = ['idempotency-key', 'driftlock-stream', 'accept', 'content-type', 'ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time', 'ce-data', 'traceparent', 'driftlock-organization', 'x-request-id', 'cookie', 'range', 'if-match', 'origin'];
    const chosen = Object.fromEntries(Array.from({ length: 1 + c.below(5) }, () => [c.pick(names), c.pick(odd)]));
    delete chosen['driftlock-stream'];
    return { path: c.pick(['/v1/events', '/v1/traces']), headers: headersOf(JSON_TYPE, chosen), body: JSON.stringify([event(stream, 1)]) };
  },
];

/** The case of a seed. */
export function caseOf(seed, stream) {
  const c = chooser(seed);
  const make = CASES[seed % CASES.length];
  return { name: make.name, ...make(c, stream) };
}
