"""Sends what sdk-workload.mjs describes, with the official Python SDK. Reads {url, key, service, workload} from standard input."""
import json
import logging
import sys

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

given = json.load(sys.stdin)
workload = given["workload"]
options = {"headers": {"authorization": f"Bearer {given['key']}"}, "timeout": 30, "compression": Compression.Gzip}
resource = Resource.create({"service.name": given["service"]})


def logs():
    provider = LoggerProvider(resource=resource)
    exporter = OTLPLogExporter(endpoint=given["url"] + "/v1/logs", **options)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_queue_size=4096, max_export_batch_size=100))
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(LoggingHandler(logger_provider=provider))
    levels = {"INFO": logging.INFO, "WARN": logging.WARNING, "ERROR": logging.ERROR}
    for line in workload["lines"]:
        logger.log(levels[line["severity"]], line["body"])
    assert provider.force_flush()
    odd = workload["odd_line"]
    logger.log(levels[odd["severity"]], odd["body"])
    provider.shutdown()


def traces():
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=given["url"] + "/v1/traces", **options)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4096, max_export_batch_size=100))
    tracer = provider.get_tracer("shop")
    at = workload["start_ns"]
    for duration in workload["durations"]:
        at += 1_000_000_000
        span = tracer.start_span("GET /cart", kind=SpanKind.SERVER, start_time=at)
        span.end(at + int(duration * 1e6))
    provider.shutdown()


def metrics():
    exporter = OTLPMetricExporter(endpoint=given["url"] + "/v1/metrics", **options)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider(resource=resource, metric_readers=[reader])
    gauge = provider.get_meter("shop").create_gauge("queue.depth")
    for x in workload["levels"]:
        gauge.set(x, {"queue": "mail"})
        assert provider.force_flush()
    provider.shutdown()


{"logs": logs, "traces": traces, "metrics": metrics}[given["signal"]]()
