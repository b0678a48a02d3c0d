"""How well the fields of a return are recorded: in how many rows something is known, and why in others nothing is.

Four things that are never one another (semantics 9): known, not known, not provided (the force does not hold it),
not applicable. Zero is known. Counted once, at the seal, over the rows as the version of the return reads them.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from msgspec import Struct, to_builtins
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Contract, Part, PartName
from service.contract.values import Empty
from service.returns.as_read import as_read
from service.returns.context import Context
from service.returns.current import sealed_rows
from service.returns.model import Open
from service.returns.parts import TABLES
from service.returns.rows import column_names, known_sql, listed
from service.storage.remembered import Statements
from service.telemetry.spans import traced

_STATEMENTS: Final = Statements()


class RecordedField(Struct, frozen=True, kw_only=True):
    """Rows of a return by what they say of one field; those that are in none of the three say that it is not known."""

    part: PartName
    field: str
    rows: int
    known: int
    not_provided: int
    not_applicable: int
    least: int | None = None
    """Of a number that adds up with others, or of their total: the sum of what is surely there. A total is never less
    than its parts."""


@traced("count_recorded")
async def count_recorded(context: Context, tx: AsyncConnection, item: Open, line: int) -> list[object]:
    """How well a return is recorded whose cases stand at this number of the main line, ready to be kept."""
    contract = context.library.contracts[item.contract_version]
    found: list[RecordedField] = []
    for part in contract.parts.values():
        found += await _of_part(context, tx, item, line, contract, part)
    return [to_builtins(each) for each in found]


async def _of_part(
    context: Context, tx: AsyncConnection, item: Open, line: int, contract: Contract, part: Part
) -> list[RecordedField]:
    def written() -> str:
        if part.name is PartName.CASE:
            rows = sealed_rows(column_names(part.fields), as_read(context.library, contract.version))
        else:
            columns, table = listed(column_names(part.fields), "v"), TABLES[part.name]
            rows = f"select v.empties, {columns} from {table} v where v.force = :force and v.return_id = :id"
        return _counting(part, rows)

    statement = _STATEMENTS.get((contract.version, part.name), written)
    at = {"line": line} if part.name is PartName.CASE else {"id": item.id}
    groups = (await tx.execute(statement, {"force": item.force, **at})).all()
    rows = sum(group.rows for group in groups)
    added_up = _added_up(part)
    why = Counter[tuple[str, str]]()
    for group in groups:
        for name, reason in (group.empties or {}).items():
            why[name, reason] += group.rows
    return [
        RecordedField(
            part=part.name,
            field=field.name,
            rows=rows,
            known=sum(group.known[place] for group in groups),
            not_provided=why[field.name, Empty.NOT_PROVIDED],
            not_applicable=why[field.name, Empty.NOT_APPLICABLE],
            least=sum(group.least[added_up.index(field.name)] or 0 for group in groups)
            if field.name in added_up
            else None,
        )
        for place, field in enumerate(part.fields)
    ]


def _added_up(part: Part) -> list[str]:
    """The numbers that add up to another, and those that they add up to."""
    return list(dict.fromkeys(name for item in part.sums for name in (item.total, *item.parts)))


def _least(name: str, part: Part) -> str:
    """What a row surely has of a number: of a total never less than its parts say, even where it is not known."""
    parts = [f"coalesce(r.{each}_lo, 0)" for item in part.sums if item.total == name for each in item.parts]
    return f"greatest(r.{name}_lo, nullif({' + '.join(parts)}, 0))" if parts else f"r.{name}_lo"


def _counting(part: Part, rows: str) -> str:
    """Rows are grouped by why what is empty in them is empty: few files say it in more than a few ways."""
    known = ", ".join(f"count(*) filter (where {known_sql(field, 'r')})" for field in part.fields)
    least = ", ".join(f"sum({_least(name, part)})::bigint" for name in _added_up(part))
    return (
        f"select r.empties, count(*) as rows, array[{known}] as known, array[{least}]::bigint[] as least "
        f"from ({rows}) r group by r.empties"
    )
