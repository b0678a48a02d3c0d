"""What a bridge reads from the database: stored moves and tallies, never a case. One query a function."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.picture.bridge import Beside
from service.picture.chains import Link
from service.picture.not_provided import Kept, NotProvided
from service.picture.store import NUMBERS
from service.scope.tallied import tallied_on
from service.tally.judge import in_years_sql
from service.tally.model import Margin

Return = tuple[int, UUID]
"""A force, and a return of it."""


class Moved(Struct, frozen=True):
    """Weight that moved; the rulings are folded: one for everything undetermined."""

    force: int
    kind: str
    before: int | None
    after: int | None
    weight: int


def _folded(ruling: str) -> str:
    """Everything undetermined is one; what was not counted stays null, which ``least`` would pass over."""
    return f"case when {ruling} > 0 then 1 else {ruling} end"


_LISTED: Final = "unnest(cast(:forces as smallint[]), cast(:returns as uuid[])) as item (force, return_id)"
_CHAIN: Final = text("select id, base_id, sealed_position from case_return where sealed_position is not null")
_PERIODS: Final = text("select id, period from case_return where id = any(cast(:returns as uuid[]))")
_FLIPS: Final = text(
    "select f.force, least(f.ruling_before, 1) as before, least(f.ruling_after, 1) as after, "
    f"sum(f.weight)::bigint as weight from {_LISTED} join flip f on f.force = item.force "
    "and f.return_id = item.return_id and f.edition_before = :before and f.edition_after = :after group by 1, 2, 3"
)
_TRANSITIONS: Final = text(
    f"select t.force, t.kind, {_folded('t.ruling_before')} as before, {_folded('t.ruling_after')} as after, "
    f"sum(t.weight)::bigint as weight from {_LISTED} join transition t on t.force = item.force "
    "and t.return_id = item.return_id and t.edition = :edition group by 1, 2, 3, 4"
)
_WHOLE: Final = text(
    "select c.force, least(c.ruling, 1) as ruling, sum(c.weight)::bigint as weight "
    f"from {_LISTED} join tally_cell c on c.force = item.force and c.return_id = item.return_id "
    "and c.edition = :edition and c.margin = :margin group by 1, 2"
)
# A cell without a number weighs nothing in its return's tally by years, but it stands there all the same.
_NOT_PROVIDED: Final = text(
    "select t.return_id, t.edition, t.open_cells, count(c.ruling) > 0 as has_cells, "
    f"coalesce(bool_or(c.ruling < 0), false) as others_out from {_LISTED} "
    "join tally t on t.force = item.force and t.return_id = item.return_id "
    "and t.edition = any(cast(:editions as smallint[])) join case_return r on (r.force, r.id) = (t.force, t.return_id) "
    "left join tally_cell c on (c.force, c.return_id, c.edition) = (t.force, t.return_id, t.edition) "
    f"and c.margin = :margin and {NUMBERS} group by t.return_id, t.edition, t.open_cells"
)
_SHARED_BESIDE: Final = text(
    f"select s.force, s.case_id, s.shared_ref from {_LISTED} "
    "join case_return r on (r.force, r.id) = (item.force, item.return_id) "
    "join shared_version s on s.force = r.force and s.line_from <= r.line and r.line < s.line_to "
    "where s.edition = :edition and r.case_years is not null "
    f"and not {in_years_sql('r.case_years', 'r.case_year_unknown', 's.year')}"
)
_UNMOVED: Final = text(
    f"select count(*) from {_LISTED} where not exists (select from tally t where t.force = item.force "
    "and t.return_id = item.return_id and t.edition = :edition and t.has_moves)"
)
_IS_TALLIED: Final = text(f"select {tallied_on(':day')} from scope_edition e where e.id = :edition")
_FOLLOWS: Final = text("select id, name, follows from scope_edition")


async def chain(tx: AsyncConnection) -> Mapping[UUID, Link]:
    """What every return that was ever sealed builds on."""
    return {row.id: Link(row.base_id, row.sealed_position) for row in await tx.execute(_CHAIN)}


async def periods(tx: AsyncConnection, returns: Collection[UUID]) -> Mapping[UUID, date]:
    """The first day of the period of each of some returns."""
    return {row.id: row.period for row in await tx.execute(_PERIODS, {"returns": list(returns)})}


async def follows(tx: AsyncConnection) -> Mapping[int, tuple[str, int | None]]:
    """By number: the name of each edition, and the one that it follows."""
    return {row.id: (row.name, row.follows) for row in await tx.execute(_FOLLOWS)}


async def flips(tx: AsyncConnection, returns: Sequence[Return], before: int, after: int) -> Sequence[Moved]:
    """What a change from one edition to the next does in some returns."""
    parameters = {**_listed(returns), "before": before, "after": after}
    rows = await tx.execute(_FLIPS, parameters)
    return [Moved(row.force, "", row.before, row.after, row.weight) for row in rows]


async def transitions(tx: AsyncConnection, returns: Sequence[Return], edition: int) -> Sequence[Moved]:
    """What some returns moved under an edition."""
    rows = await tx.execute(_TRANSITIONS, {**_listed(returns), "edition": edition})
    return [Moved(row.force, row.kind, row.before, row.after, row.weight) for row in rows]


async def wholes(tx: AsyncConnection, returns: Sequence[Return], edition: int) -> Sequence[Moved]:
    """What some returns weigh under an edition, as if all of it had come."""
    rows = await tx.execute(_WHOLE, {**_listed(returns), "edition": edition, "margin": int(Margin.STAGE)})
    return [Moved(row.force, "", None, row.ruling, row.weight) for row in rows]


async def not_provided(tx: AsyncConnection, returns: Sequence[Return], editions: Collection[int]) -> Kept:
    """What cells without a number some returns have under some editions, as far as they are judged."""
    parameters = {**_listed(returns), "editions": list(editions), "margin": int(Margin.YEAR)}
    rows = await tx.execute(_NOT_PROVIDED, parameters)
    found: dict[UUID, dict[int, NotProvided]] = {item: {} for _, item in returns}
    for item, edition, cells, has_cells, others_out in rows:
        found[item][edition] = NotProvided(cells=cells, has_cells=has_cells, others_out=others_out)
    return found


async def shared_beside(tx: AsyncConnection, returns: Sequence[Return], edition: int) -> Sequence[Beside]:
    """The cases of some returns that name other forces, in years that these report as numbers: kept, not counted."""
    return [Beside(*row) for row in await tx.execute(_SHARED_BESIDE, {**_listed(returns), "edition": edition})]


async def is_tallied(tx: AsyncConnection, edition: int, day: date) -> bool:
    """Whether a return that is sealed on this day is tallied under an edition."""
    found: bool | None = (await tx.execute(_IS_TALLIED, {"edition": edition, "day": day})).scalar_one()
    return bool(found)


async def without_moves(tx: AsyncConnection, returns: Sequence[Return], edition: int) -> int:
    """How many of some returns are not wholly judged under an edition yet."""
    count: int = (await tx.execute(_UNMOVED, {**_listed(returns), "edition": edition})).scalar_one()
    return count


def _listed(returns: Sequence[Return]) -> dict[str, Any]:
    return {"forces": [force for force, _ in returns], "returns": [each for _, each in returns]}
