"""Judges sealed returns again: under an edition that was proposed since, or for what earlier releases did not count.

What remains to do is what is not there yet, so a crash, a restart or a second server needs no recovery: a unit is one
force's chain of sealed returns under one edition, locked while somebody works at it and written in one transaction.
Each case version is judged once; a return's tally is that of the one before and what changed (``tally/count.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName, Role
from service.register.columns import stored_types
from service.returns.chain import Chained, chain_of, steps_of
from service.returns.context import Context
from service.returns.moves import transitions_of
from service.returns.rows import listed
from service.returns.shared import shared_rows, store_shared_rows
from service.returns.stock import asked_of
from service.scope.store import Standing
from service.storage.position import latest
from service.tally.count import Group, flips_of, judge_lines, tally_of
from service.tally.judge import Source, case_source
from service.tally.move_store import store_moves
from service.tally.moves import Moves
from service.tally.store import store_chain

_LOCK: Final = text("select pg_try_advisory_xact_lock(:space, :unit)")
_LOCK_SPACE: Final = 0x43_52_06
_CELLS: Final = (
    "(select c.*, r.line as line_from, r.line + 1 as line_to from aggregate_cell c "
    "join case_return r on r.force = c.force and r.id = c.return_id "
    "where c.force = :force and r.line is not null) c"
)


async def judge_chain(context: Context, force: int, standing: Standing) -> int | None:
    """Judge what is not judged yet of a force's chain under an edition: how many returns; None where somebody else is
    at it."""
    async with context.db.force(force) as tx:
        lock = {"space": _LOCK_SPACE, "unit": force << 16 | standing.id}
        if not (await tx.execute(_LOCK, lock)).scalar_one():
            return None
        chain = await chain_of(tx, force)
        lacking = await _lacking(tx, force, standing.id)
        todo = [item for item in chain if item.id in lacking]
        if todo:
            groups = await chain_groups(context, tx, force, standing, todo)
            await _store(context, tx, force, standing, chain, todo, groups, lacking)
        await tx.execute(
            text("delete from judging_problem where force = :force and edition = :edition"),
            {"force": force, "edition": standing.id},
        )
    return len(todo)


async def note_problem(context: Context, force: int, edition: int, says: str) -> None:
    """Report that a chain could not be judged: that holds the edition's coming into force."""
    async with context.db.force(force) as tx:
        await tx.execute(
            text(
                "insert into judging_problem (force, edition, says, at) values (:force, :edition, :says, :at) "
                "on conflict (force, edition) do update set says = excluded.says, at = excluded.at"
            ),
            {"force": force, "edition": edition, "says": says, "at": context.now()},
        )


async def _lacking(tx: AsyncConnection, force: int, edition: int) -> Mapping[UUID, bool]:
    """The returns whose tally is not there, or (True) whose tally has no moves."""
    rows = await tx.execute(
        text(
            "select r.id, t.return_id is not null as has_tally from case_return r "
            "left join tally t on t.force = r.force and t.return_id = r.id and t.edition = :edition "
            "where r.force = :force and r.line is not null and t.has_moves is not true"
        ),
        {"force": force, "edition": edition},
    )
    return {row.id: row.has_tally for row in rows}


async def chain_groups(
    context: Context, tx: AsyncConnection, force: int, standing: Standing, chain: Sequence[Chained]
) -> Mapping[int, tuple[Group, ...]]:
    """What the stock of each of these returns comes to, by the number of its line: in one pass over the force's
    versions, or one for each choice of years that their case parts cover."""
    groups: dict[int, tuple[Group, ...]] = {}
    for years in dict.fromkeys(item.years for item in chain):
        (found,) = await judge_lines(
            tx,
            context.library,
            [asked_of(standing)],
            _sources(context),
            years,
            stored_types(context.library, PartName.CASE),
            {"force": force},
            [item.line for item in chain if item.years == years],
        )
        groups |= found
    return groups


def _sources(context: Context) -> tuple[Source, ...]:
    types = tuple(stored_types(context.library, PartName.CASE))
    rows = f"(select {listed([*types, 'line_from', 'line_to'], 'v')} from case_version v where v.force = :force) v"
    cases = case_source(frozenset(types), rows)
    weights = {
        part.by_role[Role.WEIGHT].name
        for contract in context.library.contracts.values()
        if (part := contract.parts.get(PartName.AGGREGATE)) is not None
    }
    if not weights:
        return (cases,)
    weight = ", ".join(f"{name}_lo" for name in sorted(weights))
    columns = frozenset(stored_types(context.library, PartName.AGGREGATE))
    return cases, Source(rows=_CELLS, columns=columns, weight=f"coalesce({weight})::bigint", is_case=False)


async def _store(
    context: Context,
    tx: AsyncConnection,
    force: int,
    standing: Standing,
    chain: Sequence[Chained],
    judged: Sequence[Chained],
    groups: Mapping[int, tuple[Group, ...]],
    has_tally: Mapping[UUID, bool],
) -> None:
    """Keep the tallies, shared rows and moves of some returns of a chain."""
    position = (await latest(tx)).position
    missing = [item for item in judged if not has_tally[item.id]]
    if missing:
        tallies = {item.id: tally_of(groups[item.line]) for item in missing}
        await store_chain(tx, force=force, edition=standing.id, origin="judged", position=position, tallies=tallies)
        await store_shared_rows(tx, await shared_rows(context, tx, force, missing, [standing]))
    steps = await steps_of(tx, force, judged, chain)
    transitions = await transitions_of(context, tx, force, steps, standing.edition)
    follows = None if standing.follows is None else standing.follows[0]
    moves: dict[Any, Moves] = {
        item.id: Moves(transitions[item.id], flips_of(groups[item.line]), follows) for item in judged
    }
    await store_moves(tx, force, standing.id, moves)
