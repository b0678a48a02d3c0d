"""A span for each statement to the database: its kind and its first table, never a parameter or a literal.

Rows that go by COPY do not pass here; the step ``copy`` has them.
"""

from __future__ import annotations

import re
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind, StatusCode
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext

from service.telemetry import recording
from service.telemetry.spans import tracer_here
from service.telemetry.told import DATABASE, ERROR, OPERATION, POOL, STATE, TABLE

_TABLE: Final = re.compile(r"\b(?:from|into|update|table(?: if not exists)?)\s+([a-z_]+[a-z0-9_]*)", re.IGNORECASE)
_HASHED: Final = re.compile(r"_[0-9a-f]{12}$")
_SEARCHED: Final = 2000
"""In characters: so much of a statement is looked at for its table."""
_SPAN: Final = "case_returns_span"


def name_of(engine: Engine) -> str:
    """The name of an engine's pool: its role, in short."""
    return engine.logging_name or "default"


def watch(engine: Engine) -> None:
    """Make a span of every statement of an engine, where the request that it is for is recorded.

    Only where recording has begun before the engine is made: to be asked costs a statement a seventh of its time here.
    """
    if recording.now.tracer is None:
        return
    pool = name_of(engine)

    def before(_: Connection, __: Any, statement: str, ___: Any, context: Any, ____: bool) -> None:
        tracer = tracer_here()
        if tracer is None or context is None:
            return
        operation, table = kind_of_statement(statement)
        attributes = {DATABASE: "postgresql", OPERATION: operation, POOL: pool} | ({TABLE: table} if table else {})
        made = tracer.start_span(
            f"{operation} {table}" if table else operation,
            kind=SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        )
        setattr(context, _SPAN, made)

    def after(_: Connection, __: Any, ___: str, ____: Any, context: Any, _____: bool) -> None:
        made = _span_of(context)
        if made is not None:
            made.end()

    def failed(error: ExceptionContext) -> None:
        made = _span_of(error.execution_context)
        if made is not None:
            state = getattr(error.original_exception, "sqlstate", None)
            made.set_attribute(ERROR, str(state or type(error.original_exception).__qualname__))
            if state:
                made.set_attribute(STATE, str(state))
            made.set_status(StatusCode.ERROR)
            made.end()

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    event.listen(engine, "handle_error", failed)


def _span_of(context: Any) -> Span | None:
    found: Span | None = getattr(context, _SPAN, None)
    return found


def kind_of_statement(statement: str) -> tuple[str, str | None]:
    """``("INSERT", "case_version")``. Nothing behind the first literal is looked at, and a table that is named after a
    contract's hash is told without it."""
    end = statement.find("'", 0, _SEARCHED)
    bare = statement[: end if end >= 0 else _SEARCHED]
    operation = bare.split(None, 1)[0].strip("(").upper() if bare.strip() else ""
    found = _TABLE.search(bare)
    table = None if found is None else _HASHED.sub("", found[1].lower())
    return (operation if operation in _OPERATIONS else "OTHER"), table


_OPERATIONS: Final = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "SET", "ALTER", "DROP", "TRUNCATE", "LOCK", "ANALYZE"}
)
