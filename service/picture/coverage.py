"""Who was expected, and what of theirs counts: reported, carried forward with its age, or not reported.

Pure. A figure that does not say what it covers says nothing; so every picture is made from a ``Coverage``, and a
force that is missing here cannot be in the sum (semantics 26, 30, 35).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from service.terms.calendar import Calendar


class Reporting(StrEnum):
    """Where an expected force stands."""

    REPORTED = "reported"
    CARRIED_FORWARD = "carried_forward"
    NOT_REPORTED = "not_reported"


class Participation(Struct, frozen=True, kw_only=True):
    """One interval in which a force takes part; both periods included, no last one: still taking part."""

    force: int
    first_period: date
    last_period: date | None = None
    successor: int | None = None
    """The force that took it over."""

    def holds(self, period: date) -> bool:
        return self.first_period <= period and (self.last_period is None or period <= self.last_period)


class CountingReturn(Struct, frozen=True, kw_only=True):
    """The one return of a force that counts at a moment, with the head of its tally.

    ``judged`` is whether it has a tally under the edition that is asked for. Where it has not, ``counted`` is its
    weight as another edition's tally has it, or null if there is none either.
    """

    force: int
    return_id: UUID
    period: date
    revision: int
    sealed_at: datetime
    sealed_position: int
    digest: str | None = None
    judged: bool = True
    edition: int | None = None
    """The edition whose tally stands for the return: the one asked for, or another until that is there."""
    counted: int | None = None
    not_counted: int = 0
    open_cells: int = 0

    @property
    def is_open(self) -> bool:
        """Whether its weight has no upper end: cells without a number, or no tally at all."""
        return self.open_cells > 0 or self.counted is None


class ForceCoverage(Struct, frozen=True, kw_only=True):
    """One expected force: its state, and the return that counts for it."""

    force: int
    state: Reporting
    counting: CountingReturn | None
    age_periods: int | None
    """How many periods old the return is, seen from the period it should be for."""


class Heir(Struct, frozen=True):
    """Who has the cases of a force that was taken over, from its first return for a period after ``after`` on."""

    force: int
    after: date


class Coverage(Struct, frozen=True, kw_only=True):
    """What a picture covers. ``forces`` is in the order of the list of forces."""

    period: date | None
    """The period that was asked for."""
    due_period: date | None
    """The period against which ages are counted: the one asked for, or the last one due."""
    forces: tuple[ForceCoverage, ...]
    not_expected: tuple[int, ...]
    """Forces with a sealed return that take no part (any more), so that nothing of theirs is in the sum."""
    heirs: Mapping[int, Heir]
    """Of those of them that were taken over: by which of ``forces``."""

    @property
    def expected(self) -> int:
        return len(self.forces)

    def count(self, state: Reporting) -> int:
        return sum(1 for item in self.forces if item.state is state)

    @property
    def counting(self) -> tuple[CountingReturn, ...]:
        return tuple(item.counting for item in self.forces if item.counting is not None)

    @property
    def holding(self) -> Mapping[int, int]:
        """Whose counting return has the cases of a force, by that force: its own, or that of who took it over."""
        own = {item.force: item.force for item in self.counting}
        return own | {left: heir.force for left, heir in self.heirs.items() if heir.force in own}

    @property
    def not_judged(self) -> tuple[int, ...]:
        """Forces whose return has no tally under the edition yet: all their weight is undetermined."""
        return tuple(item.force for item in self.counting if not item.judged)


def covered(
    calendar: Calendar,
    taking_part: Iterable[Participation],
    returns: Mapping[int, CountingReturn],
    period: date | None,
    day: date,
) -> Coverage:
    """The returns that count, set against whom the terms expect, seen from a day in London."""
    due = calendar.last_due(day)
    return cover(
        taking_part,
        returns,
        period=period,
        last_due=None if due is None else due.first_day,
        month=day.replace(day=1),
    )


def cover(
    participations: Iterable[Participation],
    returns: Mapping[int, CountingReturn],
    *,
    period: date | None,
    last_due: date | None,
    month: date,
) -> Coverage:
    """Set the returns that count against who was expected.

    ``returns`` has each force's return that counts. ``month`` is the period that the asked moment falls in; it decides
    who is expected where nothing is due yet.
    """
    due = period or last_due
    everyone, at = tuple(participations), due or month
    expected = expected_forces(everyone, returns, at)
    return Coverage(
        period=period,
        due_period=due,
        forces=tuple(_force(force, returns.get(force), asked=period, due=due) for force in sorted(expected)),
        not_expected=tuple(sorted(set(returns) - expected)),
        heirs=_heirs(_standing(everyone, at), returns, expected),
    )


def expected_forces(
    participations: tuple[Participation, ...], returns: Mapping[int, CountingReturn], at: date
) -> frozenset[int]:
    """Who is expected for the period ``at``: those who take part then, and those whose successor has not sealed yet.

    A merged force counts on until its successor's first seal for a period after it left, and not from then on, also
    where the period in which it left is the last that is due: the sum neither drops in between nor has it twice
    (semantics 30).
    """
    standing = _standing(participations, at)
    successors = _successors(standing)

    def counts(item: Participation) -> bool:
        if item.successor is None or item.last_period is None:
            return item.holds(at)
        return _heir(item.force, item.last_period, successors, returns) is None

    return frozenset(item.force for item in standing if counts(item))


def _standing(participations: Iterable[Participation], at: date) -> Collection[Participation]:
    """Of each force the last interval that has begun: who followed it before has nothing of it once it is back."""
    begun = sorted((item for item in participations if item.first_period <= at), key=lambda item: item.first_period)
    return {item.force: item for item in begun}.values()


def _successors(participations: Iterable[Participation]) -> Mapping[int, int]:
    return {item.force: item.successor for item in participations if item.successor is not None}


def _heirs(
    participations: Collection[Participation], returns: Mapping[int, CountingReturn], expected: frozenset[int]
) -> Mapping[int, Heir]:
    """Who is expected now of those who follow a force; where the one that took it over was taken over too, the next."""
    successors = _successors(participations)
    left = {
        item.force: item.last_period
        for item in participations
        if item.successor is not None and item.last_period is not None and item.force not in expected
    }
    found: dict[int, Heir] = {}
    for force, last in left.items():
        after, seen = last, {force}
        heir = _heir(force, after, successors, returns)
        while heir is not None and heir in left and heir not in seen:
            seen.add(heir)
            after = left[heir]
            heir = _heir(heir, after, successors, returns)
        if heir in expected:
            found[force] = Heir(heir, after)
    return found


def _heir(force: int, last: date, successors: Mapping[int, int], returns: Mapping[int, CountingReturn]) -> int | None:
    """The first of those who follow a force that has sealed a return for a period after it left."""
    seen = {force}
    heir = successors.get(force)
    while heir is not None and heir not in seen:
        sealed = returns.get(heir)
        if sealed is not None and sealed.period > last:
            return heir
        seen.add(heir)
        heir = successors.get(heir)
    return None


def _force(force: int, counting: CountingReturn | None, *, asked: date | None, due: date | None) -> ForceCoverage:
    if counting is None:
        return ForceCoverage(force=force, state=Reporting.NOT_REPORTED, counting=None, age_periods=None)
    age = 0 if due is None else max(0, months_between(counting.period, due))
    on_time = counting.period == asked if asked is not None else age == 0
    state = Reporting.REPORTED if on_time else Reporting.CARRIED_FORWARD
    return ForceCoverage(force=force, state=state, counting=counting, age_periods=age)


def months_between(earlier: date, later: date) -> int:
    """Whole calendar months from one period's first day to another's; negative when it is the other way round."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month
