"""When the end of the main line moves, every open draft of the force is compared with it again (semantics 14)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName, Role
from service.register.columns import OPEN_END
from service.returns.context import Context
from service.returns.draft import drop_found_again
from service.returns.model import Open
from service.returns.parts import carry_parts
from service.returns.store import move_draft, return_by_id, returns_of
from service.returns.summary import refresh_summary


async def rebase_open(context: Context, tx: AsyncConnection, force: int, *, sealing: UUID | None = None) -> None:
    """Lay every open draft, but the one being sealed, over the line's new end. Its ETag moves, so nobody signs what
    they have not seen."""
    head_id = (
        await tx.execute(text("select return_id from force_line where force = :force"), {"force": force})
    ).scalar_one()
    for item in await returns_of(tx, force):
        if not isinstance(item, Open) or item.id == sealing:
            continue
        contract = context.library.contracts[item.contract_version]
        part = contract.parts[PartName.CASE]
        await _compare_again(tx, part.by_role[Role.KEY].name, {"force": force, "return_id": item.id, "base": head_id})
        await drop_found_again(tx, contract, part, {"force": force, "return_id": item.id})
        await carry_parts(tx, force, head_id, item.id, context.library)
        await move_draft(tx, force, item.id)
        moved = await return_by_id(tx, force, item.id)
        assert isinstance(moved, Open)  # noqa: S101  the caller holds the force's lock
        await refresh_summary(context, tx, moved)


async def _compare_again(tx: AsyncConnection, key: str, parameters: dict[str, Any]) -> None:
    """A draft row that became known under another id takes it; one that is now as the base has it goes."""
    where = "d.force = :force and d.return_id = :return_id"
    base = f"v.force = :force and v.line_to = {OPEN_END}"
    names = {name: value for name, value in parameters.items() if name != "base"}
    moved = (
        f"from draft_case d join case_version v on v.{key} = d.{key} and {base} "
        f"where {where} and v.case_id <> d.case_id"
    )
    await tx.execute(
        text(
            f"update finding f set case_id = v.case_id {moved} and f.force = :force and f.return_id = :return_id "
            "and f.case_id = d.case_id"
        ),
        names,
    )
    await tx.execute(
        text(
            f"update draft_withdrawal w set case_id = v.case_id {moved} and w.force = :force "
            "and w.return_id = :return_id and w.case_id = d.case_id and not exists (select 1 from draft_withdrawal o "
            "where o.force = :force and o.return_id = :return_id and o.case_id = v.case_id)"
        ),
        names,
    )
    await tx.execute(
        text(
            f"update draft_case t set case_id = v.case_id {moved} and t.force = :force and t.return_id = :return_id "
            "and t.case_id = d.case_id"
        ),
        names,
    )
    await tx.execute(
        text(
            f"delete from draft_case d using case_version v where {where} and {base} and v.case_id = d.case_id "
            "and v.digest = d.digest"
        ),
        names,
    )
    await tx.execute(
        text(
            "delete from draft_withdrawal w where w.force = :force and w.return_id = :return_id and not exists "
            f"(select 1 from case_version v where {base} and v.case_id = w.case_id) and not exists "
            f"(select 1 from draft_case d where {where} and d.case_id = w.case_id)"
        ),
        names,
    )
    await tx.execute(
        text("update case_return set base_id = :base where force = :force and id = :return_id"), parameters
    )
