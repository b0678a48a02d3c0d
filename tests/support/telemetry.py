"""Everything that the service tells of itself, kept in memory: spans, metrics and lines of the log."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.telemetry import recording
from service.telemetry.export import recording_of
from service.telemetry.logs import logging_to


class Told(Struct):
    """What was told while it was recorded."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    collected: InMemoryLogRecordExporter
    stream: io.StringIO

    def spans(self, trace_id: str | None = None) -> list[ReadableSpan]:
        """Finished spans, of one trace or of all, in the order in which they began."""
        found = [span for span in self.exporter.get_finished_spans() if trace_id in (None, trace_of(span))]
        return sorted(found, key=lambda span: span.start_time or 0)

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """The lines of the log, of one event or all."""
        entries = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [entry for entry in entries if event in (None, entry["event"])]

    def points(self, metric: str) -> list[tuple[Mapping[str, Any], float]]:
        """Each point of a metric: its labels, and its value (of a histogram the number of measurements)."""
        data = self.reader.get_metrics_data()
        found: list[tuple[Mapping[str, Any], float]] = []
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for each in scope.metrics:
                    if each.name == metric:
                        found += [
                            (dict(point.attributes or {}), getattr(point, "value", None) or getattr(point, "count", 0))
                            for point in each.data.data_points
                        ]
        return found

    def everything(self) -> str:
        """All of it as text, to look for what must not be there."""
        data = self.reader.get_metrics_data()
        return "\n".join(
            [
                *(span.to_json() for span in self.exporter.get_finished_spans()),
                *([] if data is None else [data.to_json()]),
                *(entry.to_json() for entry in self.collected.get_finished_logs()),
                self.stream.getvalue(),
            ]
        )


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


@contextmanager
def recorded(level: str = "debug") -> Iterator[Told]:
    """Record everything while the block runs."""
    told = Told(InMemorySpanExporter(), InMemoryMetricReader(), InMemoryLogRecordExporter(), io.StringIO())
    tracers, loggers = TracerProvider(shutdown_on_exit=False), LoggerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(told.exporter))
    loggers.add_log_record_processor(SimpleLogRecordProcessor(told.collected))
    meters = MeterProvider([told.reader], shutdown_on_exit=False)
    before = recording.record_to(recording_of(tracers, meters, loggers))
    try:
        with logging_to(told.stream, level=level):
            yield told
    finally:
        recording.record_to(before)
