"""What is exported, where to, and that a collector that is away harms nobody."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from msgspec import Struct
from opentelemetry.sdk.trace import sampling

from service.settings import SettingsError
from service.telemetry import export, recording
from service.telemetry.export import asked_exporters, exporting
from service.telemetry.variables import SAMPLERS
from tests.support.collector import a_collector
from tests.support.postgres import TestDatabase
from tests.support.server import Served

SENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PROGRAM = Path(sys.executable).parent / "case-returns"
TRACES = {"OTEL_TRACES_EXPORTER": "console"}
OTLP = {f"OTEL_{signal_}_EXPORTER": "otlp" for signal_ in ("TRACES", "METRICS", "LOGS")}


class Running(Struct):
    """``case-returns serve`` in a process of its own."""

    process: subprocess.Popen[str]
    url: str

    async def ask(self, headers: Mapping[str, str] | None = None) -> None:
        """A request that is answered well."""
        async with httpx.AsyncClient(timeout=60) as client:
            assert (await client.get(f"{self.url}/api/terms", headers=headers)).is_success

    def end(self) -> list[dict[str, object]]:
        """Tell it to end; the lines of its log."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, log
        return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


@contextmanager
def a_service(database: TestDatabase, folder: Path, **variables: str) -> Iterator[Running]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CASE_RETURNS_", "OTEL_"))}
    own = {"CASE_RETURNS_DATABASE_URL": database.urls.service, "CASE_RETURNS_MIGRATE_URL": database.urls.owner}
    process = subprocess.Popen(
        [str(PROGRAM), "serve", "--data", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**kept, **own, **variables},
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first, process.stderr.read()
        yield Running(process, re.findall(r"http://127\.0\.0\.1:\d+", first)[0])
    finally:
        process.kill()
        process.wait()


async def test_a_collector_gets_traces_metrics_and_logs_when_the_service_ends(
    test_database: TestDatabase, tmp_path: Path
) -> None:
    with a_collector() as collector:
        named = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_SERVICE_NAME": "returns of the north"}
        with a_service(test_database, tmp_path, **OTLP, **named) as running:
            await running.ask({"traceparent": SENT})
            log = await asyncio.to_thread(running.end)
    names = {span.name: span for span in collector.spans()}
    assert names["GET /api/terms"].trace_id.hex() == SENT.split("-")[1]
    assert collector.services() == {"returns of the north"}
    assert "http.server.request.duration" in collector.metrics()
    (answered,) = [record for record in collector.records() if record.event_name == "request_answered"]
    assert answered.trace_id.hex() == SENT.split("-")[1]
    assert answered.span_id == names["GET /api/terms"].span_id
    assert [line["event"] for line in log] == ["service_started", "request_answered", "service_ended"]
    assert log[1]["trace_id"] == SENT.split("-")[1]


async def test_a_collector_that_is_away_breaks_no_request_and_does_not_hold_the_end(
    test_database: TestDatabase, tmp_path: Path
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        away = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{nobody.getsockname()[1]}"}
        often = {"OTEL_BSP_SCHEDULE_DELAY": "1", "OTEL_METRIC_EXPORT_INTERVAL": "50"}
        with a_service(test_database, tmp_path, **OTLP, **away, **often) as running:
            for _ in range(20):
                await running.ask()
            log = await asyncio.to_thread(running.end)
    assert [line["event"] for line in log].count("request_answered") == 20
    assert log[-1]["event"] in ("service_ended", "library_reported")


async def test_by_default_nothing_is_recorded_and_the_sdk_is_not_even_loaded(
    test_database: TestDatabase, tmp_path: Path
) -> None:
    """The loaded modules of a service that has answered, seen from outside: what is mapped of its files cannot tell,
    so it is asked by a module that it loads at its end."""
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, sys\n"
        "atexit.register(lambda: print('SDK', any(name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')) "
        "for name in sys.modules), file=sys.stderr))\n"
    )
    with a_service(test_database, tmp_path, PYTHONPATH=str(tmp_path)) as running:
        await running.ask()
        running.process.send_signal(signal.SIGTERM)
        _, log = await asyncio.to_thread(running.process.communicate, timeout=60)
    assert "SDK False" in log


async def test_without_a_variable_nothing_is_recorded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    with exporting() as asked:
        assert asked == {}
        assert recording.now is recording.NOTHING


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {}),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": ""}, {}),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, {}),
        ({"OTEL_TRACES_EXPORTER": "otlp, console"}, {"traces": ("otlp", "console")}),
        ({"OTEL_METRICS_EXPORTER": "console", "OTEL_LOGS_EXPORTER": "none"}, {"metrics": ("console",)}),
        ({"OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, {"logs": ("otlp",)}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, {}),
        ({"OTEL_TRACES_SAMPLER": "bogus", "OTEL_METRIC_EXPORT_INTERVAL": "abc"}, {}),
        ({"OTEL_TRACES_SAMPLER": "TraceIdRatio", "OTEL_TRACES_SAMPLER_ARG": "0.1", **TRACES}, {"traces": ("console",)}),
        ({"OTEL_TRACES_SAMPLER": "", "OTEL_BSP_SCHEDULE_DELAY": "", **TRACES}, {"traces": ("console",)}),
        (
            {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TIMEOUT": "2.5", "OTEL_METRIC_EXPORT_INTERVAL": "50"},
            {"metrics": ("otlp",)},
        ),
    ],
)
def test_the_standard_variables_choose(variables: dict[str, str], expected: dict[str, tuple[str, ...]]) -> None:
    assert asked_exporters(variables) == expected


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        ({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (
            {"OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/json"},
            "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
        ),
        ({"OTEL_TRACES_SAMPLER": "bogus", **TRACES}, "OTEL_TRACES_SAMPLER "),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2", **TRACES}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "nan", **TRACES}, "SAMPLER_ARG"),
        ({"OTEL_BSP_SCHEDULE_DELAY": "5s", **TRACES}, "OTEL_BSP_SCHEDULE_DELAY"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "100", **TRACES}, "OTEL_BSP_MAX_QUEUE_SIZE"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "abc", "OTEL_METRICS_EXPORTER": "console"}, "OTEL_METRIC_EXPORT_INTERVAL"),
        ({"OTEL_METRIC_EXPORT_TIMEOUT": "0", "OTEL_METRICS_EXPORTER": "console"}, "OTEL_METRIC_EXPORT_TIMEOUT"),
        ({"OTEL_BLRP_EXPORT_TIMEOUT": "-1", "OTEL_LOGS_EXPORTER": "console"}, "OTEL_BLRP_EXPORT_TIMEOUT"),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "soon", "OTEL_LOGS_EXPORTER": "otlp"}, "OTEL_EXPORTER_OTLP_TIMEOUT"),
        ({"OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "0", "OTEL_LOGS_EXPORTER": "otlp"}, "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT"),
        ({"OTEL_EXPORTER_OTLP_COMPRESSION": "zip", "OTEL_LOGS_EXPORTER": "otlp"}, "OTEL_EXPORTER_OTLP_COMPRESSION"),
    ],
)
def test_what_there_is_not_is_refused_at_the_start(variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        asked_exporters(variables)


def test_the_samplers_are_those_of_the_sdk() -> None:
    assert set(SAMPLERS) == set(sampling._KNOWN_SAMPLERS)


def test_the_end_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three exporters of which none ever ends: this comes back all the same."""
    monkeypatch.setattr(export, "LONGEST_FLUSH", 0.0)
    never = threading.Event()
    export._shut_down([never.wait] * 3)
    never.set()


def test_after_it_nothing_is_recorded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with exporting() as asked:
        assert asked == {"traces": ("console",)}
        assert recording.now.tracer is not None
    assert recording.now is recording.NOTHING
