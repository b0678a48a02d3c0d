"""When what an open draft starts from moves, it is laid over that again (semantics 14).

That is the return that counts for its own period, else for the nearest before (semantics 15): the main line's end for
the newest periods, and for a branch the return that it supersedes. A seal elsewhere does not disturb it.

What the draft changed stays changed, column by column; what it left alone follows the new base, so that a correction
sealed meanwhile is not undone by a row that only moved a stage on. Where rows were merged, or where the file also said
things that left no trace because the base said them too, it must be sent again before the seal: the rules must run over
what was merged, and what was unchanged may not be so any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Field, PartName, Role
from service.register.columns import holds_at
from service.returns.as_read import AsRead, as_read, rows_sql
from service.returns.context import Context
from service.returns.current import base_rows
from service.returns.draft import drop_found_again
from service.returns.model import Open, Sealed, Withdrawn, base_for
from service.returns.parts import carry_parts
from service.returns.raised import ask_raised
from service.returns.raising import is_older, raise_version, rewrite_carried
from service.returns.rows import column_names, digest_sql
from service.returns.store import move_draft, must_compare_again, return_by_id, returns_of
from service.returns.summary import refresh_summary
from service.telemetry.spans import traced

_DRAFT = "d.force = :force and d.return_id = :return_id"
_AT_OLD = "v.force = :force and v.line_from <= :old and v.line_to > :old"


@traced("rebase")
async def rebase_open(
    context: Context, tx: AsyncConnection, force: int, *, head_before: UUID | None, sealing: UUID | None = None
) -> None:
    """Lay every open draft, but the one being sealed, over what it starts from now, where that is another return, or
    where the draft became a branch or is none any more. Its ETag moves, so nobody signs what they have not seen."""
    items = await returns_of(tx, force)
    for item in items:
        if not isinstance(item, Open) or item.id == sealing:
            continue
        base = base_for(items, item.period, sealing)
        base_id = None if base is None else base.id
        if base_id != item.base_id:
            await lay_over(context, tx, item, base_id)
        elif (item.laid_over is not None) == (base_id != head_before):
            continue
        await refresh_summary(context, tx, await move_draft(tx, force, item.id))


async def lay_over(context: Context, tx: AsyncConnection, item: Open, base_id: UUID | None) -> None:
    """Lay the draft of a return over a sealed one, whatever its base was."""
    base = None if base_id is None else await return_by_id(tx, item.force, base_id)
    raised = base is not None and is_older(context.library, item.contract_version, base.contract_version)
    if base is not None and raised:
        await raise_version(tx, context.library, item, base.contract_version)
        item = replace(item, contract_version=base.contract_version)
    contract = context.library.contracts[item.contract_version]
    part = contract.parts[PartName.CASE]
    read = as_read(context.library, item.contract_version)
    over = await _number_of(tx, item.force, base_id)
    await _merge(tx, read, item, over)
    await take_known_ids(tx, part.by_role[Role.KEY].name, item, over)
    await _drop_what_is_no_change(tx, read, item, over)
    await tx.execute(
        text("update case_return set base_id = :base where force = :force and id = :return_id"),
        {**_parameters(item), "base": base_id},
    )
    await drop_found_again(tx, contract, part, _parameters(item))
    await carry_parts(tx, item.force, base_id, item.id, context.library)
    if base is not None:
        await rewrite_carried(tx, context.library, item, base.contract_version)
    laid = await return_by_id(tx, item.force, item.id) if raised else None
    if isinstance(laid, Open):
        await ask_raised(context, tx, laid)


async def _number_of(tx: AsyncConnection, force: int, base_id: UUID | None) -> int | None:
    """The number of the line that a draft on top of this return is laid over; None: the line's end."""
    row = (
        await tx.execute(
            text(
                "select l.return_id, b.line from force_line l left join case_return b on b.force = l.force "
                "and b.id = :base where l.force = :force"
            ),
            {"force": force, "base": base_id},
        )
    ).one()
    return None if row.return_id == base_id else row.line or 0


def _parameters(item: Open) -> dict[str, Any]:
    return {"force": item.force, "return_id": item.id}


async def _merge(tx: AsyncConnection, read: AsRead, item: Open, over: int | None) -> None:
    """Take from the new base every column that the draft had left as its old base had it."""
    base = None if item.base_id is None else await return_by_id(tx, item.force, item.base_id)
    old = base.line if isinstance(base, Sealed | Withdrawn) else None
    if old is None:
        return
    fields = read.fields
    changed = ", ".join(f"case when {_differs(field)} then '{field.name}' end" for field in fields)
    names = column_names(fields)
    values = ", ".join(
        f"{name} = case when '{field.name}' = any(m.changed) then t.{name} else m.{name} end"
        for field in fields
        for name in column_names([field])
    )
    taken = ", ".join(f"v.{name}" for name in names)
    at_old = rows_sql(read, names, "case_version", _AT_OLD, ("case_id",))
    merged = await tx.execute(
        text(
            f"with o as ({at_old}), v as ({base_rows(names, over, read)}), "
            f"m as (select d.case_id, v.empties as base_empties, {taken}, "
            f"array_remove(array[{changed}], null)::text[] as changed from draft_case d "
            "join o on o.case_id = d.case_id join v on v.case_id = d.case_id "
            f"where {_DRAFT} and v.digest <> o.digest) "
            f"update draft_case t set {values}, empties = nullif((coalesce(m.base_empties, '{{}}') - m.changed) || "
            "coalesce((select jsonb_object_agg(e.key, e.value) from jsonb_each(t.empties) e "
            "where e.key = any(m.changed)), '{}'), '{}') "
            "from m where t.force = :force and t.return_id = :return_id and t.case_id = m.case_id"
        ),
        {**_parameters(item), "old": old},
    )
    if merged.rowcount == 0:
        return
    await must_compare_again(tx, item.force, item.id)
    await tx.execute(
        text(f"update draft_case d set digest = {digest_sql(fields, 'd')} where {_DRAFT}"), _parameters(item)
    )


def _differs(field: Field) -> str:
    """Whether the draft says something else of a field than its old base ``o`` did, or why it is empty."""
    columns = " or ".join(f"d.{name} is distinct from o.{name}" for name in column_names([field]))
    return f"{columns} or (d.empties ->> '{field.name}') is distinct from (o.empties ->> '{field.name}')"


async def take_known_ids(tx: AsyncConnection, key: str, item: Open, over: int | None) -> None:
    """A case that the draft has as new, and that this stock knows, is that case: its row takes the known id.

    Where the draft also changed that case under a name that it no longer has, the row under the present name stands.
    """
    moved = (
        f"from draft_case d join case_version v on v.{key} = d.{key} and v.force = :force and {holds_at(over)} "
        f"where {_DRAFT} and v.case_id <> d.case_id"
    )
    of_return = "x.force = :force and x.return_id = :return_id"
    for statement in (
        f"delete from finding x using (select v.case_id {moved}) k where {of_return} and x.case_id = k.case_id",
        f"delete from draft_withdrawal x using (select v.case_id {moved}) k where {of_return} "
        "and x.case_id = k.case_id",
        f"delete from draft_case x using (select v.case_id {moved}) k where {of_return} and x.case_id = k.case_id",
        f"update finding x set case_id = v.case_id {moved} and {of_return} and x.case_id = d.case_id",
        f"update draft_withdrawal x set case_id = v.case_id {moved} and {of_return} and x.case_id = d.case_id",
        f"update draft_case x set case_id = v.case_id {moved} and {of_return} and x.case_id = d.case_id",
    ):
        await tx.execute(text(statement), _parameters(item))


async def _drop_what_is_no_change(tx: AsyncConnection, read: AsRead, item: Open, over: int | None) -> None:
    """A draft row that is now as the base has it goes, and so does a withdrawal of a case that nobody holds."""
    await tx.execute(
        text(
            f"delete from draft_case d using ({base_rows((), over, read)}) v where {_DRAFT} and v.case_id = d.case_id "
            "and v.digest = d.digest"
        ),
        _parameters(item),
    )
    await tx.execute(
        text(
            "delete from draft_withdrawal w where w.force = :force and w.return_id = :return_id and not exists "
            f"(select 1 from case_version v where v.force = :force and {holds_at(over)} and v.case_id = w.case_id) "
            f"and not exists (select 1 from draft_case d where {_DRAFT} and d.case_id = w.case_id)"
        ),
        _parameters(item),
    )


async def take_ids_at(
    tx: AsyncConnection, key: str, parameters: Mapping[str, Any], *, stock: int | None, over: int | None
) -> None:
    """A case that a draft laid ``over`` a number has as new, and that another ``stock`` has by this reference, is that
    case: one id in every period."""
    known = f"select 1 from case_version b where b.force = :force and {holds_at(over, 'b')} and b.case_id ="
    found = (
        f"from draft_case d join case_version v on v.{key} = d.{key} and v.force = :force and {holds_at(stock)} "
        f"where {_DRAFT} and v.case_id <> d.case_id and not exists ({known} d.case_id) "
        f"and not exists ({known} v.case_id) and not exists (select 1 from draft_case o where o.force = :force "
        "and o.return_id = :return_id and o.case_id = v.case_id)"
    )
    for table in ("finding", "draft_case"):
        await tx.execute(
            text(
                f"update {table} x set case_id = v.case_id {found} and x.force = :force "
                "and x.return_id = :return_id and x.case_id = d.case_id"
            ),
            dict(parameters),
        )
