"""The log: one line an event, with keys, and with the trace that it belongs to."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest

from service.telemetry.logs import logging_to
from service.telemetry.told import EVENTS
from tests.support.faults import until
from tests.support.returns import a_case, csv_of
from tests.support.server import PERIOD, Return, Served
from tests.support.telemetry import Told

OURS = logging.getLogger("service.returns.upload")


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with logging_to(io.StringIO()) as stream:
        yield stream


async def test_a_request_has_a_line_with_its_route_status_time_and_client(served: Served, told: Told) -> None:
    key = await served.key("kent")
    client = await served.bare({"Authorization": f"Bearer {await served.token(key)}"})
    answered = await client.get(f"/api/forces/kent/returns/{PERIOD}", params={"revision": "1"})
    await served.stack.aclose()
    line = told.lines("request_answered")[-1]
    assert answered.status_code == 404
    assert {name: line[name] for name in ("method", "route", "status", "client", "problem", "level")} == {
        "method": "GET",
        "route": "/api/forces/{force}/returns/{period}",
        "status": 404,
        "client": key.client_id,
        "problem": "not-found",
        "level": "info",
    }
    assert isinstance(line["seconds"], float)
    assert line["trace_id"] == answered.headers["traceparent"].split("-")[1]


async def test_what_a_request_did_is_logged_within_its_trace(november: Return, told: Told) -> None:
    await november.upload(csv_of([a_case(), a_case("K/2", suspect_count="two")]))
    await november.upload(csv_of([a_case()]), mode="snapshot")
    await november.explain_all()
    answered = await november.send_seal(await november.etag())
    (first, _) = told.lines("rows_uploaded")
    assert (first["force"], first["period"], first["mode"]) == ("kent", PERIOD, "changes")
    assert (first["received"], first["accepted"], first["held"]) == (2, 1, 1)
    (sealed,) = told.lines("return_sealed")
    assert (sealed["force"], sealed["period"], sealed["revision"]) == ("kent", PERIOD, 1)
    assert sealed["trace_id"] == answered.headers["traceparent"].split("-")[1]
    (seal,) = [span for span in told.spans(sealed["trace_id"]) if span.name == "seal"]
    assert seal.context is not None
    assert sealed["span_id"] == f"{seal.context.span_id:016x}"


async def test_a_log_has_traces_also_where_none_is_recorded(served: Served, log: io.StringIO) -> None:
    client = await served.bare()
    answered = await client.get("/api")
    await served.stack.aclose()
    (line,) = [line for line in lines(log) if line["event"] == "request_answered"]
    assert line["trace_id"] == answered.headers["traceparent"].split("-")[1]


async def test_every_line_is_a_declared_event_with_declared_keys(told: Told, november: Return) -> None:
    await november.upload(csv_of([a_case()]))
    await november.explain_all()
    await november.seal()
    declared = {event.name: event for event in EVENTS}
    common = {"time", "level", "event", "logger", "trace_id", "span_id"}
    for line in told.lines():
        assert set(line) - common <= set(declared[line["event"]].keys), line
    told_of = {line["event"] for line in told.lines()}
    assert {"token_issued", "request_answered", "rows_uploaded", "return_sealed"} <= told_of


async def test_whoever_asks_whether_the_service_lives_is_logged_only_at_debug(served: Served) -> None:
    client = await served.bare()
    for level, expected in (("info", 0), ("debug", 1)):
        with logging_to(io.StringIO(), level=level) as stream:
            await client.get("/health/live")
            await client.get("/api")
            await until(lambda stream=stream: "/api" in [line["route"] for line in lines(stream)], "it is logged")
        assert [line["route"] for line in lines(stream)].count("/health/live") == expected


def test_an_error_is_told_by_type_and_lines_and_never_by_its_text(log: io.StringIO) -> None:
    try:
        try:
            int("SECRET")
        except ValueError as cause:
            raise RuntimeError("SECRET") from cause
    except RuntimeError:
        OURS.exception("request_failed")
    (line,) = lines(log)
    first, second = line["errors"]  # type: ignore[misc]
    assert (first["type"], second["type"]) == ("builtins.RuntimeError", "builtins.ValueError")
    assert "test_logs.py" in first["at"]
    assert "SECRET" not in log.getvalue()


def test_what_a_library_says_is_told_by_its_template(log: io.StringIO) -> None:
    library = logging.getLogger("asyncio")
    library.error("Task %s failed with %d", "SECRET", 7)
    library.error("exception=ValueError('SECRET')")
    library.error("Named %(name)s", {"name": "SECRET"})
    library.info("nothing of this")
    assert "SECRET" not in log.getvalue()
    assert [line["says"] for line in lines(log)] == ["Task ... failed with 7", "", "Named %(name)s"]
    assert {line["event"] for line in lines(log)} == {"library_reported"}


async def test_a_task_that_nobody_waited_for_is_told_without_its_error(log: io.StringIO) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "SECRET", "exception": ValueError("SECRET")})
    (line,) = lines(log)
    assert (line["event"], line["logger"]) == ("library_reported", "asyncio")
    assert "SECRET" not in log.getvalue()


def test_a_value_of_a_kind_that_is_not_expected_is_told_by_its_kind(log: io.StringIO) -> None:
    OURS.info("return_sealed", extra={"force": ValueError("SECRET"), "errors": [ValueError("SECRET")]})
    (line,) = lines(log)
    assert line["force"] == "ValueError"
    assert line["errors"] == ["ValueError"]


def test_a_line_is_one_line_whatever_stands_in_it(log: io.StringIO) -> None:
    with logging_to(Terminal()) as terminal:
        OURS.info("return_sealed", extra={"force": 'kent\n{"event": "forged"}\x1b[2J'})
    (line,) = lines(log)
    assert line["event"] == "return_sealed"
    (words,) = terminal.getvalue().splitlines()
    assert words.removesuffix("\n").isprintable()


def test_a_terminal_is_given_words(log: io.StringIO) -> None:
    with logging_to(Terminal()) as terminal:
        OURS.info("return_sealed", extra={"force": "kent", "revision": 1, "period": None})
    assert terminal.getvalue().split()[1:] == ["info", "return_sealed", "force=kent", "revision=1"]


def test_what_is_below_the_level_is_not_written() -> None:
    with logging_to(io.StringIO(), level="error") as stream:
        OURS.warning("return_sealed")
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        OURS.error("request_failed")
    assert [line["event"] for line in lines(stream)] == ["request_failed"]


def test_a_stream_that_is_gone_breaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(io.StringIO()) as stream:
        stream.close()
        OURS.info("return_sealed", extra={"force": "SECRET"})
    assert "SECRET" not in capsys.readouterr().err


def test_afterwards_logging_is_as_it_was() -> None:
    root, own = logging.getLogger(), logging.getLogger("service")
    before = (list(root.handlers), root.level, own.level)
    with logging_to(io.StringIO(), level="debug"):
        assert (list(root.handlers), root.level, own.level) != before
    assert (list(root.handlers), root.level, own.level) == before
