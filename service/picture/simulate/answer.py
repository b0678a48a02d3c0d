"""Runs a simulation, by the role that reads cases and gives back counts alone; nothing of it is stored but that it was
asked for, which stands in the audit log.

The figures and their position come from one statement, so they are exactly as of it, whatever is sealed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.clock import london_date
from service.contract.pace import pace_fields
from service.errors import NotFound
from service.picture import store
from service.picture.coverage import Coverage, covered
from service.picture.national import MARGINS, Dimension
from service.picture.simulate.fold import Judged, Valued, fold, read
from service.picture.simulate.model import Cost, Counted, Side, Simulation
from service.picture.simulate.pace import Point, pace_of, points_of
from service.picture.simulate.question import (
    POSITION,
    VALUES,
    SimulationRefused,
    Statement,
    pieces_of,
    statement_of,
    without,
)
from service.picture.words import Words
from service.returns.context import Actor, Context
from service.scope.store import Standing, edition_in_force, standing_of
from service.scope.tallied import judged_all_the_same
from service.storage.position import latest
from service.storage.remembered import Statements
from service.tally.count import dimension_lists
from service.tally.model import Margin
from service.telemetry.spans import traced

_STATEMENTS: Final = Statements()
_PLANNED: Final = text(
    "select pg_relation_size('case_version') / current_setting('block_size')::integer, "
    "set_config('enable_nestloop', 'off', true), set_config('min_parallel_table_scan_size', '1TB', true)"
)
"""How many pages are to be read, each piece from its beginning to its end by one process: no piece is shared among
several, and none is read force by force."""
_BY_CODE: Final = {Margin.STAGE: Dimension.STAGE, Margin.SETTING: Dimension.SETTING}


class Asked(Struct, frozen=True, kw_only=True):
    """What is asked for: an edition, without some of its rules, ``against`` another (None: the one in force). ``by``
    are the breakdowns as the contract names them (None: all)."""

    edition: str
    against: str | None = None
    rules_off: tuple[str, ...] = ()
    by: tuple[str, ...] | None = None


class Simulated(Struct, frozen=True, kw_only=True):
    """A simulation with the words of its two editions."""

    simulation: Simulation
    before: Words
    after: Words


@traced("simulate")
async def simulate(context: Context, actor: Actor, asked: Asked) -> Simulated:
    """What an edition would do to the returns that count now. ``NotFound`` where the service does not know it,
    ``SimulationRefused`` for anything else that cannot be asked."""
    async with context.db.judge() as tx:
        standing = await standing_of(tx, context.editions, asked.edition)
        other = await _against(tx, context, asked.against)
        before, after = _sides(standing, other, asked, london_date(context.now()))
        words = _words(context, after)
        by = dimensions_of(words, asked.by)
        coverage = await _coverage(tx, context, (await latest(tx)).position, other)
        statement = statement_of(context.library, before.edition, after.edition, by)
        found = await _ask(tx, statement, [each.force for each in coverage.counting])
        await append(tx, _entry(actor, asked, before, found.position), context.now())
    codes = dimension_lists(context.library, after.edition.vocabulary)
    lists = {_BY_CODE[margin]: listed for margin, listed in codes.items()}
    counted = fold(found.judged, found.valued, lists, by_force=Dimension.FORCE in by)
    async with context.db.national() as tx:
        points = await points_of(tx, context.library, found.position)
    return Simulated(
        simulation=Simulation(
            before=before,
            after=after,
            position=found.position,
            at=found.at,
            expected=coverage.expected,
            counting=len(coverage.counting),
            counted=counted,
            costs=_costs(coverage, counted, points, is_declared=bool(pace_fields(context.library))),
        ),
        before=_words(context, before),
        after=words,
    )


def dimensions_of(words: Words, by: Sequence[str] | None) -> tuple[Dimension, ...]:
    """The breakdowns that are meant: all that there are where none are named. A region is none of them: a force is in
    one region, so its flips can be added up."""
    offered = {name: dimension for name, dimension in words.offered.items() if dimension in (Dimension.FORCE, *MARGINS)}
    if by is None:
        return tuple(offered.values())
    for place, name in enumerate(by):
        if name not in offered:
            says, fix = "There is no such breakdown of a simulation.", f"Take from: {', '.join(offered)}."
            raise SimulationRefused(f"/by/{place}", says, fix)
    return tuple(dict.fromkeys(offered[name] for name in by))


def _sides(standing: Standing, other: Standing, asked: Asked, today: date) -> tuple[Side, Side]:
    """The edition that it is set against, and the one that is asked about, as it is asked."""
    off = tuple(dict.fromkeys(asked.rules_off))
    notes = [judged_all_the_same(each.state, each.tallied_until, today) for each in (other, standing)]
    return (
        Side(edition=other.edition, state=other.state, note=notes[0]),
        Side(edition=without(standing.edition, off), state=standing.state, note=notes[1], rules_off=off),
    )


async def _against(tx: AsyncConnection, context: Context, name: str | None) -> Standing:
    if name is None:
        return await edition_in_force(tx, context.editions, london_date(context.now()))
    try:
        return await standing_of(tx, context.editions, name)
    except NotFound as error:
        raise SimulationRefused("/against", error.says, error.do) from None


async def _coverage(tx: AsyncConnection, context: Context, position: int, under: Standing) -> Coverage:
    """Whose returns count now, as in the national picture (semantics 26, 30); it is the same under any edition."""
    returns = await store.counting_returns(tx, under.id, [position], None)
    taking_part = await store.participations(tx, context.terms.edition)
    return covered(context.terms.calendar, taking_part, returns[position], None, london_date(context.now()))


class _Found(Struct):
    """What the statement gave."""

    judged: list[Judged]
    valued: dict[Dimension, list[Valued]]
    position: int
    at: datetime


async def _ask(tx: AsyncConnection, statement: Statement, forces: Sequence[int]) -> _Found:
    query = _STATEMENTS.get(statement.sql, partial(str, statement.sql))
    pages = (await tx.execute(_PLANNED)).scalar_one()
    rows = (await tx.execute(query, {"forces": list(forces), **pieces_of(pages)})).all()
    judged: list[Judged] = []
    valued: dict[Dimension, list[Valued]] = {each: [] for some in statement.about.values() for each in some}
    position, moment = 0, None
    for row in rows:
        if row.which == POSITION:
            position, moment = row.weight, row.at
        elif not statement.about[row.which]:
            judged.append(read(row.force, row.before, row.after, row.weight, row.open_cells))
        for dimension in statement.about.get(row.which, ()):
            valued[dimension].append(Valued(row.before, row.after, getattr(row, VALUES[dimension]), row.weight))
    if moment is None:
        raise TypeError("a statement of a simulation says its position")
    return _Found(judged, valued, position, moment)


def _costs(
    coverage: Coverage, counted: Counted, points: Mapping[int, Sequence[Point]], *, is_declared: bool
) -> tuple[Cost, ...]:
    """What it would ask of each force whose return counts, in the order of the list of forces."""
    return tuple(
        Cost(
            force=each.force,
            look_again=counted.look_again.get(each.force, 0),
            attributes=counted.to_supply.get(each.force, {}),
            pace=pace_of(points.get(each.force, ()), is_declared=is_declared),
        )
        for each in coverage.counting
    )


def _words(context: Context, side: Side) -> Words:
    return Words(
        edition=side.edition, contract=context.library.contracts[side.edition.vocabulary], forces=context.forces
    )


def _entry(actor: Actor, asked: Asked, before: Side, position: int) -> Entry:
    """That all returns were read for it; the position is that of the figures, and no change of its own."""
    details: dict[str, Any] = {
        "against": before.edition.name,
        "rules_off": tuple(dict.fromkeys(asked.rules_off)),
        "as_of": position,
    }
    return Entry(action="scope_simulated", actor=actor.id, subject=f"scope/{asked.edition}", details=details)
