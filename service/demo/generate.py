"""A realistic synthetic country, from a seed: what each force would send for each period.

Pure: no database, no clock (the day comes in with the plan), and the same rows for the same seed everywhere. Rows are
text cells as they would stand in a spreadsheet, blank for not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from service.demo.cells import cells_of
from service.demo.facts import Row
from service.demo.lives import lives
from service.demo.plan import CountryPlan, ForcePlan, Mode, plan
from service.demo.teams import teams_of

__all__ = ["Changes", "Row", "Withdrawal", "aggregates", "cases", "changed", "plan", "workforce"]


class Withdrawal(Struct, frozen=True):
    """A case that the force no longer reports, and the code of the reason."""

    case_ref: str
    reason: str


class Changes(Struct, frozen=True):
    """What differs from the force's return before: rows new or changed (whole rows), and cases withdrawn."""

    rows: tuple[Row, ...]
    withdrawn: tuple[Withdrawal, ...]


def cases(force: str, plan: CountryPlan, period: str, revision: int | None = None) -> Iterator[Row]:
    """The case rows that a force holds at a period's end: the whole stock, in the order of its references.

    ``revision`` 1 is the return as first sealed, None as it stands after a correction. A force that sends only counts
    has no rows; one that sends both has those of the years that it declares.
    """
    each = plan.by_force[force]
    if each.mode is not Mode.AGGREGATE:
        moment = _moment(plan, period, revision)
        yield from (row for row in _stock(each, plan, moment) if _by_case(each, row))


def changed(force: str, plan: CountryPlan, period: str, revision: int = 1) -> Changes:
    """What a force sends for a period after its return before; revision 2 is the correction of the same period.

    The first return of a force is all its rows.
    """
    each = plan.by_force[force]
    if each.mode is Mode.AGGREGATE:
        return Changes(rows=(), withdrawn=())
    until = _moment(plan, period, revision)
    after = until - 1 if revision > 1 else _moment_before(each, plan, period)
    found = [life for life in lives(each, plan) if life.present(until) and life.moved(after, until)]
    gone = [life for life in lives(each, plan) if life.present(after) and not life.present(until)]
    return Changes(
        rows=tuple(row for row in (life.at(until) for life in found) if _by_case(each, row)),
        withdrawn=tuple(Withdrawal(life.row["case_ref"], life.reason) for life in gone if _by_case(each, life.row)),
    )


def aggregates(force: str, plan: CountryPlan, period: str) -> Iterator[Row]:
    """The aggregate cells of a force at a period's end: all its cases, or those of the years not sent by case."""
    each = plan.by_force[force]
    if each.mode is not Mode.CASES:
        rows = _stock(each, plan, _moment(plan, period, None))
        yield from cells_of((row for row in rows if not _by_case(each, row)), each.style)


def workforce(force: str, plan: CountryPlan, period: str) -> Iterator[Row]:
    """The people on the work at a period's end: one row a team and phase."""
    each = plan.by_force[force]
    yield from teams_of(each, plan.periods.index(period))


def _stock(force: ForcePlan, plan: CountryPlan, moment: int) -> Iterator[Row]:
    return (life.at(moment) for life in lives(force, plan) if life.present(moment))


def _moment(plan: CountryPlan, period: str, revision: int | None) -> int:
    return 2 * plan.periods.index(period) + (0 if revision == 1 else 1)


def _moment_before(force: ForcePlan, plan: CountryPlan, period: str) -> int:
    """The moment of the return on which this period's builds; before all when there is none."""
    earlier = [each for each in force.reports if each < period]
    return _moment(plan, earlier[-1], None) if earlier else -1


def _by_case(force: ForcePlan, row: Row) -> bool:
    """Whether this case is in the case part: its year is declared, or is not known and that is declared."""
    if force.mode is not Mode.MIXED:
        return force.mode is Mode.CASES
    year = row["nfa_date"]
    declared = force.case_years or ()
    return (int(year[:4]) if year and "/" not in year else "unknown") in declared
