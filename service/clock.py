"""Now, as a value that is handed in: nothing below the composition root reads a clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives the present moment, always with its zone, in UTC."""

LONDON = ZoneInfo("Europe/London")
"""Periods and dates without a time are those of London (semantics 24)."""


def system_clock() -> datetime:
    """The machine's time in UTC: what the composition root hands to everything else."""
    return datetime.now(UTC)


def london_date(moment: datetime) -> date:
    """The calendar day that a moment falls on in London."""
    return moment.astimezone(LONDON).date()


def day_in_words(day: date) -> str:
    """``7 March 2026``."""
    return f"{day.day} {day:%B %Y}"


def moment_in_words(moment: datetime) -> str:
    """``7 March 2026 at 14:05``, in London."""
    there = moment.astimezone(LONDON)
    return f"{day_in_words(there.date())} at {there:%H:%M}"


def wire_time(moment: datetime) -> str:
    """RFC 3339 in UTC with a ``Z``, to the microsecond: the one form in which a time leaves the service."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
