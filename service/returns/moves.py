"""What sealed returns moved, each against the one that it builds on, under one edition (semantics 33, 34).

A return's changes are the case versions that end, and those that begin, with its number of the line: two looks at the
versions of the force tell the moves of all its returns, however many they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import PartName
from service.register.columns import stored_types
from service.returns.chain import Step
from service.returns.context import Context
from service.returns.moved_sql import STANDS, moved_sql
from service.scope.edition import Edition
from service.storage.remembered import Statements
from service.tally.count import Group, Years, dimension_lists, judge
from service.tally.judge import cell_source, covered_sql, judged
from service.tally.model import Margin, dimension_of
from service.tally.moves import Cause, Side, Transition

_STATEMENTS: Final = Statements()
_CELLS: Final = "aggregate_cell where force = :force and return_id = :return_id"


async def transitions_of(
    context: Context, tx: AsyncConnection, force: int, steps: Sequence[Step], edition: Edition
) -> Mapping[UUID, tuple[Transition, ...]]:
    """The transitions of some returns of a force under an edition, by return; of a first return there are none: all of
    it is new coverage."""
    found: dict[UUID, list[Transition]] = {step.id: [] for step in steps}
    building = [step for step in steps if step.base_id is not None]
    alike: dict[tuple[Years, Years], list[Step]] = {}
    for step in building:
        alike.setdefault((step.base_years, step.years), []).append(step)
    for (before, after), some in alike.items():
        by_line = {step.line: step.id for step in some}
        for line, transition in await _of_cases(context, tx, force, list(by_line), before, after, edition):
            found[by_line[line]].append(transition)
    for each, transitions in (await cell_transitions_of(context, tx, force, building, edition)).items():
        found[each] += transitions
    return {each: tuple(transitions) for each, transitions in found.items()}


async def cell_transitions_of(
    context: Context, tx: AsyncConnection, force: int, steps: Sequence[Step], edition: Edition
) -> Mapping[UUID, Sequence[Transition]]:
    """Those of the aggregate cells alone, of the returns that build on another."""
    return {
        step.id: await _of_cells(context, tx, force, step, edition)
        for step in steps
        if step.has_cells and step.base_id is not None
    }


async def _of_cases(
    context: Context,
    tx: AsyncConnection,
    force: int,
    lines: Sequence[int],
    before: Years,
    after: Years,
    edition: Edition,
) -> list[tuple[int, Transition]]:
    library = context.library
    all_years, whole = (before.listed is None, after.listed is None), before != after
    key = (library, edition.vocabulary, edition.definition, all_years, whole)
    statement = _STATEMENTS.get(key, partial(_moved_sql, library, edition, *all_years, whole=whole))
    parameters = {
        "force": force,
        "lines": list(lines),
        **after.parameters,
        **{f"before_{name}": value for name, value in before.parameters.items()},
    }
    stages = dimension_lists(library, edition.vocabulary).get(Margin.STAGE)
    folded: Counter[tuple[int, str, Side | None, Side | None]] = Counter()
    for row in await tx.execute(statement, parameters):
        sides = [
            None if ruling is None else Side(ruling, None if stages is None else dimension_of(stage, stages))
            for ruling, stage in ((row.rb, row.sb), (row.ra, row.sa))
        ]
        folded[row.line, row.kind, sides[0], sides[1]] += row.n
    return [(line, Transition(Cause(kind), was, now, n)) for (line, kind, was, now), n in folded.items()]


def _moved_sql(library: Library, edition: Edition, all_before: bool, all_after: bool, *, whole: bool) -> str:
    """How many cases moved from where to where, by the number of the line and the kind of the move. ``whole``: the
    years that are covered are others than before, so that a case that did not change may count now, or no more.
    Parameters: ``force``, ``lines``, and the years of each side that does not cover all."""
    ends, begins = "o.line_to = l.line", "o.line_from = l.line"
    if whole:
        ends, begins = (f"({each} or {STANDS})" for each in (ends, begins))
    ended = _side_sql(library, edition, ends, "end_reason", covered_sql(all_before, prefix="before_"))
    begun = _side_sql(library, edition, begins, "begin_reason", covered_sql(all_after))
    return f"with x as ({ended}), b as ({begun}) {moved_sql(library, edition)}"


def _side_sql(library: Library, edition: Edition, held: str, reason: str, counted: str) -> str:
    expressions = judged(library, edition)
    return (
        f"select r.*, {counted} as counted from (select o.case_id, l.line, o.line_from, "
        f"o.{reason} as reason, {expressions.ruling} as ruling, {expressions.stage} as stage, "
        f"{expressions.year} as year from case_version o join unnest(cast(:lines as integer[])) l (line) on {held} "
        "where o.force = :force) r"
    )


async def _of_cells(
    context: Context, tx: AsyncConnection, force: int, step: Step, edition: Edition
) -> list[Transition]:
    """What the aggregate cells came to, less what those of the base did: cells have no identity, so all of it is
    ``detail``."""
    now = await _cells_of(context, tx, force, step.id, step, step.years, edition)
    was = await _cells_of(context, tx, force, step.base_id, step, step.base_years, edition)
    change: dict[Side, list[int]] = {}
    for sign, groups in ((1, now), (-1, was)):
        for group in groups:
            if group.margin is Margin.STAGE and group.counted:
                sums = change.setdefault(Side(group.ruling, group.dimension), [0, 0])
                sums[0] += sign * group.weight
                sums[1] += sign * (group.open_cells if group.ruling >= 0 else 0)
    return [
        Transition(Cause.DETAIL, None, side, weight, open_cells)
        for side, (weight, open_cells) in change.items()
        if weight or open_cells
    ]


async def _cells_of(
    context: Context,
    tx: AsyncConnection,
    force: int,
    return_id: UUID | None,
    step: Step,
    years: Years,
    edition: Edition,
) -> Sequence[Group]:
    types: Mapping[str, Any] = stored_types(context.library, PartName.CASE)
    columns = frozenset(stored_types(context.library, PartName.AGGREGATE))
    source = cell_source(context.library.contracts[step.contract_version], columns, _CELLS)
    parameters = {"force": force, "return_id": return_id}
    return await judge(tx, context.library, edition, [source], years, types, parameters)
