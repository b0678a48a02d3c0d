"""Spans: how long each step of a request took, and within which other step.

``with span("validate"):`` or ``@traced("validate")``. A span that fails carries the kind of its error and never the
error's text, which may quote a row. Nothing here is loaded or made where nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from functools import wraps
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Self, TypeVar

from service.errors import CaseReturnsError, Unavailable
from service.telemetry import recording
from service.telemetry.told import BUSY, ERROR, ROWS

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

P = ParamSpec("P")
T = TypeVar("T")
Value = str | int | float | bool


class _Unrecorded:
    """A span that nobody asked for."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object, /) -> None:
        return None

    def note(self, name: str, value: Value) -> None:
        """Say something of the step."""


class _Recorded(_Unrecorded):
    """A span that is recorded, and current while its block runs."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> Self:
        from opentelemetry.context import attach
        from opentelemetry.trace import set_span_in_context

        self._token = attach(set_span_in_context(self._span))
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object, /) -> None:
        from opentelemetry.context import detach

        if error is not None:
            mark_failed(self._span, error)
        self._span.end()
        detach(self._token)

    def note(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)


_NOTHING: Final = _Unrecorded()


def span(name: str, attributes: Mapping[str, Value] | None = None) -> _Unrecorded:
    """A step under this name, as a context manager."""
    tracer = tracer_here()
    return _NOTHING if tracer is None else _Recorded(_begun(tracer, name, attributes))


def traced(name: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Every call of a function is a step under this name."""

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(function)
        async def within(*args: P.args, **kwargs: P.kwargs) -> T:
            with span(name):
                return await function(*args, **kwargs)

        return within

    return decorate


def note(attributes: Mapping[str, Value]) -> None:
    """Say something of the step that is under way."""
    if recording.now.tracer is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(attributes)


def tracer_here() -> Tracer | None:
    """What makes a span within the present one: None where nothing is recorded, or not the request that this is for
    (one in a hundred may be), or where it is for no request."""
    tracer = recording.now.tracer
    if tracer is None:
        return None
    from opentelemetry.trace import get_current_span

    return tracer if get_current_span().is_recording() else None


def each(name: str, items: Iterator[T], rows: Callable[[T], int]) -> Iterator[T]:
    """The same items, and one step over the making of all: how long that took by itself, though other things are done
    between one and the next."""
    tracer = tracer_here()
    return items if tracer is None else _each(tracer, name, items, rows)


def _each(tracer: Tracer, name: str, items: Iterator[T], rows: Callable[[T], int]) -> Iterator[T]:
    busy = count = 0
    made = _begun(tracer, name, None)
    try:
        while True:
            began = perf_counter_ns()
            try:
                item = next(items)
            except StopIteration:
                return
            except BaseException as error:
                mark_failed(made, error)
                raise
            finally:
                busy += perf_counter_ns() - began
            count += rows(item)
            yield item
    finally:
        made.set_attributes({BUSY: busy / 1e9, ROWS: count})
        made.end()


def mark_failed(span: Span, error: BaseException, kind: str | None = None) -> None:
    """The kind of the error, and whether it is a fault of the service: what a client may mend is none."""
    from opentelemetry.trace import StatusCode

    span.set_attribute(ERROR, kind or kind_of(error))
    if not isinstance(error, CaseReturnsError) or isinstance(error, Unavailable):
        span.set_status(StatusCode.ERROR)


def kind_of(error: BaseException) -> str:
    """A short name of the kind of an error, from a closed list."""
    return error.code if isinstance(error, CaseReturnsError) else type(error).__qualname__


def _begun(tracer: Tracer, name: str, attributes: Mapping[str, Value] | None) -> Span:
    return tracer.start_span(name, attributes=attributes, record_exception=False, set_status_on_exception=False)
