"""The numbers about a whole return that macro rules may speak of, and how they are computed. Pure.

A number is a pair (least, most), as everywhere: a cell that is not provided leaves the most open. A measure that cannot
be computed is unknown, so that no rule over it fires (semantics 13).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from service.criteria.vocabulary import OPEN_NUMBER, Kind

Count: TypeAlias = tuple[int, int]

KNOWN = (
    "cases_now",
    "cases_before",
    "change_percent",
    "share_undetermined",
    "years_missing",
    "duplicate_refs",
    "aggregate_difference",
)
"""The measures that the service computes; a contract declares those that its rules use, with their meaning."""


class Counts(StrEnum):
    """What a declared measure counts over one field of all cases of the return."""

    SAME = "same"
    """How many cases say anything of the field, where all of them say the same; 0 where they differ."""
    FIRST_OF_MONTH = "first_of_month"
    """How many of a hundred exact days are the first of a month."""
    FIRST_OF_YEAR = "first_of_year"
    """How many of a hundred exact days are the first of January."""
    FIVES = "fives"
    """How many of a hundred exact numbers above 0 end in 0 or 5."""

    @property
    def kind(self) -> Kind | None:
        """The only kind of field that it can be counted over; None where any will do."""
        return {Counts.SAME: None, Counts.FIVES: Kind.NUMBER}.get(self, Kind.DATE)


def measured(
    *,
    cases_now: Count | None = None,
    cases_before: Count | None = None,
    undetermined: Count | None = None,
    years_missing: int | None = None,
    duplicate_refs: int | None = None,
    aggregate_difference: Count | None = None,
) -> dict[str, Count | None]:
    """What macro rules judge: every known measure, ``None`` where it cannot be computed.

    ``undetermined`` is how many of ``cases_now`` the edition in force cannot decide.
    """
    return {
        "cases_now": cases_now,
        "cases_before": cases_before,
        "change_percent": change_percent(cases_now, cases_before),
        "share_undetermined": share_percent(undetermined, cases_now),
        "years_missing": None if years_missing is None else (years_missing, years_missing),
        "duplicate_refs": None if duplicate_refs is None else (duplicate_refs, duplicate_refs),
        "aggregate_difference": aggregate_difference,
    }


def change_percent(now: Count | None, before: Count | None) -> Count | None:
    """By how many per cent ``now`` differs from ``before``, cut towards zero: -20 for a fall of a fifth."""
    if now is None or before is None or before[0] <= 0:
        return None
    return _change(now[0], before[1]), _change(now[1], before[0])


def share_percent(part: Count | None, whole: Count | None) -> Count | None:
    """How many of a hundred of ``whole`` are in ``part``, cut towards zero; unknown while either is open."""
    if part is None or whole is None or whole[0] <= 0 or OPEN_NUMBER in (part[1], whole[1]):
        return None
    return _percent(part[0], whole[1]), min(100, _percent(part[1], whole[0]))


def _change(now: int, before: int) -> int:
    if now == OPEN_NUMBER:
        return OPEN_NUMBER
    return -100 if before == OPEN_NUMBER else _percent(now - before, before)


def _percent(part: int, whole: int) -> int:
    share = abs(part) * 100 // whole
    return min(share, OPEN_NUMBER) if part >= 0 else -share
