"""Structured logs: one line an event on standard error, as JSON; on a terminal as words that are easier to read.

Our own events have names in the past tense and keys (``logger.info("return_sealed", extra={...})``; all stand in
``told.EVENTS``). Of an error only its type and the lines that it came through are told, and of what a library says only
the template, because the text of either may quote what a force sent.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any, Final, TypeVar

import msgspec
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from service.errors import CaseReturnsError
from service.telemetry import recording

OWN: Final = __name__.partition(".")[0]
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LONGEST: Final = 300
Stream = TypeVar("Stream", bound=IO[str])
_MOST_CAUSES: Final = 5


def errors_of(error: BaseException) -> list[dict[str, str]]:
    """An error and what caused it: types and lines; in words only what we wrote ourselves, which quotes no row."""
    chain: list[dict[str, str]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < _MOST_CAUSES:
        frames = traceback.extract_tb(current.__traceback__)
        ours = [frame for frame in frames[:-1] if f"/{OWN}/" in frame.filename][-8:]
        lines = " < ".join(
            f"{frame.filename.rpartition('/site-packages/')[2]}:{frame.lineno} {frame.name}"
            for frame in reversed([*ours, *frames[-1:]])
        )
        link = {"type": f"{type(current).__module__}.{type(current).__qualname__}"}
        if isinstance(current, CaseReturnsError):
            link["says"] = current.says
        chain.append(link | {"at": lines or "nowhere"})
        current = current.__cause__ or current.__context__
    return chain


def entry_of(record: logging.LogRecord) -> dict[str, Any]:
    """A record as it is written: time, level, event, its keys, the trace and span that it belongs to."""
    entry: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
    }
    if record.name.partition(".")[0] == OWN:
        entry["event"] = str(record.msg)
        entry |= {name: _plain(value) for name, value in vars(record).items() if name not in _STANDARD}
    else:
        entry |= {"event": "library_reported", "says": _template(record), "at": f"{record.name}:{record.lineno}"}
    if record.exc_info and record.exc_info[1] is not None:
        entry["errors"] = errors_of(record.exc_info[1])
    entry["logger"] = record.name
    here = get_current_span().get_span_context()
    if here.is_valid:
        entry |= {"trace_id": format_trace_id(here.trace_id), "span_id": format_span_id(here.span_id)}
    return entry


def _template(record: logging.LogRecord) -> str:
    """What a library says, with its numbers only. What has no place to fill in may have been filled in before."""
    if not record.args:
        return "" if record.name not in _LITERAL else str(record.msg)[:_LONGEST]
    given = record.args if isinstance(record.args, tuple) else (record.args,)
    try:
        return str(record.msg)[:_LONGEST] % tuple(item if isinstance(item, int | float) else "..." for item in given)
    except (TypeError, ValueError, KeyError):
        return str(record.msg)[:_LONGEST]


_LITERAL: Final = frozenset({"uvicorn", "uvicorn.error"})
"""Loggers that say nothing of a request in words that they made up."""


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value[:_LONGEST]
    return (
        value if value is None or isinstance(value, bool | int | float | list | dict | tuple) else type(value).__name__
    )


class Lines(logging.Handler):
    """Writes entries to a stream, and to the collector where one was asked for."""

    def __init__(self, stream: IO[str], *, readable: bool) -> None:
        super().__init__()
        self._stream = stream
        self._write = _readable if readable else _json

    def emit(self, record: logging.LogRecord) -> None:
        try:
            entry = entry_of(record)
            self._stream.write(self._write(entry) + "\n")
            self._stream.flush()
            collect = recording.now.log
            if collect is not None and not record.name.startswith("opentelemetry"):
                collect(entry)
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        """Nothing of the record: Python's own would print its arguments."""


def _json(entry: dict[str, Any]) -> str:
    return msgspec.json.encode(entry, enc_hook=lambda value: type(value).__name__).decode()


def _readable(entry: dict[str, Any]) -> str:
    first = f"{entry['time'][11:]} {entry['level']:<7} {entry['event']}"
    skipped = ("time", "level", "event", "logger", "span_id")
    rest = [f"{name}={_word(value)}" for name, value in entry.items() if name not in skipped and value is not None]
    return "  ".join([first, *rest])


def _word(value: object) -> str:
    text = value if isinstance(value, str) else _json({"": value})[4:-1]
    return text if text.isprintable() else ascii(text)


@contextmanager
def logging_to(stream: Stream, *, level: str = "info") -> Iterator[Stream]:
    """All logs of the process go to the stream while the block runs: ours from this level on, and of libraries warnings
    and errors."""
    root, own, sending = logging.getLogger(), logging.getLogger(OWN), logging.getLogger("opentelemetry.exporter")
    before, lines = [(each, each.level) for each in (root, own, sending)], Lines(stream, readable=stream.isatty())
    number = logging.getLevelNamesMapping()[level.upper()]
    root.addHandler(lines)
    root.setLevel(max(number, logging.WARNING))
    own.setLevel(number)
    sending.setLevel(logging.ERROR)  # that it failed is told, not each time that it tries again
    try:
        yield stream
    finally:
        root.removeHandler(lines)
        for each, had in before:
            each.setLevel(had)
