"""What one synthetic force sends for each of its returns, as the files that it would upload. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from service.demo.fields import AGGREGATE_FIELDS, CASE_FIELDS, WORKFORCE_FIELDS
from service.demo.generate import Withdrawal, aggregates, changed, workforce
from service.demo.plan import CountryPlan, Mode
from service.demo.sheet import write_csv
from service.tally.count import Years

CONTRACT = "2025.1"
"""The version of the contract that the synthetic rows are written in."""

MEDIA = "text/csv"


class Parcel(Struct, frozen=True, kw_only=True):
    """One return: CSV files of its parts (None: the part is not sent), and the cases that the force withdraws."""

    years: Years
    cases: bytes | None
    withdrawn: tuple[Withdrawal, ...]
    aggregates: bytes | None
    workforce: bytes | None


def parcels(force: str, plan: CountryPlan) -> Mapping[tuple[str, int], Parcel]:
    """All that a force sends, by period and revision: its whole stock at first, then what changed."""
    each = plan.by_force[force]
    due = [(period, revision) for period in each.reports for revision in (1, 2)]
    return {
        (period, revision): _parcel(force, plan, period, revision)
        for period, revision in due
        if revision == 1 or period in each.revised
    }


def _parcel(force: str, plan: CountryPlan, period: str, revision: int) -> Parcel:
    changes = changed(force, plan, period, revision)
    cells = tuple(aggregates(force, plan, period)) if revision == 1 else ()
    teams = tuple(workforce(force, plan, period)) if revision == 1 else ()
    return Parcel(
        years=_years(force, plan),
        cases=write_csv(changes.rows, CASE_FIELDS) if changes.rows else None,
        withdrawn=changes.withdrawn,
        aggregates=write_csv(cells, AGGREGATE_FIELDS) if cells else None,
        workforce=write_csv(teams, WORKFORCE_FIELDS) if teams else None,
    )


def _years(force: str, plan: CountryPlan) -> Years:
    """The years that the case part covers: none of them where only counts are sent."""
    each = plan.by_force[force]
    if each.mode is Mode.AGGREGATE:
        return Years(listed=(), unknown=False)
    if each.case_years is None:
        return Years(listed=None, unknown=True)
    return Years(
        listed=tuple(year for year in each.case_years if isinstance(year, int)), unknown="unknown" in each.case_years
    )
