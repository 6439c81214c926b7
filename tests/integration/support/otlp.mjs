// OTLP by the published definitions (worker-api/proto), read at run time: what a test sends and reads in protobuf is independent
// of the Worker's own code.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { url } from './stack.mjs';

const definitions = fileURLToPath(new URL('../../../worker-api/proto', import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_, target) => (fs.existsSync(path.join(definitions, target)) ? path.join(definitions, target) : target);
root.loadSync(['logs', 'metrics', 'trace'].map((signal) => `opentelemetry/proto/collector/${signal}/v1/${signal}_service.proto`));
root.loadSync(['google/rpc/status.proto']);

export const Status = root.lookupType('google.rpc.Status');
const messages = (name, signal) => ({
  Request: root.lookupType(`opentelemetry.proto.collector.${signal}.v1.Export${name}ServiceRequest`),
  Response: root.lookupType(`opentelemetry.proto.collector.${signal}.v1.Export${name}ServiceResponse`),
});

/** The three signals: path, message types, the JSON name of the partial success' count. */
export const SIGNALS = {
  logs: { path: '/v1/logs', rejected: 'rejectedLogRecords', ...messages('Logs', 'logs') },
  metrics: { path: '/v1/metrics', rejected: 'rejectedDataPoints', ...messages('Metrics', 'metrics') },
  traces: { path: '/v1/traces', rejected: 'rejectedSpans', ...messages('Trace', 'trace') },
};

const bytes = (hex) => Buffer.from(hex, 'hex');
/** The object form of JSON (hexadecimal ids) as protobufjs wants it (bytes). */
function withBytes(value) {
  if (Array.isArray(value)) return value.map(withBytes);
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, /^(traceId|spanId|parentSpanId)$/.test(name) ? bytes(inner) : withBytes(inner)]));
}

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';
/** Both encodings: how a request is written, how an answer is read. */
export const ENCODINGS = {
  protobuf: {
    type: PROTOBUF,
    encode: (signal, request) => Buffer.from(signal.Request.encode(signal.Request.fromObject(withBytes(request))).finish()),
    response: (signal, body) => signal.Response.toObject(signal.Response.decode(body), { longs: String }),
    status: (body) => Status.toObject(Status.decode(body)),
  },
  json: {
    type: JSON_TYPE,
    encode: (_, request) => Buffer.from(JSON.stringify(request)),
    response: (_, body) => JSON.parse(body.toString()),
    status: (body) => JSON.parse(body.toString()),
  },
};

/** Posts bytes; gives {status, headers, body: Buffer}. */
export async function post(path, body, { type, key, headers = {} }) {
  const response = await fetch(url + path, {
    method: 'POST', body, signal: AbortSignal.timeout(30_000),
    headers: { 'content-type': type, ...(key && { authorization: `Bearer ${key}` }), ...headers },
  });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

const text = (stringValue) => ({ stringValue });
export const attribute = (key, stringValue) => ({ key, value: text(stringValue) });
const nano = () => `${Date.now()}000000`;

/** Requests in their object form. */
export const logsOf = (service, records) => ({ resourceLogs: [{ resource: { attributes: [attribute('service.name', service)] }, scopeLogs: [{ scope: { name: 'test' }, logRecords: records }] }] });
export const logRecord = (body, more = {}) => ({ timeUnixNano: nano(), severityNumber: 9, body: text(body), ...more });
export const metricsOf = (service, metrics) => ({ resourceMetrics: [{ resource: { attributes: [attribute('service.name', service)] }, scopeMetrics: [{ metrics }] }] });
export const gauge = (name, asDouble, more = {}) => ({ name, gauge: { dataPoints: [{ timeUnixNano: nano(), asDouble, ...more }] } });
export const tracesOf = (service, spans) => ({ resourceSpans: [{ resource: { attributes: [attribute('service.name', service)] }, scopeSpans: [{ spans }] }] });
export const span = (name, more = {}) => ({ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name, kind: 2, startTimeUnixNano: nano(), endTimeUnixNano: nano(), ...more });
