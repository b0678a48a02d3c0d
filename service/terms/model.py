"""One edition of the terms of reference: who reports what, when, in which version, and who is counted. Frozen, pure."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from service.terms.calendar import Calendar, Period


class Milestone(Struct, frozen=True, kw_only=True):
    """A share of the cases that is to have reached one of some stages by a day."""

    id: str
    title: str
    by: date
    stages: tuple[str, ...]
    """Codes of the stages at which a case has met it."""
    least_percent: int


class Accepted(Struct, frozen=True, kw_only=True):
    """A contract version, and the periods for which a return may be written in it; no ``until``: without end."""

    version: str
    start: Period
    until: Period | None = None


class Participation(Struct, frozen=True, kw_only=True):
    """One interval of one force's taking part; both ends included. ``successor``: who reports its cases afterwards."""

    force: str
    start: Period
    until: Period | None = None
    successor: str | None = None


class Terms(Struct, frozen=True, kw_only=True):
    """What NCA and NPCC adopted. ``hash`` is over the document as it was published."""

    edition: str
    title: str
    adopted: date
    source: str
    scope: str
    """The scope edition in force when the terms are adopted."""
    proposed: tuple[str, ...]
    contracts: tuple[Accepted, ...]
    calendar: Calendar
    milestones: tuple[Milestone, ...]
    participation: tuple[Participation, ...]
    force_list: str
    """The edition of the code list of forces: a force's ordinal there is its number in the store."""
    hash: str

    def participants(self, period: Period) -> tuple[str, ...]:
        """The forces that report for a period, in the order of the terms."""
        return tuple(dict.fromkeys(item.force for item in self.participation if _holds(item.start, item.until, period)))

    def takes_part(self, force: str, period: Period) -> bool:
        """Whether a force reports for a period."""
        return any(item.force == force and _holds(item.start, item.until, period) for item in self.participation)

    def forces(self) -> tuple[str, ...]:
        """Every force that reports for any period."""
        return tuple(dict.fromkeys(item.force for item in self.participation))

    def accepted(self, period: Period) -> tuple[str, ...]:
        """The contract versions in which a return for a period may be written, in the order of the terms."""
        return tuple(item.version for item in self.contracts if _holds(item.start, item.until, period))

    def first_taken(self, version: str, period: Period) -> Period | None:
        """The first period, this one or one after it, for which a return may be written in a contract version."""
        starts = (
            max(item.start, period)
            for item in self.contracts
            if item.version == version and (item.until is None or period <= item.until)
        )
        return min(starts, default=None)

    def successor(self, force: str, period: Period) -> str | None:
        """Who reports a force's cases for a period in which it no longer takes part itself."""
        if self.takes_part(force, period):
            return None
        ended = [item for item in self.participation if item.force == force and item.until and item.until < period]
        return max(ended, key=lambda item: item.start).successor if ended else None


def _holds(start: Period, until: Period | None, period: Period) -> bool:
    return start <= period and (until is None or period <= until)
