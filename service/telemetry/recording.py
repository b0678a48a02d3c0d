"""What is recorded now, if anything: one for the process, as logging is.

By default nothing is, and nothing of OpenTelemetry's SDK is loaded: a span then costs a look at a variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


class Instrument(Protocol):
    """Takes one measurement with its labels."""

    def __call__(self, amount: float, attributes: Mapping[str, str | int], /) -> None: ...


class Recording(Struct, frozen=True, kw_only=True):
    """Where spans, measurements and log entries go; None or absent: nowhere."""

    tracer: Tracer | None = None
    instruments: Mapping[str, Instrument] = {}
    log: Callable[[dict[str, Any]], None] | None = None


NOTHING = Recording()
now = NOTHING
"""Read it as ``recording.now``: it changes."""


def record_to(recording: Recording) -> Recording:
    """From now on record there; what it was before, to go back to."""
    global now
    before, now = now, recording
    return before
