"""What a picture is asked for, read from the parameters of a request. Pure.

Nothing is guessed: a parameter or dimension that does not exist is refused with the closest that does, because a
picture of something else than was meant looks just as true.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from service.clock import LONDON, london_date
from service.errors import Invalid
from service.picture.national import Dimension
from service.terms.calendar import parse_period

_Read = TypeVar("_Read")

PARAMETERS = ("scope", "as_of", "period", "by", "table")
_POSITION = re.compile(r"[0-9]{1,30}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9:]{8}(?:\.[0-9]+)?)(?:[Zz]|([+\- ])([0-9]{2}:[0-9]{2}))")


class AtPosition(Struct, frozen=True):
    """As of the change with this number."""

    position: int


class AtTime(Struct, frozen=True):
    """As of the last change at or before this moment (UTC)."""

    moment: datetime


AsOf = AtPosition | AtTime


class Table(StrEnum):
    """The tables of a picture. JSON carries all of them, a CSV answer one."""

    CELLS = "cells"
    ATTRITION = "attrition"
    MISSING = "missing"
    COVERAGE = "coverage"


class Question(Struct, frozen=True, kw_only=True):
    """What is asked for; null where the request leaves it open. ``by`` are names as the contract gives them."""

    scope: str | None = None
    as_of: AsOf | None = None
    period: date | None = None
    by: tuple[str, ...] = ()
    table: Table | None = None


def question(parameters: Iterable[tuple[str, str]], now: datetime) -> Question:
    """Read the parameters of a request; ``Invalid`` names what is wrong and what would be right."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if name not in PARAMETERS:
            raise Invalid(f"There is no parameter {shown(name)} here.", closest(name, PARAMETERS))
        if not value.strip():
            raise Invalid(f"The parameter {name} is empty.", "Give it a value or leave it out.")
        given.setdefault(name, []).append(value.strip())
    for name in ("scope", "as_of", "period", "table"):
        if len(given.get(name, ())) > 1:
            raise Invalid(f"The parameter {name} is given more than once.", "Give it once.")
    return Question(
        scope=given.get("scope", [None])[0],
        as_of=read_as_of(given["as_of"][0], now) if "as_of" in given else None,
        period=read_period(given["period"][0]) if "period" in given else None,
        by=tuple(part.strip() for part in ",".join(given.get("by", ())).split(",")) if "by" in given else (),
        table=_table(given["table"][0]) if "table" in given else None,
    )


def read_as_of(value: str, now: datetime) -> AsOf:
    """A position, an RFC 3339 time, or a day (its end in London, semantics 24). A time that has not come is refused."""
    if _POSITION.fullmatch(value):
        return AtPosition(int(value))
    if _DAY.fullmatch(value):
        day = _checked(date.fromisoformat, value)
        if day >= london_date(now):
            raise Invalid(
                "The parameter as_of names a day that has not ended yet.",
                "Leave it out for the last change, or give an earlier day or a time.",
                code="as-of-in-future",
            )
        return AtTime(end_of(day))
    if match := _TIME.fullmatch(value):
        day_text, clock, sign, offset = match.groups()
        # A plus sign that was not percent-encoded arrives as a space; it cannot mean anything else here.
        zone = "+00:00" if offset is None else ("-" if sign == "-" else "+") + offset
        moment = _checked(_moment, f"{day_text}T{clock}{zone}")
        if moment > now:
            raise in_the_future()
        return AtTime(moment)
    raise _bad_as_of()


def end_of(day: date) -> datetime:
    """The last moment of a day in London, in UTC."""
    ends = datetime.combine(day + timedelta(days=1), time(), LONDON).astimezone(UTC)
    return ends - timedelta(microseconds=1)


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _checked(read: Callable[[str], _Read], value: str) -> _Read:
    """What ``read`` makes of it; a day or time of the right form that does not exist is as unreadable as any other."""
    try:
        return read(value)
    except (ValueError, OverflowError):
        raise _bad_as_of() from None


def in_the_future() -> Invalid:
    """The error for a moment after the last that anything can be said about."""
    return Invalid(
        "The parameter as_of names a moment that has not come yet.",
        "Leave it out for the last change, or give an earlier position, time or day.",
        code="as-of-in-future",
    )


def _bad_as_of() -> Invalid:
    return Invalid(
        "The parameter as_of cannot be read.",
        "Give a position (1234), a time with its zone (2025-12-01T09:00:00Z) or a day (2025-12-01).",
    )


def read_period(value: str) -> date:
    """The first day of the month that is meant."""
    return parse_period(value).first_day


def _table(value: str) -> Table:
    if value not in tuple(Table):
        raise Invalid(f"The picture has no table {shown(value)}.", closest(value, tuple(Table)))
    return Table(value)


def dimensions(names: Sequence[str], offered: Mapping[str, Dimension]) -> tuple[Dimension, ...]:
    """The dimensions that are meant by the names in ``by``, each once."""
    meant: list[Dimension] = []
    for name in names:
        if name not in offered:
            raise Invalid(
                f"The picture cannot be broken down by {shown(name)}.",
                closest(name, tuple(offered)),
                code="unknown-by",
            )
        if offered[name] in meant:
            raise Invalid(f"The parameter by names {name} twice.", "Name it once.")
        meant.append(offered[name])
    if sum(item.is_margin for item in meant) > 1:
        margins = [name for name, item in offered.items() if item.is_margin]
        others = [name for name, item in offered.items() if not item.is_margin]
        raise Invalid(
            f"Tallies hold one of {', '.join(margins)} at a time; two at once is a deeper cut.",
            f"Ask for one of {', '.join(margins)}, alone or together with {' and '.join(others)}.",
            code="deeper-cut",
        )
    return tuple(meant)


def closest(name: str, allowed: Sequence[str]) -> str:
    """What to write instead of a name that is not known."""
    close = difflib.get_close_matches(name.lower(), allowed, n=1, cutoff=0.5)
    return (f"Did you mean {close[0]}? " if close else "") + f"Allowed: {', '.join(allowed)}."


def shown(text: str) -> str:
    """Someone else's words, short and without anything that could break a line or a log."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"“{clean[:40]}{'…' if len(clean) > 40 else ''}”"
