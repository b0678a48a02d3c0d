"""The main line of a force: moves a draft into case versions, and takes the line back to an earlier number.

Each number of the line is a whole stock: the versions that hold for it. A version's range is only ever ended, never
moved, so what an earlier number says does not change (semantics 15, 22). The caller holds the force's lock.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.register.columns import OPEN_END, stored_case_columns
from service.storage.remembered import Statements
from service.telemetry.spans import traced

_STATEMENTS: Final = Statements()

_ENDED: Final = f"where v.force = :force and v.line_to = {OPEN_END}"
_GONE: Final = "w.force = :force and w.return_id = :return_id and w.answer = 'withdraw'"
_END_WITHDRAWN: Final = text(
    f"update case_version v set line_to = :line, end_reason = w.reason from draft_withdrawal w {_ENDED} "
    f"and {_GONE} and w.case_id = v.case_id"
)
_END_CHANGED: Final = text(
    f"update case_version v set line_to = :line, end_reason = 'changed' from draft_case d {_ENDED} "
    "and d.force = :force and d.return_id = :return_id and d.case_id = v.case_id"
)


def _begin_sql(library: Library) -> str:
    names = stored_case_columns(library)
    return (
        f"insert into case_version (force, case_id, line_from, contract_version, digest, empties, {', '.join(names)}) "
        "select d.force, d.case_id, :line, d.contract_version, d.digest, d.empties, "
        f"{', '.join(f'd.{name}' for name in names)} from draft_case d "
        "where d.force = :force and d.return_id = :return_id "
        f"and not exists (select 1 from draft_withdrawal w where {_GONE} and w.case_id = d.case_id)"
    )


@traced("versions")
async def extend(tx: AsyncConnection, library: Library, force: int, return_id: UUID, head: int) -> int:
    """Make the next number of the line from the return's draft; the number. Withdrawn cases end with their reason."""
    line = head + 1
    parameters = {"force": force, "return_id": return_id, "line": line}
    if head:  # else no version is open
        await tx.execute(_END_WITHDRAWN, parameters)
        await tx.execute(_END_CHANGED, parameters)
    await tx.execute(_STATEMENTS.get(library, partial(_begin_sql, library)), parameters)
    await tx.execute(
        text("delete from draft_case where force = :force and return_id = :return_id"),
        {"force": force, "return_id": return_id},
    )
    await move_head(tx, force, line, return_id)
    return line


async def move_head(tx: AsyncConnection, force: int, line: int, return_id: UUID | None) -> None:
    """The line now ends here, with this return's stock."""
    await tx.execute(
        text("update force_line set head = :line, return_id = :return_id where force = :force"),
        {"force": force, "line": line, "return_id": return_id},
    )


async def restore(
    tx: AsyncConnection, library: Library, force: int, *, head: int, target: int, return_id: UUID | None
) -> None:
    """Add a number to the line whose stock is that of an earlier one (``target``; 0: nothing), and make it the end."""
    line = head + 1
    parameters = {"force": force, "line": line, "target": target}
    columns = ", ".join(stored_case_columns(library))
    kept = "contract_version, digest, empties"
    await tx.execute(
        text(
            f"insert into case_version (force, case_id, line_from, {kept}, {columns}) "
            f"select force, case_id, :line, {kept}, {columns} from case_version where force = :force "
            f"and line_from <= :target and line_to > :target and line_to <> {OPEN_END}"
        ),
        parameters,
    )
    await tx.execute(
        text(
            "update case_version set line_to = :line, end_reason = 'return_withdrawn' where force = :force "
            f"and line_to = {OPEN_END} and line_from > :target and line_from < :line"
        ),
        parameters,
    )
    await move_head(tx, force, line, return_id)
