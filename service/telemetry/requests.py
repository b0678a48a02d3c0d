"""Watches each request: its trace (``traceparent`` in and out), its metric, and its line in the log.

It stands around the whole application, so it also sees what no route answers. Of the request it tells the method, the
template of its route and who calls: never the path, the query, a header or the body. A ``tracestate`` or ``baggage`` is
not taken over: both are the sender's free text.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import Token
from time import perf_counter
from typing import Any, Final

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)

from service.telemetry import recording
from service.telemetry.metrics import measure
from service.telemetry.told import ACTIVE, CLIENT, ERROR, METHOD, PROBLEM, REQUESTS, ROUTE, STATUS

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY"})
_QUIET: Final = "/health/"
"""Whoever watches asks for these every few seconds: they are counted, but not traced, and logged at ``debug``."""
_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


def told_of_client(scope: Any, client: str) -> None:
    """Whose request this is, once the token was found to be valid."""
    scope[CLIENT] = client


def told_of_problem(scope: Any, code: str) -> None:
    """Which problem the request is answered with."""
    scope[PROBLEM] = code


def sent_trace(header: bytes) -> SpanContext | None:
    """The span that the sender says it is in, by W3C Trace Context; None where that cannot be read."""
    found = _TRACEPARENT.fullmatch(header.strip())
    if found is None or found[1] == b"ff" or (found[1] == b"00" and found[5]):
        return None
    place = SpanContext(int(found[2], 16), int(found[3], 16), is_remote=True, trace_flags=TraceFlags(int(found[4], 16)))
    return place if place.is_valid else None


def watched(app: App) -> App:
    """The application, watched."""

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request = _Request(scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"traceparent", request.traceparent)]
            await send(message)

        try:
            await app(scope, receive, sending)
        except BaseException as error:
            request.error = type(error).__qualname__
            raise
        finally:
            request.answered()

    return watching


class _Request:
    """One request under way."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        self._is_quiet = scope["path"].startswith(_QUIET)
        self._began = perf_counter()
        self._span = self._begun()
        self._token: Token[Context] = attach(set_span_in_context(self._span))
        self.status: int | None = None
        """None until the answer has begun: nothing was answered where it stays so."""
        self.error: str | None = None
        measure(ACTIVE, 1, {METHOD: self._method})

    def _begun(self) -> Span:
        sent = next((sent_trace(value) for name, value in self._scope["headers"] if name == b"traceparent"), None)
        tracer = recording.now.tracer
        if tracer is None or self._is_quiet:
            # Not recorded, but with a place of its own: the log lines of one request are found by its trace.
            trace = sent.trace_id if sent is not None else random.getrandbits(128) or 1
            return NonRecordingSpan(SpanContext(trace, random.getrandbits(64) or 1, is_remote=False))
        above = Context() if sent is None else set_span_in_context(NonRecordingSpan(sent), Context())
        return tracer.start_span(
            self._method,
            above,
            kind=SpanKind.SERVER,
            attributes={METHOD: self._method},
            record_exception=False,
            set_status_on_exception=False,
        )

    @property
    def traceparent(self) -> bytes:
        place = self._span.get_span_context()
        ids = f"{format_trace_id(place.trace_id)}-{format_span_id(place.span_id)}"
        return f"00-{ids}-{int(place.trace_flags):02x}".encode()

    def answered(self) -> None:
        """Tell of it, now that its last byte is sent (or will never be)."""
        seconds = perf_counter() - self._began
        route = self._scope.get("path_template") or None
        client, problem = self._scope.get(CLIENT), self._scope.get(PROBLEM)
        failed = self.error or (str(self.status) if self.status is not None and self.status >= 500 else None)
        carried = {METHOD: self._method, ROUTE: route, STATUS: self.status, ERROR: failed}
        labels = {name: value for name, value in carried.items() if value is not None}
        measure(ACTIVE, -1, {METHOD: self._method})
        measure(REQUESTS, seconds, labels)
        logger.log(
            self._level(failed),
            "request_answered",
            extra={
                "method": self._method,
                "route": route,
                "status": self.status,
                "seconds": round(seconds, 6),
                "client": client,
                "problem": problem,
                "error": self.error,
            },
        )
        if self._span.is_recording():
            about = {CLIENT: client, PROBLEM: problem}
            self._span.set_attributes(labels | {name: value for name, value in about.items() if value is not None})
            if route is not None:
                self._span.update_name(f"{self._method} {route}")
            if failed is not None:
                self._span.set_status(StatusCode.ERROR)
        self._span.end()
        detach(self._token)

    def _level(self, failed: str | None) -> int:
        if failed is not None:
            return logging.ERROR
        return logging.DEBUG if self._is_quiet else logging.INFO
