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
from service.contract.upgrade import reading_sql
from service.criteria.sql import FieldSql
from service.register.columns import stored_types
from service.returns.chain import Step
from service.returns.context import Context
from service.returns.transfers import TRANSFERRED
from service.scope.edition import Edition
from service.storage.remembered import Statements
from service.tally.count import Group, Years, dimension_lists, judge
from service.tally.judge import cell_source, judged
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
    for step in building:
        if step.has_cells:
            found[step.id] += await _of_cells(context, tx, force, step, edition)
    return {each: tuple(transitions) for each, transitions in found.items()}


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
    all_years = (before.listed is None, after.listed is None)
    key = (library, edition.vocabulary, edition.definition, all_years)
    statement = _STATEMENTS.get(key, partial(_moved_sql, library, edition, *all_years))
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


def _moved_sql(library: Library, edition: Edition, all_before: bool, all_after: bool) -> str:
    """How many cases moved from where to where, by the number of the line and the kind of the move. Parameters:
    ``force``, ``lines``, and the years of each side that does not cover all."""
    expressions = judged(library, edition)
    readings = reading_sql(library, edition.vocabulary, "o")
    attributes = [readings[name] for name in edition.definition.attributes]
    values = [
        f"{sql} as {side}{place}"
        for place, field in enumerate(attributes)
        for side, sql in (("low", field.low), ("high", field.high), ("mask", field.mask), ("text", field.text))
        if sql is not None
    ]
    chosen = ", ".join(
        [
            f"o.case_id, o.end_reason, {expressions.ruling} as ruling, {expressions.stage} as stage",
            f"{expressions.year} as year",
            *values,
        ]
    )
    narrowed = " and ".join(_narrowed(field, place) for place, field in enumerate(attributes)) or "true"
    return f"""
        with x as (select o.line_to as line, {chosen} from case_version o
                   where o.force = :force and o.line_to = any(cast(:lines as integer[]))),
        b as (select o.line_from as line, {chosen} from case_version o
              where o.force = :force and o.line_from = any(cast(:lines as integer[]))),
        m as (select case_id, line, x.ruling as xr, x.stage as xs, b.ruling as br, b.stage as bs,
                x.line is not null and {_covered(all_before, "x", "before_")} as was,
                b.line is not null and {_covered(all_after, "b", "")} as is_now,
                x.line is not null as stood, b.line is not null as stands, x.end_reason = '{TRANSFERRED}' as gone_over,
                {narrowed} as narrowed
              from x full join b using (case_id, line)),
        k as (select m.*, case when not was and not is_now then null
                when not stood then '{Cause.NEWLY_IDENTIFIED}'
                when not stands then case when gone_over then '{Cause.TRANSFERRED}' else '{Cause.WITHDRAWN}' end
                when was <> is_now then '{Cause.DETAIL}'
                when xr <> br and xr > 0 and narrowed then '{Cause.SETTLED}'
                when xr <> br then '{Cause.CORRECTED}'
                when xs is distinct from bs then '{Cause.PROGRESS}' end as kind from m)
        select line, kind, case when was then xr end as rb, case when was then xs end as sb,
            case when is_now then br end as ra, case when is_now then bs end as sa, count(*) as n
        from k where kind is not null group by 1, 2, 3, 4, 5, 6
    """


def _covered(all_years: bool, side: str, prefix: str) -> str:
    """Whether the case part of a side covers the year of its row; never unknown (semantics 27)."""
    if all_years:
        return "true"
    year = f"{side}.year"
    return (
        f"case when {year} is null then :{prefix}unknown_year else {year} = any(cast(:{prefix}years as integer[])) end"
    )


def _narrowed(field: FieldSql, place: int) -> str:
    """Whether what is known of an attribute says all that was known before it, or more."""
    conditions = []
    if field.low is not None and field.high is not None:
        conditions.append(f"x.low{place} is null or b.low{place} >= x.low{place} and b.high{place} <= x.high{place}")
    elif field.mask is not None:
        conditions.append(f"x.mask{place} is null or b.mask{place} & ~x.mask{place} = 0")
    elif field.text is not None:
        conditions.append(f"x.text{place} is null or b.text{place} = x.text{place}")
    return " and ".join(f"coalesce({condition}, false)" for condition in conditions) or "true"


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
