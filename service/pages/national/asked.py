"""What the address of the national page asks for, and what is wrong in it. Pure.

The page takes the parameters of the API, and besides them the fields of its own form and what only arranges the page
(``sort``, ``state``, ``region``). What was typed is kept as it was typed; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Final, TypeVar
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from service.errors import CaseReturnsError, Invalid
from service.picture.coverage import Reporting
from service.picture.question import AsOf, Question, closest, read_as_of, read_period, shown

_Read = TypeVar("_Read")

PAGE: Final = "/national"
API: Final = "/api/national/picture"
SORTS: Final = ("name", "report", "least", "most", "undetermined", "out_of_scope", "led_elsewhere")
_FORM: Final = ("day", "month", "year")
_OF_THE_PICTURE: Final = ("scope", "as_of", "period", "by")
_OF_THE_PAGE: Final = ("sort", "state", "region")
_KNOWN: Final = (*_OF_THE_PICTURE, *_FORM, *_OF_THE_PAGE)
_LONGEST: Final = 200
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Problem(Struct, frozen=True):
    """What is wrong with one field of the form, in words for whoever filled it in; ``at`` is the input to go to."""

    field: str
    says: str
    at: str


class Typed(Struct, frozen=True, kw_only=True):
    """The form as it was filled in: a day in three fields, or a change or time in one; neither is the last change."""

    scope: str = ""
    day: str = ""
    month: str = ""
    year: str = ""
    as_of: str = ""
    period: str = ""

    @property
    def by_day(self) -> bool:
        return bool(self.day or self.month or self.year)


class Asked(Struct, frozen=True, kw_only=True):
    """What is asked for. ``as_of`` is the text of the parameter, as the API takes it; ``by`` is never empty."""

    typed: Typed
    by: tuple[str, ...]
    scope: str | None
    as_of: str | None
    period: str | None
    moment: AsOf | None
    month: date | None
    problems: tuple[Problem, ...]
    by_form: bool
    """Whether it came from the form, and not from an address of the page's own."""
    sort: str | None
    state: Reporting | None
    region: str | None

    @property
    def question(self) -> Question:
        """The same for the picture; to be asked where there is no problem."""
        return Question(scope=self.scope, as_of=self.moment, period=self.month, by=self.by)

    def address(self, **changes: str | None) -> str:
        """The page's own address for this, with some parameters changed or (None) left out."""
        given = {
            "scope": self.scope,
            "as_of": self.as_of,
            "period": self.period,
            "by": ",".join(self.by),
            "sort": self.sort,
            "state": self.state,
            "region": self.region,
        } | changes
        return _address(PAGE, given)

    def with_problems(self, *problems: Problem) -> Asked:
        """The same, with what only the picture could say of it."""
        return replace(self, problems=problems)


def _address(path: str, given: Mapping[str, str | None]) -> str:
    query = urlencode({name: value for name, value in given.items() if value}, safe=",:")
    return f"{path}?{query}" if query else path


def api_address(asked: Asked, scope: str, as_of: str) -> str:
    """Where a program finds the figures of the page: everything that they depend on stands in it."""
    return _address(API, {"scope": scope, "as_of": as_of, "period": asked.period, "by": ",".join(asked.by)})


def file_address(asked: Asked, scope: str, as_of: str, file: str, table: str | None = None) -> str:
    """Where the page gives the same figures as a file."""
    by = ",".join(asked.by) if table in (None, "cells") else None
    given = {"scope": scope, "as_of": as_of, "period": asked.period, "by": by, "table": table}
    return _address(f"{PAGE}/{file}", given)


def read(parameters: Iterable[tuple[str, str]], now: datetime) -> Asked:
    """What an address asks. ``Invalid`` for a parameter that there is not, or that stands twice: no form has those."""
    given = _given(parameters)
    problems: list[Problem] = []
    typed, as_of = _when(given, problems)
    moment = None
    if as_of is not None:
        at = "day" if typed.by_day else "as_of"
        moment = _told(lambda: read_as_of(as_of, now), problems, "as_of", at)
    period = given.get("period") or None
    month = None if period is None else _told(lambda: read_period(period), problems, "period", "period")
    asked = Asked(
        typed=typed,
        by=_by(given.get("by")),
        scope=given.get("scope") or None,
        as_of=as_of,
        period=period,
        moment=moment,
        month=month,
        problems=tuple(problems),
        by_form=any(name in given for name in _FORM) or not all(given.values()),
        sort=_sort(given.get("sort")),
        state=_state(given.get("state")),
        region=given.get("region") or None,
    )
    _check_filters(asked)
    return asked


def problem_of(error: CaseReturnsError, asked: Asked) -> Problem | None:
    """Which field of the form an error of the picture is about, in the form's words; None if it is about none."""
    field = _FIELDS.get(error.code, "as_of" if asked.as_of is not None and error.code == Invalid.code else None)
    if field is None:
        return None
    at = "day" if field == "as_of" and asked.typed.by_day else field
    return Problem(field, _WORDS.get((error.code, at)) or f"{error.says} {error.do}".strip(), at)


_FIELDS: Final = {
    "no-such-scope": "scope",
    "scope-not-tallied": "scope",
    "no-scope-in-force": "as_of",
    "as-of-in-future": "as_of",
    "no-such-period": "period",
    "period-not-begun": "period",
    "period": "period",
}
_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("as-of-in-future", "day"): "The day must be in the past: a picture is as of the end of a day",
    ("as-of-in-future", "as_of"): "There has been no such change yet: choose the last change, or give an earlier one",
    ("invalid", "day"): "Nothing had been adopted by then: choose a later day",
    ("invalid", "as_of"): "There is nothing to count as of that: give a later change or time",
    ("no-scope-in-force", "day"): "No definition was in force by then: choose a later day, or name an edition",
    ("no-scope-in-force", "as_of"): "No definition was in force by then: give a later change, or name an edition",
    ("period-not-begun", "period"): "That month had not begun at that moment: choose an earlier month",
    ("period", "period"): "Choose a month from the list",
}


def _given(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in parameters:
        if name not in _KNOWN:
            raise Invalid(f"This page takes no parameter {shown(name)}.", closest(name, _KNOWN))
        if name in given:
            raise Invalid(f"The parameter {name} stands twice in the address.", "Give it once.")
        given[name] = value.strip()[:_LONGEST]
    return given


def _check_filters(asked: Asked) -> None:
    """Region and state are of the list by force: elsewhere nothing would be left out, and the page would say something
    else than was asked for."""
    if asked.by == ("force",) or (asked.region is None and asked.state is None):
        return
    name = "state" if asked.region is None else "region"
    raise Invalid(f"Only the list by force can be of one {name}.", f"Leave {name} out, or give by=force.")


def _told(reading: Callable[[], _Read], problems: list[Problem], field: str, at: str) -> _Read | None:
    """What is read, or None with one more problem."""
    try:
        return reading()
    except Invalid as error:
        unreadable = (
            "Enter the number of a change, such as 256, or a time with its zone, such as 2025-12-01T09:00:00Z"
            if at == "as_of"
            else "Enter a real date, such as 7 3 2026"
        )
        known = _WORDS.get((error.code, at)) if error.code != Invalid.code else unreadable
        problems.append(Problem(field, known or error.says, at))
        return None


def _when(given: Mapping[str, str], problems: list[Problem]) -> tuple[Typed, str | None]:
    """The form's fields, and the text of ``as_of`` that they come to."""
    as_of = given.get("as_of", "")
    typed = Typed(
        scope=given.get("scope", ""),
        day=given.get("day", ""),
        month=given.get("month", ""),
        year=given.get("year", ""),
        as_of=as_of,
        period=given.get("period", ""),
    )
    if not typed.by_day:
        return _as_typed(typed, as_of), as_of or None
    if as_of:
        problems.append(Problem("as_of", "Give a day, or a change or time, and not both", "as_of"))
        return typed, None
    return typed, _day(typed, problems)


def _as_typed(typed: Typed, as_of: str) -> Typed:
    """How the form would have said what stands in an address."""
    try:
        day = date.fromisoformat(as_of)
    except ValueError:
        return typed
    if day.isoformat() != as_of:  # digits alone are the number of a change
        return typed
    return replace(typed, day=str(day.day), month=str(day.month), year=str(day.year), as_of="")


def _day(typed: Typed, problems: list[Problem]) -> str | None:
    """The day of three fields as the API writes it."""
    parts = {"day": typed.day, "month": typed.month, "year": typed.year}
    absent = [name for name, text in parts.items() if not text]
    if absent:
        says = "Enter a day" if len(absent) == len(parts) else f"The date must include a {' and a '.join(absent)}"
        problems.append(Problem("as_of", says, absent[0]))
        return None
    if typed.year.isdigit() and len(typed.year) != 4:
        problems.append(Problem("as_of", "The year must have 4 numbers", "year"))
        return None
    try:
        return date(_number(typed.year), _month(typed.month), _number(typed.day)).isoformat()
    except ValueError:
        problems.append(Problem("as_of", "The date must be a real date, such as 7 3 2026", "day"))
        return None


def _month(text: str) -> int:
    """A month by its number, or by its name as people write it."""
    name = text.lower()
    found = [place for place, start in enumerate(_MONTHS, 1) if name.startswith(start)]
    return found[0] if found else _number(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError("not a number")
    return int(text)


def _by(text: str | None) -> tuple[str, ...]:
    names = tuple(part.strip() for part in (text or "force").split(","))
    if len(set(names)) != len(names):
        raise Invalid("The address asks twice for the same breakdown.", "Name it once.")
    return names


def _sort(text: str | None) -> str | None:
    if text and text.removeprefix("-") not in SORTS:
        raise Invalid("The table cannot be sorted like that.", closest(text.removeprefix("-"), SORTS))
    return text or None


def _state(text: str | None) -> Reporting | None:
    if not text:
        return None
    if text not in tuple(Reporting):
        raise Invalid(f"There is no state of a report {shown(text)}.", closest(text, tuple(Reporting)))
    return Reporting(text)
