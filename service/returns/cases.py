"""Reads case rows: pages, a whole return as a stream, one case, its history. Every reading is logged (DPA 2018 s.62).

The log entry is made in the transaction that reads, before the rows leave it: there is no way here to rows without one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.contract.canonical import canonical_text
from service.contract.columns import columns_of
from service.contract.model import Contract, Field, PartName, Role
from service.criteria.evaluate import Value
from service.register.columns import OPEN_END, stored_types
from service.returns.as_read import AsRead, as_read
from service.returns.context import Actor, Context, no_such_resource
from service.returns.current import current_rows, sealed_rows
from service.returns.model import AnyReturn, Open, Sealed, Withdrawn
from service.returns.naming import subject_of
from service.returns.parts import TABLES
from service.returns.rows import column_names, listed

STREAM_ROWS = 2_000


class CaseRow(Struct, frozen=True, kw_only=True):
    """One case as it is shown: ``values`` by field as people write them; what is empty says why where it was said."""

    case_id: UUID
    contract_version: str
    values: Mapping[str, str | int | None]
    empties: Mapping[str, str]


def values_of(fields: Sequence[Field], row: Row[Any]) -> dict[str, Value]:
    """A stored row's values by field, as the evaluator has them."""
    found: dict[str, Value] = {}
    for field in fields:
        if field.kind.is_range:
            low, high = getattr(row, f"{field.name}_lo"), getattr(row, f"{field.name}_hi")
            found[field.name] = None if low is None else (low, high)
        else:
            found[field.name] = getattr(row, field.name)
    return found


def shown_values(fields: Sequence[Field], values: Mapping[str, Value]) -> dict[str, str | int | None]:
    """Values as they leave the service: an exact whole number is an integer, everything else a string, null unknown."""
    shown: dict[str, str | int | None] = {}
    for field in fields:
        value = values[field.name]
        exact = isinstance(value, tuple) and value[0] == value[1] and isinstance(value[0], int)
        if isinstance(value, tuple) and exact and isinstance(value[0], int):
            shown[field.name] = value[0]
        else:
            shown[field.name] = None if value is None else canonical_text(field, value)
    return shown


def case_fields(context: Context, item: AnyReturn) -> tuple[Field, ...]:
    """The fields of the case part in the return's contract version."""
    return context.library.contracts[item.contract_version].parts[PartName.CASE].fields


def stock_of(context: Context, item: AnyReturn, columns: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The stock of a return as a query, in whatever state the return is, as its contract version reads it."""
    return stored_stock(item, columns, as_read(context.library, item.contract_version))


def stored_stock(item: AnyReturn, columns: Sequence[str], read: AsRead | None = None) -> tuple[str, dict[str, Any]]:
    """The same as ``read`` has it; without it every row as it is stored, in the version in which it was written."""
    if isinstance(item, Open):
        return current_rows(columns, item.laid_over, read, without_withdrawn=True), {
            "force": item.force,
            "return_id": item.id,
        }
    line = item.line if isinstance(item, Sealed | Withdrawn) else None
    if line is None:
        raise no_such_resource()
    return sealed_rows(columns, read), {"force": item.force, "line": line}


def _case(fields: Sequence[Field], row: Row[Any]) -> CaseRow:
    return CaseRow(
        case_id=row.case_id,
        contract_version=row.contract_version,
        values=shown_values(fields, values_of(fields, row)),
        empties=row.empties or {},
    )


async def log_reading(
    context: Context, tx: AsyncConnection, actor: Actor, item: AnyReturn, details: dict[str, Any]
) -> None:
    """Take down that cases of a return are read; in the transaction that reads, before anything leaves it."""
    await append(
        tx,
        Entry(
            action="cases_read", actor=actor.id, force=item.force, subject=subject_of(context, item), details=details
        ),
        context.now(),
    )


async def list_cases(
    context: Context, actor: Actor, item: AnyReturn, after: UUID | None, limit: int
) -> tuple[list[CaseRow], UUID | None]:
    """A page of the return's cases in the order of their ids, and the id to go on after."""
    fields = case_fields(context, item)
    sql, parameters = stock_of(context, item, column_names(fields))
    async with context.db.force(item.force) as tx:
        rows = (
            await tx.execute(
                text(
                    f"select * from ({sql}) cur where cast(:after as uuid) is null or cur.case_id > :after "
                    "order by cur.case_id limit :limit"
                ),
                {**parameters, "after": after, "limit": limit + 1},
            )
        ).all()
        page = [_case(fields, row) for row in rows[:limit]]
        await log_reading(context, tx, actor, item, {"rows": len(page)})
    return page, page[-1].case_id if len(rows) > limit else None


async def stream_cases(context: Context, actor: Actor, item: AnyReturn) -> AsyncGenerator[list[CaseRow], None]:
    """All cases of the return, some thousands at a time, out of one snapshot; logged before the first one leaves."""
    fields = case_fields(context, item)
    sql, parameters = stock_of(context, item, column_names(fields))
    async with context.db.force(item.force) as tx:
        await log_reading(context, tx, actor, item, {"whole": True})
    async with context.db.force(item.force) as tx:
        result = await tx.stream(text(f"select * from ({sql}) cur order by cur.case_id"), parameters)
        async for rows in result.partitions(STREAM_ROWS):
            yield [_case(fields, row) for row in rows]


async def read_case(context: Context, actor: Actor, item: AnyReturn, case_id: UUID) -> CaseRow:
    """One case of the return."""
    fields = case_fields(context, item)
    sql, parameters = stock_of(context, item, column_names(fields))
    async with context.db.force(item.force) as tx:
        row = (
            await tx.execute(
                text(f"select * from ({sql}) cur where cur.case_id = :case_id"), {**parameters, "case_id": case_id}
            )
        ).one_or_none()
        if row is None:
            raise no_such_resource()
        await log_reading(context, tx, actor, item, {"case": str(case_id)})
    return _case(fields, row)


async def history(context: Context, actor: Actor, item: AnyReturn, case_id: UUID) -> list[dict[str, Any]]:
    """Every sealed version of one case, oldest first, as it was said then: which return brought it, which ended it, and
    why."""
    columns = tuple(stored_types(context.library, PartName.CASE))
    async with context.db.force(item.force) as tx:
        rows = (
            await tx.execute(
                text(
                    f"select v.case_id, v.contract_version, v.empties, v.line_from, v.line_to, v.end_reason, "
                    f"{listed(columns, 'v')} from case_version v where v.force = :force "
                    "and v.case_id = :case_id order by v.line_from"
                ),
                {"force": item.force, "case_id": case_id},
            )
        ).all()
        if not rows:
            raise no_such_resource()
        lines = {
            line: {"period": f"{period.year:04}-{period.month:02}", "revision": revision}
            for line, period, revision in await tx.execute(
                text("select line, period, revision from case_return where force = :force and line is not null"),
                {"force": item.force},
            )
        }
        found = text("select line from case_return where force = :force and branch_of is not null")
        beside = set((await tx.execute(found, {"force": item.force})).scalars())
        await log_reading(context, tx, actor, item, {"history_of": str(case_id)})
    return [
        {
            "from": lines.get(row.line_from),
            "until": None if line_to == OPEN_END else lines.get(line_to),
            "ended_by": reason,
            "contract_version": row.contract_version,
            "values": _own_values(context, row),
            "empties": row.empties or {},
        }
        for row, (line_to, reason) in _without_branches(rows, beside)
    ]


def _without_branches(
    rows: Sequence[Row[Any]], beside: Collection[int]
) -> Iterator[tuple[Row[Any], tuple[int, str | None]]]:
    """The versions of a case with where they end and why, as if the line had never gone aside for the branches with the
    numbers ``beside``: what held on beside one is one version, and the way there and back is none."""
    ends: dict[int, tuple[int, str | None]] = {}
    chosen: list[Row[Any]] = []
    held: dict[int, int] = {}  # the place of the version that ended where a branch began, by the branch's number
    for row in rows:
        place = len(chosen)
        if row.line_from + 1 in beside:
            continue
        if row.line_from - 1 in beside and row.line_from - 1 in held:
            place = held[row.line_from - 1]
        else:
            chosen.append(row)
        ends[place] = (row.line_to, row.end_reason)
        if row.line_to + 1 in beside:
            held[row.line_to + 1] = place
    return ((row, ends[place]) for place, row in enumerate(chosen))


def _own_values(context: Context, row: Row[Any]) -> dict[str, str | int | None]:
    """A stored row by the fields of the version in which it was written."""
    fields = context.library.contracts[row.contract_version].parts[PartName.CASE].fields
    return shown_values(fields, values_of(fields, row))


async def key_of(context: Context, item: Open, case_id: UUID) -> str:
    """The reference of one case of an open return: for replacing it."""
    key = context.library.contracts[item.contract_version].parts[PartName.CASE].by_role[Role.KEY].name
    sql, parameters = stock_of(context, item, (key,))
    async with context.db.force(item.force) as tx:
        found = (
            await tx.execute(
                text(f"select cur.{key} from ({sql}) cur where cur.case_id = :case_id"),
                {**parameters, "case_id": case_id},
            )
        ).scalar_one_or_none()
    if found is None:
        raise no_such_resource()
    return str(found)


async def list_part(context: Context, item: AnyReturn, part: PartName) -> list[dict[str, Any]]:
    """The rows of the aggregate or workforce part, in the order of the file; what is empty for a reason says it."""
    async with context.db.force(item.force) as tx:
        return list((await numbered_part(tx, context.library.contracts[item.contract_version], item, part)).values())


async def numbered_part(
    tx: AsyncConnection, contract: Contract, item: AnyReturn, part: PartName
) -> dict[int, dict[str, Any]]:
    """The same by the numbers that the rows had in the file, as a version of the contract names their fields."""
    fields = contract.part(part).fields
    columns = ", ".join(column.name for column in columns_of(fields))
    rows = await tx.execute(
        text(f"select n, empties, {columns} from {TABLES[part]} where force = :force and return_id = :id order by n"),
        {"force": item.force, "id": item.id},
    )
    return {row.n: {**shown_values(fields, values_of(fields, row)), **(row.empties or {})} for row in rows}
