"""How long one case took of each force's officers, by what it reported itself: the pace of its own work.

Read under the national role: returns, stage margins of tallies and workforce rows, no case. Between two sealed returns
of a force so many more cases are at or beyond a stage; so many officers worked on it on so many days from Monday to
Friday. Where one of these is not known, the pace is not guessed: it is said why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.pace import PaceFields, pace_fields
from service.picture.simulate.model import Pace, Unmeasured
from service.tally.model import Margin
from service.terms.calendar import period_of

_WORKING_DAYS: Final = 5
_WEEK: Final = 7


class Point(Struct, frozen=True, kw_only=True):
    """What one sealed return says: the cases at or beyond the stage, and the officers who work towards it (None: not
    said)."""

    period: date
    reached: int
    officers: float | None


async def points_of(tx: AsyncConnection, library: Library, position: int) -> Mapping[int, Sequence[Point]]:
    """Each force's sealed returns as of a position, oldest first, the newest revision of each period."""
    measured = pace_fields(library)
    if not measured:
        return {}
    found: dict[int, list[Point]] = {}
    for row in (await tx.execute(text(_points_sql(measured)), _parameters(measured, position))).all():
        officers = None if row.officers is None else float(row.officers)
        found.setdefault(row.force, []).append(Point(period=row.period, reached=row.reached, officers=officers))
    return found


def _points_sql(measured: Mapping[str, PaceFields]) -> str:
    """Weights do not depend on the edition, so any one tally of a return says how many cases are where; a return that
    has none yet says nothing. Officers are known where every row of the phase says them."""
    officers = " ".join(f"when :version_{n} then w.{each.officers}_lo" for n, each in enumerate(measured.values()))
    phase = " ".join(f"when :version_{n} then w.{each.phase} = :mask_{n}" for n, each in enumerate(measured.values()))
    stages = " ".join(
        f"when :version_{n} then c.dimension = any(cast(:stages_{n} as integer[]))" for n in range(len(measured))
    )
    return f"""
        select r.force, r.period, reached.cases as reached, working.officers
        from (
            select distinct on (r.force, r.period) r.force, r.id, r.period, r.contract_version
            from case_return r
            where r.sealed_position <= :position
                and (r.withdrawn_position is null or r.withdrawn_position > :position)
            order by r.force, r.period, r.revision desc
        ) r
        join lateral (
            select min(t.edition) as edition from tally t where (t.force, t.return_id) = (r.force, r.id)
        ) counted on counted.edition is not null
        cross join lateral (
            select coalesce(sum(c.weight), 0)::bigint as cases from tally_cell c
            where (c.force, c.return_id, c.margin, c.edition) = (r.force, r.id, :margin, counted.edition)
                and case r.contract_version {stages} end
        ) reached
        cross join lateral (
            select case when bool_and(w.officers is not null) then sum(w.officers) end as officers from (
                select case r.contract_version {officers} end as officers from workforce_row w
                where (w.force, w.return_id) = (r.force, r.id) and case r.contract_version {phase} end
            ) w
        ) working
        order by r.force, r.period
    """


def _parameters(measured: Mapping[str, PaceFields], position: int) -> dict[str, Any]:
    found: dict[str, Any] = {"position": position, "margin": int(Margin.HEADLINE)}
    for n, (version, each) in enumerate(measured.items()):
        found |= {f"version_{n}": version, f"mask_{n}": each.mask, f"stages_{n}": list(each.stages)}
    return found


def pace_of(points: Sequence[Point], *, is_declared: bool = True) -> Pace | Unmeasured:
    """The pace over every stretch between two successive returns of which the officers are known.

    A stretch in which fewer cases than before are at the stage counts as well, with fewer than none: a correction takes
    back what an earlier return said too much.
    """
    if not is_declared:
        return Unmeasured("The standard does not say by which fields a pace is measured.")
    if len(points) < 2:
        return Unmeasured("It has not sealed returns for two periods yet: a pace is between two.")
    stretches = [(before, after, after.officers) for before, after in pairwise(points) if after.officers]
    if not stretches:
        return Unmeasured("No return after its first says of any officers who work on it.")
    cases = sum(after.reached - before.reached for before, after, _ in stretches)
    if cases <= 0:
        return Unmeasured("No more cases reached the stage between its returns than before.")
    return Pace(
        since=_end(stretches[0][0].period),
        until=_end(stretches[-1][1].period),
        officer_days=sum(
            officers * _working_days(_end(before.period), _end(after.period)) for before, after, officers in stretches
        ),
        cases=cases,
    )


def _end(period: date) -> date:
    """The day that a return's stock is of."""
    return period_of(period).last_day


def _working_days(after: date, until: date) -> int:
    """Days from Monday to Friday after one day, up to another; no holiday is taken off."""
    weeks, rest = divmod((until - after).days, _WEEK)
    days: Iterable[date] = (after + timedelta(days=number) for number in range(1, rest + 1))
    return weeks * _WORKING_DAYS + sum(day.weekday() < _WORKING_DAYS for day in days)
