// Must show 1: the official Node SDK, exporting in protobuf and in JSON to the running Worker; one odd thing for each signal
// becomes an anomaly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OTLPLogExporter as LogsHttp } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogsProto } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricsHttp } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricsProto } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as TracesHttp } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as TracesProto } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { a, eventually, figure, freshStream, listAnomalies, listStreams, url } from '../support/stack.mjs';
import { ODD_DURATION_MS, ODD_LEVEL, ODD_LINE, POINTS, ORDINARY, durationMs, level, logLines, random } from './sdk-workload.mjs';

const key = a.keys.full;
const headers = { authorization: `Bearer ${key}` };
const flavours = [
  { name: 'protobuf, gzip', compression: 'gzip', Logs: LogsProto, Metrics: MetricsProto, Traces: TracesProto },
  { name: 'JSON', compression: 'none', Logs: LogsHttp, Metrics: MetricsHttp, Traces: TracesHttp },
];

/** Fails where an export fails: the SDK itself would only log it. */
function watched(exporter, problems) {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) => send(items, (result) => {
    if (result.code !== 0) problems.push(result.error);
    done(result);
  });
  return exporter;
}

const anomalyOf = (stream, matches) => eventually(`an anomaly in ${stream}`, async () => (await listAnomalies(key, { stream })).find(matches), { timeoutMs: 30_000, everyMs: 300 });

for (const { name, compression, Logs, Metrics, Traces } of flavours) {
  test(`must show 1: the Node SDK, ${name}`, { timeout: 240_000 }, async (t) => {
    const service = freshStream('node-sdk');
    const resource = resourceFromAttributes({ 'service.name': service, 'service.version': '1.2.3' });
    const problems = [];
    const exporter = (Kind, path) => watched(new Kind({ url: url + path, headers, compression, timeoutMillis: 30_000 }), problems);

    await t.test('an odd log line', async () => {
      const next = ((numbers) => () => numbers.next().value)(random(1));
      const processor = new BatchLogRecordProcessor({ exporter: exporter(Logs, '/v1/logs'), maxQueueSize: 4096, maxExportBatchSize: 100 });
      const provider = new LoggerProvider({ resource, processors: [processor] });
      const logger = provider.getLogger('shop');
      const emit = ({ severity, number, body }) => logger.emit({ severityNumber: number, severityText: severity, body, attributes: { 'http.request.method': 'GET' } });
      for (const line of logLines(next)) emit(line);
      await provider.forceFlush();
      emit(ODD_LINE);
      await provider.shutdown();
      assert.deepEqual(problems, []);
      const found = await anomalyOf(`${service}/logs`, () => true);
      assert.equal(found.event_type, 'log');
      assert.equal(found.metadata.resource['service.version'], '1.2.3');
      figure(t, `log line: ${found.score.toFixed(1)} bits after ${ORDINARY} lines`);
    });

    await t.test('a latency jump', async () => {
      const next = ((numbers) => () => numbers.next().value)(random(2));
      const processor = new BatchSpanProcessor({ exporter: exporter(Traces, '/v1/traces'), maxQueueSize: 4096, maxExportBatchSize: 100 });
      const provider = new TracerProvider({ resource, spanProcessors: [processor] });
      const tracer = provider.getTracer('shop');
      let at = Date.now() - 600_000;
      const span = (duration) => {
        at += 1000;
        tracer.startSpan('GET /cart', { kind: 1, startTime: at, attributes: { 'http.route': '/cart' } }).end(at + duration);
      };
      for (let i = 0; i < ORDINARY; i += 1) span(durationMs(next));
      await provider.forceFlush();
      for (let i = 0; i < 3; i += 1) span(ODD_DURATION_MS);
      await provider.shutdown();
      assert.deepEqual(problems, []);
      const found = await anomalyOf(`${service}/latency/GET-/cart`, (one) => one.reason.includes('900'));
      assert.equal(found.event_type, 'metric');
      assert.match(found.group, /^[0-9a-f]{32}$/);
      figure(t, `latency: ${found.score.toFixed(1)} bits`);
    });

    await t.test('a metric\'s level shift', async () => {
      const next = ((numbers) => () => numbers.next().value)(random(3));
      const reader = new PeriodicExportingMetricReader({ exporter: exporter(Metrics, '/v1/metrics'), exportIntervalMillis: 3_600_000, exportTimeoutMillis: 30_000 });
      const provider = new MeterProvider({ resource, readers: [reader] });
      const meter = provider.getMeter('shop');
      const gauge = meter.createGauge('queue.depth', { unit: '{item}' });
      const counter = meter.createCounter('jobs.done');
      const histogram = meter.createHistogram('job.size');
      for (let i = 0; i < POINTS; i += 1) {
        gauge.record(level(next), { queue: 'mail' });
        counter.add(1 + Math.floor(next() * 5));
        histogram.record(next() * 100);
        await provider.forceFlush();
      }
      for (let i = 0; i < 8; i += 1) {
        gauge.record(ODD_LEVEL + next(), { queue: 'mail' });
        await provider.forceFlush();
      }
      await provider.shutdown();
      assert.deepEqual(problems, []);
      const streams = await eventually('the streams', async () => {
        const own = (await listStreams(key)).filter((s) => s.startsWith(`${service}/metrics/`));
        return own.length >= 3 && own;
      }, { timeoutMs: 30_000 });
      const queue = streams.find((s) => s.includes('/queue.depth/mail-'));
      assert.ok(queue, streams.join(' '));
      const found = await anomalyOf(queue, (one) => one.metadata.metric === 'queue.depth');
      assert.deepEqual(found.metadata.attributes, { queue: 'mail' });
      figure(t, `level shift: ${found.score.toFixed(1)} bits after ${POINTS} points`);
    });
  });
}
