"""Judges sealed returns again: under an edition that was proposed since, or for what earlier releases did not count.

What remains to do is what is not there yet, so a crash, a restart or a second server needs no recovery: a unit is one
force's chain of sealed returns under one edition, locked while somebody works at it and written in one transaction.
Each case version is judged once, and what it comes to is added up where it stands (``chain_sql.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName, Role
from service.register.columns import stored_types
from service.returns.chain import CHAINED, NEWEST_FIRST, Step, chained_row, steps_of
from service.returns.chain_sql import Chain, chain_sql
from service.returns.context import Context
from service.returns.moves import cell_transitions_of
from service.returns.shared import shared_versions, store_shared
from service.scope.store import Standing
from service.scope.tallied import SEALED_DAY, tallied_on
from service.storage.remembered import Statements
from service.tally.count import Years
from service.tally.judge import Source
from service.tally.move_store import moves_stand, store_transitions

_STATEMENTS: Final = Statements()

LOCK_SPACE: Final = 0x43_52_06
_CLAIM: Final = text(
    "select pg_try_advisory_xact_lock(:space, :unit) "
    "and exists (select from (select from force_line where force = :force for share skip locked) l), "
    "set_config('enable_indexscan', 'off', true), set_config('enable_sort', 'off', true), "
    "set_config('work_mem', '128MB', true), set_config('plan_cache_mode', 'force_generic_plan', true), "
    "set_config('synchronous_commit', 'off', true)"
)
"""The unit's lock, and the force's, held with others that judge: while a seal ends versions, what they come to is not
kept here. Cases have random ids: what an index says which pages hold a force's versions, is read page by page. Of the
groups that come of them the planner expects as many as there are versions: it would sort, or set half of them aside on
disk, where a few MB hold them all. The same statement is run for every force: it is planned once. And nobody waits for
a disk: what a crash takes is judged again, and what came after it, the switch too, is lost with it."""
_STATE: Final = text(
    "with settled as (delete from judging_problem where force = :force and edition = :edition) "
    f"select {CHAINED}, t.return_id is not null as has_tally, "
    f"t.has_moves is not true and {tallied_on(SEALED_DAY)} as lacks "
    "from case_return r join scope_edition e on e.id = :edition "
    "left join tally t on t.force = r.force and t.return_id = r.id and t.edition = e.id "
    f"where r.force = :force and r.line is not null {NEWEST_FIRST}"
)
"""A force's chain, and which of it lacks its tally or (``has_tally``) only the moves of one; of a superseded edition,
what was sealed while it was tallied. What was told of why the chain could not be judged holds no longer."""
_CELLS: Final = (
    "(select c.*, r.line as line_from, r.line + 1 as line_to from aggregate_cell c "
    "join case_return r on r.force = c.force and r.id = c.return_id "
    "where c.force = :force and r.line is not null) c"
)


async def judge_chain(context: Context, force: int, standing: Standing) -> int | None:
    """Judge what is not judged yet of a force's chain under an edition: how many returns; None where somebody else is
    at it, or the force is sealing: it is tried again."""
    async with context.db.force(force) as tx:
        claim = {"space": LOCK_SPACE, "unit": force << 16 | standing.id, "force": force}
        if not (await tx.execute(_CLAIM, claim)).scalar_one():
            return None
        rows = (await tx.execute(_STATE, {"force": force, "edition": standing.id})).all()
        chain = {row.id: chained_row(row) for row in rows}
        lacking = {row.id: row.has_tally for row in rows if row.lacks}
        if lacking:
            steps = await steps_of(tx, force, [chain[each] for each in lacking], list(chain.values()))
            await _judge(context, tx, force, standing, steps, lacking)
    return len(lacking)


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


def chain_cells(context: Context) -> Source | None:
    """The aggregate cells of all returns of a chain, each for the one number of the line at which it stands; None where
    no standard has such a part."""
    weights = {
        part.by_role[Role.WEIGHT].name
        for contract in context.library.contracts.values()
        if (part := contract.parts.get(PartName.AGGREGATE)) is not None
    }
    if not weights:
        return None
    weight = ", ".join(f"{name}_lo" for name in sorted(weights))
    columns = frozenset(stored_types(context.library, PartName.AGGREGATE))
    return Source(rows=_CELLS, columns=columns, weight=f"coalesce({weight})::bigint", is_case=False)


async def _judge(
    context: Context,
    tx: AsyncConnection,
    force: int,
    standing: Standing,
    steps: Sequence[Step],
    has_tally: Mapping[UUID, bool],
) -> None:
    """Judge some returns of a chain, and keep their tallies, shared rows and moves."""
    before = None if standing.follows is None else standing.follows[1]
    cells = chain_cells(context) if any(step.has_cells for step in steps) else None
    chain = Chain(context.library, standing.edition, before, cells)
    all_years = all(years.listed is None for step in steps for years in (step.years, step.base_years))
    asked = [(each.vocabulary, each.definition) for each in (standing.edition, before) if each is not None]
    key = (context.library, *asked, all_years, cells is None)
    statement = _STATEMENTS.get(key, lambda: chain_sql(chain, all_years=all_years))
    lines = [step.line for step in steps]
    parameters: dict[str, Any] = {
        "force": force,
        "edition": standing.id,
        "return_ids": [step.id for step in steps],
        "lines": lines,
        "first": min(lines),
        "last": max(lines),
        "lacking": [not has_tally[step.id] for step in steps],
        "on_base": [step.base_id is not None for step in steps],
        "years": [_array(step.years) for step in steps],
        "unknowns": [step.years.unknown for step in steps],
        "base_years": [_array(step.base_years) for step in steps],
        "base_unknowns": [step.base_years.unknown for step in steps],
    }
    if standing.follows is not None:
        parameters["before"] = standing.follows[0]
    left_behind = (await tx.execute(statement, parameters)).scalar_one()
    if standing.follows is not None and left_behind:
        # nobody else judges shared cases under it any more, and flips are counted against it
        await store_shared(tx, await shared_versions(context, tx, force, lines, dict([standing.follows])))
    moved = await cell_transitions_of(context, tx, force, steps, standing.edition)
    await store_transitions(tx, force, standing.id, moved)
    await moves_stand(tx, force, standing.id, [step.id for step in steps if has_tally[step.id]])


def _array(years: Years) -> str | None:
    return None if years.listed is None else f"{{{','.join(map(str, years.listed))}}}"
