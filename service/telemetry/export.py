"""Exports what is recorded as OpenTelemetry's standard environment variables say; by default nothing is.

``OTEL_TRACES_EXPORTER``, ``OTEL_METRICS_EXPORTER`` and ``OTEL_LOGS_EXPORTER`` choose for each of the three: ``otlp``
(over HTTP), ``console`` or ``none``. Where, how often and how many, the SDK reads from its other variables itself.
Everything is sent from threads of its own out of bounded queues: a collector that is away costs what it missed, and
never a request.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from service import __version__
from service.settings import SettingsError
from service.telemetry import recording
from service.telemetry.recording import Instrument, Recording
from service.telemetry.told import METRICS, Metric
from service.telemetry.variables import check_values

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

SIGNALS: Final = ("traces", "metrics", "logs")
EXPORTERS: Final = ("otlp", "console")
SCOPE: Final = "case-returns"
LONGEST_FLUSH: Final = 5.0
"""In seconds: for so long the end of the service waits for a collector."""


def asked_exporters(environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The exporters of each signal that has any. SettingsError for one that there is not, for another protocol, and for
    a value of another variable that the SDK could not read."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return {}
    asked: dict[str, tuple[str, ...]] = {}
    for signal in SIGNALS:
        variable = f"OTEL_{signal.upper()}_EXPORTER"
        names = tuple(name.strip().lower() for name in environment.get(variable, "").split(","))
        wanted = tuple(dict.fromkeys(name for name in names if name not in ("", "none")))
        if not set(wanted) <= set(EXPORTERS):
            raise SettingsError(f"{variable} names an exporter that there is not.", "There are otlp, console and none.")
        if "otlp" in wanted:
            _check_protocol(environment, signal)
        if wanted:
            asked[signal] = wanted
    check_values(environment, asked)
    return asked


def _check_protocol(environment: Mapping[str, str], signal: str) -> None:
    for variable in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if environment.get(variable, "").strip() not in ("", "http/protobuf"):
            raise SettingsError(f"{variable} asks for a protocol that there is not.", "There is http/protobuf.")


@contextmanager
def exporting() -> Iterator[dict[str, tuple[str, ...]]]:
    """Record and export what the environment asks for while the block runs; at its end what is left is sent, if the
    collector takes it in time. Gives the exporters by signal."""
    asked = asked_exporters(os.environ)
    if not asked:
        yield asked
        return
    resource = _resource()
    tracers = _tracer_provider(resource, asked["traces"]) if "traces" in asked else None
    meters = _meter_provider(resource, asked["metrics"]) if "metrics" in asked else None
    loggers = _logger_provider(resource, asked["logs"]) if "logs" in asked else None
    before = recording.record_to(recording_of(tracers, meters, loggers))
    try:
        yield asked
    finally:
        recording.record_to(before)
        _shut_down([provider.shutdown for provider in (tracers, meters, loggers) if provider is not None])


def recording_of(
    tracers: TracerProvider | None = None, meters: MeterProvider | None = None, loggers: LoggerProvider | None = None
) -> Recording:
    """What records to these."""
    meter = None if meters is None else meters.get_meter(SCOPE, __version__)
    return Recording(
        tracer=None if tracers is None else tracers.get_tracer(SCOPE, __version__),
        instruments={} if meter is None else {metric.name: _instrument(meter, metric) for metric in METRICS},
        log=None if loggers is None else _collecting(loggers),
    )


def _resource() -> Resource:
    """The service, as OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    said = OTELResourceDetector().detect().attributes
    return Resource.create({"service.name": "case-returns", "service.version": __version__, **said})


def _tracer_provider(resource: Resource, exporters: tuple[str, ...]) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for name in exporters:
        exporter = OTLPSpanExporter() if name == "otlp" else ConsoleSpanExporter()
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _meter_provider(resource: Resource, exporters: tuple[str, ...]) -> MeterProvider:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader

    readers = [
        PeriodicExportingMetricReader(OTLPMetricExporter() if name == "otlp" else ConsoleMetricExporter())
        for name in exporters
    ]
    return MeterProvider(readers, resource=resource, shutdown_on_exit=False)


def _logger_provider(resource: Resource, exporters: tuple[str, ...]) -> LoggerProvider:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, ConsoleLogRecordExporter

    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    for name in exporters:
        exporter = OTLPLogExporter() if name == "otlp" else ConsoleLogRecordExporter()
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    return provider


def _instrument(meter: Meter, metric: Metric) -> Instrument:
    if metric.kind == "histogram":
        made = meter.create_histogram(
            metric.name, metric.unit, metric.says, explicit_bucket_boundaries_advisory=metric.buckets
        )
        return made.record
    if metric.kind == "up_down_counter":
        return meter.create_up_down_counter(metric.name, metric.unit, metric.says).add
    return meter.create_counter(metric.name, metric.unit, metric.says).add


def _collecting(loggers: LoggerProvider) -> Callable[[dict[str, Any]], None]:
    """Takes an entry of the log to the collector; trace and span it has from where it was written."""
    from opentelemetry._logs import LogRecord, SeverityNumber

    severities = {name: SeverityNumber[name.upper().replace("WARNING", "WARN").replace("CRITICAL", "FATAL")]
                  for name in ("debug", "info", "warning", "error", "critical")}  # fmt: skip
    target = loggers.get_logger(SCOPE, __version__)
    apart = ("time", "level", "event", "trace_id", "span_id")

    def collect(entry: dict[str, Any]) -> None:
        keys = {name: value for name, value in entry.items() if name not in apart and value is not None}
        target.emit(
            LogRecord(
                severity_number=severities.get(entry["level"]),
                severity_text=entry["level"],
                body=entry["event"],
                event_name=entry["event"],
                attributes=keys,
            )
        )

    return collect


def _shut_down(ends: list[Callable[[], object]]) -> None:
    """Send what is left, side by side, and wait for all together no longer than is decent: the threads do not hold the
    process."""
    threads = [threading.Thread(target=end, daemon=True) for end in ends]
    for thread in threads:
        thread.start()
    until = monotonic() + LONGEST_FLUSH
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))
