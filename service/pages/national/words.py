"""Sentences of the national page: what a range means, how old a return is, how much is covered."""

from __future__ import annotations

from service.pages.site import month, number
from service.picture.export import Columns, CoverageShown, ForceShown
from service.picture.national import Dimension

BREAKDOWNS = {
    Dimension.FORCE: "Force",
    Dimension.REGION: "Region",
    Dimension.STAGE: "Stage",
    Dimension.SETTING: "Setting",
    Dimension.YEAR: "Year",
}
"""What each breakdown is called, in the order in which they are offered."""

_NOT_KNOWN = {Dimension.YEAR: "Year not known", Dimension.REGION: "No region"}


def not_known(dimension: Dimension) -> str:
    """What stands where the value of a dimension is not known: it is never left out, and never *all*."""
    return _NOT_KNOWN.get(dimension, "Not known")


def range_of(columns: Columns) -> str:
    """``3,052 to 3,614``; one number where both ends are the same, and no upper end where there is none."""
    if columns.most is None:
        return f"{number(columns.least)} or more"
    if columns.most == columns.least:
        return number(columns.least)
    return f"{number(columns.least)} to {number(columns.most)}"


def counted(value: int, one: str, many: str) -> str:
    """``1 force``, ``45 forces``."""
    return f"{number(value)} {one if value == 1 else many}"


def meaning(totals: Columns) -> str:
    """What the range says, in the reader's words."""
    return " ".join(part for part in (_least(totals), _rest(totals)) if part)


def _least(totals: Columns) -> str:
    if totals.least == 0:
        return "No case that forces have reported is in scope for certain."
    if totals.least == 1:
        return "At least 1 case that forces have reported is in scope."
    return f"At least {number(totals.least)} cases that forces have reported are in scope."


def _rest(totals: Columns) -> str:
    if totals.most is None:
        said = "Some counts were not provided, so there is no upper end."
        return said if totals.undetermined == 0 else f"{_undetermined(totals.undetermined)} {said}"
    return _undetermined(totals.undetermined) if totals.undetermined else "Every case could be decided."


def _undetermined(cases: int) -> str:
    if cases == 1:
        return "For 1 more, what is recorded does not decide: it may be in scope or not."
    return f"For another {number(cases)}, what is recorded does not decide: each may be in scope or not."


def age(periods: int) -> str:
    """How old a return is, in months."""
    return counted(periods, "month old", "months old")


def report(force: ForceShown) -> str:
    """The last month that a force reported for, and how old that is."""
    if force.period is None:
        return "Nothing reported yet"
    old = "" if not force.age_periods else f", {age(force.age_periods)}"
    return f"{month(force.period)}{old}"


def ages(coverage: CoverageShown) -> str:
    """``1 to 4 months old``, over what is carried forward; empty where nothing is."""
    found = sorted(force.age_periods for force in coverage.forces if force.age_periods)
    if not found:
        return ""
    return age(found[0]) if found[0] == found[-1] else f"{found[0]} to {age(found[-1])}"
