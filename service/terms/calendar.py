"""Reporting periods and when they are due. A period is a calendar month in London; the calendar has no end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct

from service.errors import Invalid

_PERIOD = re.compile(r"([0-9]{4})-([0-9]{2})")


class Period(Struct, frozen=True, order=True):
    """One month, written ``2025-11``. Periods are in the order of time."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def in_words(self) -> str:
        """``November 2025``."""
        return f"{self.first_day:%B %Y}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return self.plus(1).first_day - timedelta(days=1)

    def plus(self, months: int) -> Period:
        """The period some months later; earlier where ``months`` is negative."""
        count = self.year * 12 + self.month - 1 + months
        return Period(count // 12, count % 12 + 1)

    def months_since(self, earlier: Period) -> int:
        """How many periods lie between the two; below zero where ``earlier`` is the later one."""
        return (self.year - earlier.year) * 12 + self.month - earlier.month


def parse_period(words: str) -> Period:
    """``2025-11`` as a period; anything else is ``Invalid``."""
    found = _PERIOD.fullmatch(words) if words.isascii() else None
    if found is None or not 1 <= int(found[2]) <= 12 or not 1900 <= int(found[1]) <= 2999:
        raise Invalid("This is not a period.", "Write a month as 2025-11.", code="period")
    return Period(int(found[1]), int(found[2]))


def period_of(day: date) -> Period:
    """The period that a day in London lies in."""
    return Period(day.year, day.month)


class Calendar(Struct, frozen=True):
    """From when returns are made, and how many days after the end of its period one is due."""

    first: Period
    due_days: int

    def period_of(self, day: date) -> Period | None:
        """The reporting period that a day lies in; none before the first."""
        found = period_of(day)
        return found if found >= self.first else None

    def has(self, period: Period, day: date) -> bool:
        """Whether a return for a period can be opened on a day: from the period's first day."""
        return self.first <= period and period.first_day <= day

    def periods(self, start: Period, until: Period) -> Iterator[Period]:
        """The reporting periods from ``start`` to ``until``, both included."""
        period = max(start, self.first)
        while period <= until:
            yield period
            period = period.plus(1)

    def due(self, period: Period) -> date:
        """The day by whose end, in London, a period's return is due."""
        return period.last_day + timedelta(days=self.due_days)

    def last_due(self, day: date) -> Period | None:
        """The newest period whose due day has come; none while the first is not due."""
        period = period_of(day)
        while self.due(period) > day:
            period = period.plus(-1)
        return period if period >= self.first else None
