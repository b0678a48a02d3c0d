"""A day as three fields of a form have it."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from service.pages.force.forms import Typed


class Day(Struct, frozen=True):
    """The day, or what is wrong with what was typed; neither where nothing was."""

    value: date | None
    wrong: str | None = None


def typed_day(sent: Typed, name: str) -> Day:
    """The day of the fields ``name-day``, ``name-month`` and ``name-year``."""
    parts = [sent.one(f"{name}-{part}") for part in ("day", "month", "year")]
    if not any(parts):
        return Day(None)
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts) or len(parts[2]) != 4:
        return Day(None, "Write day, month and year in numbers, for example 7 3 2026")
    try:
        return Day(date(int(parts[2]), int(parts[1]), int(parts[0])))
    except ValueError:
        return Day(None, "There is no such day")
