"""What an open return comes to as it stands: counts by verdict and stage, measures, findings about the whole.

Computed once, in the transaction of every change to a draft, and kept with the return; reading it costs nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.contract.measures import Count, measured
from service.contract.model import Contract, PartName, Role
from service.criteria.evaluate import evaluate
from service.criteria.vocabulary import OPEN_NUMBER
from service.notices.store import contract_now
from service.register.columns import holds_at
from service.returns.as_read import as_read
from service.returns.beside import find_beside
from service.returns.context import Context
from service.returns.current import current_rows, draft_rows
from service.returns.draft import PART_NUMBER, SEVERITY_NUMBER
from service.returns.habits import declared_measures
from service.returns.model import AnyReturn, Open, Sealed
from service.returns.stock import judge_open
from service.returns.store import return_by_id
from service.scope.edition import Edition
from service.scope.store import in_force_of, live_editions
from service.storage.remembered import Statements
from service.tally.count import Group, tally_of
from service.tally.model import Margin, Tally
from service.tally.stock import stock_stands as still_stands
from service.telemetry.spans import traced

_STATEMENTS: Final = Statements()


@traced("summarise")
async def refresh_summary(context: Context, tx: AsyncConnection, item: Open, *, stock_stands: bool = False) -> Open:
    """Count again, and store the counts and the findings about the whole; the return with them. The caller holds the
    force's lock.

    ``stock_stands``: no case and no cell changed since the last time, so judging them again would say the same.
    """
    standings = await live_editions(tx, context.editions, london_date(context.now()))
    in_force = in_force_of(standings)
    counts = await _counts(tx, item)
    if stock_stands and item.summary.get("scope") == in_force.edition.name:
        summary = dict(item.summary)
        await still_stands(tx, item.force, item.id, item.draft_version)
    else:
        base = None if item.base_id is None else await return_by_id(tx, item.force, item.base_id)
        judged = await judge_open(context, tx, item, base if isinstance(base, Sealed) else None, counts, standings)
        summary = await _judged_summary(context, tx, item, base, counts, in_force.edition, judged[in_force.id])
    summary["counts"] = counts
    # taken back as it is stored: what is answered now has its members in the order in which it is read later
    stored = await tx.execute(
        text(
            "update case_return set summary = cast(:summary as jsonb) where force = :force and id = :return_id "
            "returning summary"
        ),
        {"summary": msgspec.json.encode(summary).decode(), "force": item.force, "return_id": item.id},
    )
    return replace(item, summary=stored.scalar_one())


async def _judged_summary(
    context: Context,
    tx: AsyncConnection,
    item: Open,
    base: AnyReturn | None,
    counts: Mapping[str, int],
    edition: Edition,
    groups: Sequence[Group],
) -> dict[str, Any]:
    published = context.library.contracts[item.contract_version]
    contract = await contract_now(tx, published, london_date(context.now()))
    read = as_read(context.library, item.contract_version)
    measures = await _measures(tx, item, base, counts, contract, groups)
    measures |= await declared_measures(tx, item, contract, read)
    await _replace_macro_findings(tx, item, contract, measures)
    await find_beside(tx, item, published, contract, read)
    verdicts = verdict_counts(context.library.contracts[edition.vocabulary], tally_of(groups))
    return {"scope": edition.name, "measures": measures, **verdicts}


def verdict_counts(vocabulary: Contract, tally: Tally) -> dict[str, Any]:
    """A tally's totals, and the same by stage, as they stand in a return's counts. Its ordinals are those of the
    edition's ``vocabulary``, whatever contract the return was sent by."""
    stage = vocabulary.parts[PartName.CASE].by_role[Role.STAGE]
    codes = stage.list.by_ordinal if stage.list is not None else {}
    by_stage: dict[str | None, dict[str, int]] = {}
    words = {-1: "out_of_scope", 0: "in_scope", 1: "undetermined"}
    for cell in tally.of(Margin.HEADLINE):
        name = codes[cell.dimension].code if cell.dimension is not None else None
        row = by_stage.setdefault(name, {"in_scope": 0, "undetermined": 0, "out_of_scope": 0})
        row[words[cell.ruling]] += cell.weight
    order = [code.code for code in codes.values()]
    ordered = sorted(by_stage.items(), key=lambda pair: order.index(pair[0]) if pair[0] is not None else len(order))
    return {
        "totals": msgspec.to_builtins(tally.totals()),
        "not_counted": tally.not_counted,
        "by_stage": [{"stage": name, **row} for name, row in ordered],
    }


_IN_BASE = (
    "case when cast(:base as uuid) is not null then (select true from case_version v where v.force = {row}.force "
    "and v.case_id = {row}.case_id and {held}) end"
)
"""Whether a row's case is one of the base: looked up, because what changes is small against the stock. A first
return has none."""


def _counts_sql(over: int | None) -> str:
    draft, gone = (_IN_BASE.format(row=row, held=holds_at(over)) for row in "dg")
    return (
        "with gone as (select w.case_id, w.answer, w.force from draft_withdrawal w "
        "where w.force = :force and w.return_id = :id), "
        f"draft as (select {draft} as is_known from draft_case d "
        "where d.force = :force and d.return_id = :id and not exists "
        "(select 1 from gone g where g.case_id = d.case_id and g.answer = 'withdraw')), "
        "held as (select h.set_aside from held_row h where h.force = :force and h.return_id = :id) "
        "select coalesce((select (b.summary -> 'counts' ->> 'cases')::bigint from case_return b "
        "where b.force = :force and b.id = :base), 0) as base, "
        "(select count(*) from draft where is_known) as changed, "
        "(select count(*) from draft where is_known is null) as added, "
        f"(select count(*) from gone g where g.answer = 'withdraw' and {gone}) as withdrawn, "
        "(select count(*) from gone where answer is null) as not_in_snapshot, "
        "(select count(*) from held where set_aside is null) as held, "
        "(select count(*) from held where set_aside is not null) as set_aside, "
        "(select count(*) from aggregate_cell a where a.force = :force and a.return_id = :id) as cells, "
        "(select count(*) from workforce_row a where a.force = :force and a.return_id = :id) as workforce_rows"
    )


async def _counts(tx: AsyncConnection, item: Open) -> dict[str, int]:
    """Rows of each part, and what is new, changed and withdrawn against the base."""
    statement = _STATEMENTS.get(("counts", item.laid_over), partial(_counts_sql, item.laid_over))
    row = (await tx.execute(statement, {"force": item.force, "id": item.id, "base": item.base_id})).one()
    return {
        "cases": row.base + row.added - row.withdrawn,
        "new": row.added,
        "changed": row.changed,
        "unchanged": row.base - row.changed - row.withdrawn,
        "withdrawn": row.withdrawn,
        "not_in_snapshot": row.not_in_snapshot,
        "held": row.held,
        "set_aside": row.set_aside,
        "aggregate_cells": row.cells,
        "workforce_rows": row.workforce_rows,
    }


async def _measures(
    tx: AsyncConnection,
    item: Open,
    base: AnyReturn | None,
    counts: Mapping[str, int],
    contract: Contract,
    groups: Sequence[Group],
) -> dict[str, Count | None]:
    by_year = [group for group in groups if group.margin is Margin.YEAR]
    cases = sum(group.weight for group in by_year if group.is_case)
    cells = [group for group in by_year if not group.is_case and group.counted]
    now = _open_count(cases + sum(group.weight for group in cells), any(group.open_cells for group in cells))
    undetermined = [group for group in by_year if group.counted and group.ruling > 0]
    total = [group for group in by_year if group.counted]
    found = measured(
        cases_now=now,
        cases_before=_measure_of(base, "cases_now"),
        undetermined=_counted(undetermined),
        years_missing=_years_missing(item, by_year),
        duplicate_refs=await _duplicate_refs(tx, item, base, counts, contract),
        aggregate_difference=_difference(by_year),
    )
    # the share is of what counts under the scope, not of rows outside the declared years
    shares = measured(cases_now=_counted(total), undetermined=_counted(undetermined))
    return {**found, "share_undetermined": shares["share_undetermined"]}


def _open_count(least: int, is_open: bool) -> Count:
    return least, OPEN_NUMBER if is_open else least


def _counted(groups: Sequence[Group]) -> Count:
    return _open_count(sum(group.weight for group in groups), any(group.open_cells for group in groups))


def _measure_of(base: AnyReturn | None, name: str) -> Count | None:
    """A measure as the base has it."""
    measure = None if base is None else base.summary.get("measures", {}).get(name)
    return None if measure is None else (measure[0], measure[1])


def _years_missing(item: Open, by_year: Sequence[Group]) -> int | None:
    """Declared years between the first and the last with a case that have none."""
    found = {group.dimension for group in by_year if group.is_case and group.weight and group.dimension is not None}
    if not found:
        return None
    between = range(min(found), max(found) + 1)
    declared = between if item.years.listed is None else [year for year in item.years.listed if year in between]
    return sum(year not in found for year in declared)


def _difference(by_year: Sequence[Group]) -> Count | None:
    """By how many cases the two parts disagree in the years that both speak of."""
    cases: Counter[int] = Counter()
    cells: Counter[int] = Counter()
    is_open = False
    for group in by_year:
        if group.dimension is not None:
            (cases if group.is_case else cells)[group.dimension] += group.weight
    both = cases.keys() & cells.keys()
    if not both:
        return None
    is_open = any(group.open_cells for group in by_year if group.dimension in both)
    return _open_count(sum(abs(cases[year] - cells[year]) for year in both), is_open)


async def _duplicate_refs(
    tx: AsyncConnection, item: Open, base: AnyReturn | None, counts: Mapping[str, int], contract: Contract
) -> int:
    """How many references differ from another only in capitals, spaces or punctuation."""
    key = contract.parts[PartName.CASE].by_role[Role.KEY].name
    parameters = {"force": item.force, "return_id": item.id}
    before = _measure_of(base, "duplicate_refs")
    same = base is not None and base.contract_version == item.contract_version
    if before is not None and same and not counts["new"] and not counts["withdrawn"]:
        renamed = _STATEMENTS.get(("renamed", key, item.laid_over), partial(_renamed_sql, key, item.laid_over))
        if not (await tx.execute(renamed, parameters)).scalar_one():
            return before[0]  # the references are those of the base
    sql = _STATEMENTS.get(
        ("doubled", key, item.base_id is None, item.laid_over),
        partial(_doubled_sql, key, item.laid_over, first=item.base_id is None),
    )
    return int((await tx.execute(sql, parameters)).scalar_one())


def _renamed_sql(key: str, over: int | None) -> str:
    return (
        "select exists (select 1 from draft_case d join case_version v on v.force = d.force and v.case_id = d.case_id "
        f"and {holds_at(over)} where d.force = :force and d.return_id = :return_id and v.{key} <> d.{key})"
    )


def _doubled_sql(key: str, over: int | None, *, first: bool) -> str:
    rows = draft_rows((key,)) if first else current_rows((key,), over, without_withdrawn=True)
    return (
        "select coalesce(sum(n), 0)::bigint from (select count(*) as n from "
        f"(select translate(lower(cur.{key}), ' -_/.\\:', '') as bare from ({rows}) cur) k "
        "group by bare having count(*) > 1) doubled"
    )


async def _replace_macro_findings(
    tx: AsyncConnection, item: Open, contract: Contract, measures: Mapping[str, Count | None]
) -> None:
    parameters: dict[str, Any] = {
        "force": item.force,
        "return_id": item.id,
        "part": PART_NUMBER[PartName.RETURN],
    }
    await tx.execute(
        text("delete from finding where force = :force and return_id = :return_id and part = :part"), parameters
    )
    for rule in contract.rules_of(PartName.RETURN):
        if rule.criterion is None or evaluate(rule.criterion, measures) is not True:
            continue
        shown = [measures.get(name) for name in rule.fields]
        value = "\x1f".join("" if pair is None else f"{pair[0]}/{pair[1]}" for pair in shown)
        await tx.execute(
            text(
                "insert into finding (force, return_id, part, row, rule, severity, field, value, bound, notice) "
                "values (:force, :return_id, :part, 0, :rule, :severity, :field, :value, "
                "sha256(convert_to(:value, 'UTF8')), :notice)"
            ),
            {
                **parameters,
                "rule": rule.id,
                "severity": SEVERITY_NUMBER[rule.severity],
                "field": rule.fields[0] if rule.fields else None,
                "value": value,
                "notice": rule.notice,
            },
        )
