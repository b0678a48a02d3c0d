"""How values are written across all cases of a return: what the measures that a contract declares count.

Where every row says the same, or days fall on the first of the month more often than crimes do, somebody or some
program has filled in what was not known. At most one pass over the stock, whatever the number of measures.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.measures import Count, Counts
from service.contract.model import Contract, Field, Measure, PartName
from service.returns.as_read import AsRead
from service.returns.current import current_rows, draft_rows
from service.returns.model import Open
from service.returns.rows import column_names
from service.storage.remembered import Statements

_STATEMENTS: Final = Statements()

_SOME: Final = 500
"""So many cases are looked at first: in most returns they differ already, and then all others need not be read."""

_FALLS_ON: Final = {
    Counts.FIRST_OF_MONTH: "extract(day from {low}) = 1",
    Counts.FIRST_OF_YEAR: "extract(doy from {low}) = 1",
    Counts.FIVES: "{low} % 5 = 0",
}


async def declared_measures(
    tx: AsyncConnection, item: Open, contract: Contract, read: AsRead
) -> dict[str, Count | None]:
    """Every declared measure over the return as it stands, by its name; None where too few cases say anything.
    ``read``: how the return's version reads its base."""
    declared = [measure for measure in contract.measures if measure.counts is not None]
    same = [measure for measure in declared if measure.counts is Counts.SAME]
    found = await _count(tx, item, contract, same, read, some=True)
    differ = {name for name, value in found.items() if value == (0, 0)}  # what differs among some differs among all
    rest = [measure for measure in declared if measure.name not in differ]
    found |= await _count(tx, item, contract, rest, read)
    return {measure.name: found[measure.name] for measure in declared}


async def _count(
    tx: AsyncConnection, item: Open, contract: Contract, measures: list[Measure], read: AsRead, *, some: bool = False
) -> dict[str, Count | None]:
    """Measures over all cases, or over some of them."""
    if not measures:
        return {}
    first = item.base_id is None
    key = ("habits", contract.hash, first, item.laid_over, some, *(measure.name for measure in measures))
    sql = _STATEMENTS.get(key, partial(_sql, contract, measures, None if first else read, item.laid_over, some=some))
    row = (await tx.execute(sql, {"force": item.force, "return_id": item.id})).one()
    found: dict[str, Count | None] = {}
    for number, measure in enumerate(measures):
        total, count = row[2 * number], row[2 * number + 1]
        if total < measure.at_least:
            found[measure.name] = None
        else:
            value = count if measure.counts is Counts.SAME else count * 100 // total
            found[measure.name] = (value, value)
    return found


def _sql(contract: Contract, measures: list[Measure], read: AsRead | None, over: int | None, *, some: bool) -> str:
    """Two numbers a measure: how many cases it is of, and how many of these are as it asks."""
    part = contract.parts[PartName.CASE]
    fields = {measure.field: part.by_name[measure.field] for measure in measures}
    columns = column_names(tuple(fields.values()))
    rows = draft_rows(columns) if read is None else current_rows(columns, over, read, without_withdrawn=True)
    counted = [number for measure in measures for number in _counted(measure, fields[measure.field])]
    limit = f" limit {_SOME}" if some else ""
    return f"select {', '.join(counted)} from ({rows}{limit}) r"


def _counted(measure: Measure, field: Field) -> Iterator[str]:
    names = [f"r.{name}" for name in column_names((field,))]
    if measure.counts is Counts.SAME:
        same = " and ".join(f"min({name}) = max({name})" for name in names)
        yield f"count({names[0]})"
        yield f"case when {same} then count({names[0]}) else 0 end"
        return
    low, high = names
    exact = f"{low} = {high}" if measure.counts is not Counts.FIVES else f"{low} = {high} and {low} > 0"
    falls = _FALLS_ON[measure.counts or Counts.FIVES].format(low=low)
    yield f"count(*) filter (where {exact})"
    yield f"count(*) filter (where {exact} and {falls})"
