"""What the stock of a return comes to under the live editions: judged when its draft changes, taken over at the seal.

A return that starts from a sealed one is counted on top of it: only what its draft changes is judged, as it was and as
it is. The sum is what judging everything would give, since a row's ruling depends on nothing but the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Contract, PartName
from service.register.columns import holds_at, stored_types
from service.returns.context import Context
from service.returns.current import WITHDRAWN, current_rows, draft_rows, sealed_rows
from service.returns.model import Open, Sealed
from service.returns.rows import listed
from service.scope.store import Standing
from service.tally.count import Asked, Group, judge_under, moved
from service.tally.judge import Source, case_source, cell_source
from service.tally.model import Margin
from service.tally.stock import judged_by, keep_stock, kept_stock

_LESS: Final = 3
"""Judging a row as it was and as it is costs more than twice what judging it once does."""

_OWN_CELLS: Final = "aggregate_cell where force = :force and return_id = :return_id"
_BASE_CELLS: Final = "aggregate_cell where force = :force and return_id = :base"

Groups = tuple[Group, ...]


def stock_sources(context: Context, contract: Contract, case_rows: str) -> tuple[Source, Source]:
    """What a return's tally is over: its cases, given as a query, and its aggregate cells."""
    cells = frozenset(stored_types(context.library, PartName.AGGREGATE))
    return case_rows_of(context, case_rows), cell_source(contract, cells, _OWN_CELLS)


def case_rows_of(context: Context, rows: str, sign: int = 1) -> Source:
    """Cases, given as a query, to be added or taken away."""
    return case_source(frozenset(stored_types(context.library, PartName.CASE)), f"({rows}) v", sign)


async def judge_open(
    context: Context,
    tx: AsyncConnection,
    item: Open,
    base: Sealed | None,
    counts: Mapping[str, int],
    standings: Sequence[Standing],
) -> Mapping[int, Groups]:
    """Judge an open return as it stands, its draft laid over its base and without what is to be withdrawn, and keep
    it; the groups by the number of the edition. ``counts`` are those of the draft as it is now."""
    before = None if base is None else await _before(context, tx, item, base, counts, standings)
    if base is not None and before is not None:
        sources = _change_sources(context, item, base, counts)
        parameters = {**_parameters(item), "base": base.id}
        change = await _judge(context, tx, item, standings, sources, parameters) if sources else [()] * len(standings)
        found = [moved(one, other) for one, other in zip(before, change, strict=True)]
    else:
        found = await _judge_whole(context, tx, item, standings)
    await _keep(context, tx, item, zip(standings, found, strict=True))
    return {standing.id: groups for standing, groups in zip(standings, found, strict=True)}


async def judge_standing(
    context: Context, tx: AsyncConnection, item: Open, cases: int, standings: Sequence[Standing]
) -> Mapping[int, Groups]:
    """What an open return of so many ``cases`` comes to as it stands, by the number of the edition: as it was kept for
    exactly this draft, else judged now. Nothing is written: this is for who looks before signing."""
    found = await _kept(context, tx, item, cases, standings)
    missing = _without(standings, found)
    judged = await _judge_whole(context, tx, item, missing) if missing else []
    return found | {standing.id: groups for standing, groups in zip(missing, judged, strict=True)}


async def judge_sealed(
    context: Context, tx: AsyncConnection, item: Open, line: int, cases: int, standings: Sequence[Standing]
) -> Mapping[int, Groups]:
    """What a return that is being sealed comes to, by the number of the edition: as it was kept for exactly this draft
    and these ``cases``, else judged now."""
    found = await _kept(context, tx, item, cases, standings)
    missing = _without(standings, found)
    if missing:
        types = tuple(stored_types(context.library, PartName.CASE))
        sources = stock_sources(context, _contract(context, item), sealed_rows(types))
        judged = await _judge(context, tx, item, missing, sources, {**_parameters(item), "line": line})
        await _keep(context, tx, item, zip(missing, judged, strict=True))
        found |= {standing.id: groups for standing, groups in zip(missing, judged, strict=True)}
    return found


async def _kept(
    context: Context, tx: AsyncConnection, item: Open, cases: int, standings: Sequence[Standing]
) -> dict[int, Groups]:
    """What was kept for exactly this draft, these cases and all else that judging depends on."""
    kept = await kept_stock(tx, item.force, item.id)
    return {
        standing.id: each.groups
        for standing in standings
        if (each := kept.get(standing.id)) is not None
        and each.draft == item.draft_version
        and each.judged_by == judged_by(context.library, asked_of(standing), item.years)
        and _cases_in(each.groups) == cases
    }


def asked_of(standing: Standing) -> Asked:
    """How a live edition is asked: against the one that it follows, too."""
    return Asked(standing.edition, None if standing.follows is None else standing.follows[1])


def _without(standings: Sequence[Standing], found: Mapping[int, Groups]) -> list[Standing]:
    return [standing for standing in standings if standing.id not in found]


async def _judge_whole(
    context: Context, tx: AsyncConnection, item: Open, standings: Sequence[Standing]
) -> list[Groups]:
    """Every case and cell of the return as it stands, its base's too."""
    types = tuple(stored_types(context.library, PartName.CASE))
    rows = draft_rows(types) if item.base_id is None else current_rows(types, item.laid_over, without_withdrawn=True)
    sources = stock_sources(context, _contract(context, item), rows)
    return await _judge(context, tx, item, standings, sources, _parameters(item))


def _cases_in(groups: Groups) -> int:
    return sum(group.rows for group in groups if group.is_case and group.margin is Margin.STAGE)


def _parameters(item: Open) -> dict[str, Any]:
    return {"force": item.force, "return_id": item.id}


def _contract(context: Context, item: Open) -> Contract:
    return context.library.contracts[item.contract_version]


async def _judge(
    context: Context,
    tx: AsyncConnection,
    item: Open,
    standings: Sequence[Standing],
    sources: Sequence[Source],
    parameters: Mapping[str, Any],
) -> list[Groups]:
    types = stored_types(context.library, PartName.CASE)
    asked = [asked_of(standing) for standing in standings]
    return await judge_under(tx, context.library, asked, sources, item.years, types, parameters)


async def _keep(context: Context, tx: AsyncConnection, item: Open, found: Any) -> None:
    rows = [
        (standing.id, judged_by(context.library, asked_of(standing), item.years), groups) for standing, groups in found
    ]
    await keep_stock(tx, item.force, item.id, item.draft_version, rows)


async def _before(
    context: Context,
    tx: AsyncConnection,
    item: Open,
    base: Sealed,
    counts: Mapping[str, int],
    standings: Sequence[Standing],
) -> list[Groups] | None:
    """The groups of the base under all these editions, if they are kept, and if it pays to count on top of them."""
    if (counts["new"] + counts["changed"] + counts["withdrawn"]) * _LESS > base.summary["counts"]["cases"]:
        return None
    kept = await kept_stock(tx, item.force, base.id)
    found = [kept.get(standing.id) for standing in standings]
    by = [judged_by(context.library, asked_of(standing), item.years) for standing in standings]
    groups = [
        each.groups
        for each, asked in zip(found, by, strict=True)
        if each is not None and each.judged_by == asked and each.draft == base.sealed_draft
    ]
    return groups if len(groups) == len(standings) else None


def _change_sources(context: Context, item: Open, base: Sealed, counts: Mapping[str, int]) -> list[Source]:
    """What is to be added to the base's groups and taken away from them."""
    types = tuple(stored_types(context.library, PartName.CASE))
    sources = []
    if counts["new"] + counts["changed"]:
        sources.append(case_rows_of(context, draft_rows(types)))
    if counts["changed"] + counts["withdrawn"]:
        sources.append(case_rows_of(context, _no_longer(types, item.laid_over), -1))
    cells = frozenset(stored_types(context.library, PartName.AGGREGATE))
    if counts["aggregate_cells"]:
        sources.append(cell_source(_contract(context, item), cells, _OWN_CELLS))
    if base.summary["counts"]["aggregate_cells"]:
        sources.append(cell_source(_contract(context, item), cells, _BASE_CELLS, -1))
    return sources


def _no_longer(columns: Sequence[str], over: int | None) -> str:
    """The cases of the base that the draft has otherwise, or not any more."""
    return (
        f"select {listed(columns, 'v')} from case_version v where v.force = :force and {holds_at(over)} "
        "and v.case_id in (select d.case_id from draft_case d where d.force = :force and d.return_id = :return_id "
        f"union {WITHDRAWN})"
    )
