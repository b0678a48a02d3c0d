"""The main line of a force, and its branches: moves drafts into case versions, and takes the line back.

Each number of the line is a whole stock: the versions that hold for it. A version's range is only ever ended, never
moved, so what an earlier number says does not change (semantics 15, 22). The caller holds the force's lock.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.register.columns import OPEN_END, stored_case_columns
from service.storage.remembered import Statements
from service.telemetry.spans import traced

_STATEMENTS: Final = Statements()

BRANCH: Final = "branch"
"""Why a version ends that holds on beside a branch, or that held for a branch alone."""
TRANSFERRED: Final = "transferred"
"""Why a version ends whose case another force took over."""
HELD_ELSEWHERE: Final = "held_elsewhere"
"""Why a version begins whose case is new to its force alone: another held it, and both say the same of who leads it."""

_ENDED: Final = f"where v.force = :force and v.line_to = {OPEN_END}"
_GONE: Final = "w.force = :force and w.return_id = :return_id and w.answer = 'withdraw'"


def _ending(update: str) -> TextClause:
    """An update that ends versions, and with them what they come to under editions where they name other forces."""
    return text(
        f"with ended as ({update} returning v.case_id, v.line_from) update shared_version s set line_to = :line "
        "from ended e where s.force = :force and s.case_id = e.case_id and s.line_from = e.line_from"
    )


_END_WITHDRAWN: Final = _ending(
    f"update case_version v set line_to = :line, end_reason = w.reason from draft_withdrawal w {_ENDED} "
    f"and {_GONE} and w.case_id = v.case_id"
)
_END_CHANGED: Final = _ending(
    f"update case_version v set line_to = :line, end_reason = 'changed' from draft_case d {_ENDED} "
    "and d.force = :force and d.return_id = :return_id and d.case_id = v.case_id"
)
_END_LATER: Final = _ending(
    f"update case_version v set line_to = :line, end_reason = :reason {_ENDED} "
    "and v.line_from > :target and v.line_from < :line"
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


async def branch(
    tx: AsyncConnection, library: Library, force: int, return_id: UUID, *, head: int, head_id: UUID | None, base: int
) -> int:
    """Give a return's draft a number of its own beside the main line, over the stock of an earlier number (``base``; 0:
    nothing), and leave the line's end as it was; the number.

    The line goes back to the base, on to the return, and then to what it ended with: three numbers, of which the second
    is the return's. Only versions in which they differ are written.
    """
    await restore(tx, library, force, head=head, target=base, return_id=head_id, reason=BRANCH)
    line = await extend(tx, library, force, return_id, head + 1)
    await restore(tx, library, force, head=line, target=head, return_id=head_id, reason=BRANCH)
    return line


async def restore(
    tx: AsyncConnection,
    library: Library,
    force: int,
    *,
    head: int,
    target: int,
    return_id: UUID | None,
    reason: str = "return_withdrawn",
) -> None:
    """Add a number to the line whose stock is that of an earlier one (``target``; 0: nothing), and make it the end;
    what no longer holds ends for this reason."""
    line = head + 1
    parameters = {"force": force, "line": line, "target": target, "reason": reason}
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
    await tx.execute(_END_LATER, parameters)
    await move_head(tx, force, line, return_id)
