"""Puts what a branch corrected into the open return on top of the main line, in one action (semantics 15).

A correction is a column that the branch has otherwise than the main line had it, a case that it has anew, or one that
it took out (``branched.py``). It is carried where the open return still has what the main line had, or what an earlier
revision of the branch had, from which it was carried. What the later returns changed themselves is never written over:
it is told, and the force decides.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName
from service.errors import Conflict
from service.returns.as_read import as_read
from service.returns.branched import Left, Line, Why, line_of, otherwise, stocks_of, touched
from service.returns.changes import change_draft
from service.returns.context import Actor, Context
from service.returns.current import current_rows
from service.returns.model import AnyReturn, Open, Sealed, Superseded
from service.returns.parts import OWN
from service.returns.raising import is_older
from service.returns.spool import spool
from service.returns.store import return_by_id, returns_of
from service.returns.upload import Target, Upload, upload

MOST: Final = 1 << 30
"""A file of corrections is no longer than this."""


class Corrections(Struct, frozen=True, kw_only=True):
    """What of a sealed branch is offered for the open return ``into``, if there is one. ``rows`` are changes by column,
    ``gone`` the cases to be taken out; ``parts`` were sent whole for the branch, and are not carried."""

    of: Sealed
    revisions: Sequence[UUID]
    """Those of the branch, the newest first."""
    corrected: int
    """In how many cases the branch is otherwise than the main line was."""
    into: Open | None
    rows: Sequence[Mapping[str, Any]]
    gone: Sequence[UUID]
    left: Sequence[Left]
    parts: tuple[PartName, ...]

    @property
    def cases(self) -> int:
        """In how many cases something is to be carried."""
        return len(self.rows) + len(self.gone)


class Carried(Struct, frozen=True, kw_only=True):
    """What was carried, the return that has it now, and what became of its rows."""

    corrections: Corrections
    item: Open
    upload: Upload | None


async def corrections_of(context: Context, item: AnyReturn) -> Corrections:
    """What a sealed branch offers as things stand now. Conflict for a return that is none."""
    if not isinstance(item, Sealed) or item.branch_of is None:
        raise Conflict(
            f"This return for {item.period} is no sealed correction of an older month.",
            "Corrections are offered of a month that was sealed when a later one was sealed already.",
            code="not-a-branch",
        )
    if isinstance(item, Superseded):
        raise Conflict(
            f"Revision {item.revision} for {item.period} was corrected since.",
            "Ask without a revision: what counts has what was corrected before, as far as it still holds.",
            code="not-the-current-revision",
        )
    async with context.db.force(item.force) as tx:
        items = await returns_of(tx, item.force)
        line = line_of(item, items)
        parts = await _own_parts(tx, item)
        on_top = (each for each in items if isinstance(each, Open) and _is_on_top(each))
        into = next(on_top, None)
        if into is not None:
            _check_version(context, item, into)
        return await _compared(context, tx, line, into, parts)


def _is_on_top(item: Open) -> bool:
    return item.laid_over is None


def _check_version(context: Context, item: Sealed, into: Open) -> None:
    if is_older(context.library, into.contract_version, item.contract_version):
        raise Conflict(
            f"The open return for {into.period} is written in contract version {into.contract_version}, and these "
            f"corrections in {item.contract_version}, which is newer.",
            f"Bring the open return into {item.contract_version} first.",
            code="older-contract",
        )


async def carry(context: Context, actor: Actor, item: AnyReturn) -> Carried:
    """Put the corrections of a sealed branch into the open return, by column as ``changes`` do (semantics 17).

    What is carried is not offered any more: the same again changes nothing, and finishes what was begun.
    """
    found = await corrections_of(context, item)
    into, answer = found.into, None
    if into is None:
        raise Conflict(
            "No return is open that these corrections could go into.",
            "Open the return of the next month, or a correction of the newest sealed one, and ask again.",
            code="nothing-open",
        )
    if found.rows:
        with await spool(_lines(found.rows), MOST) as body:
            target = Target(item=into, known_at=found.of.line)
            answer = await upload(context, actor, target, PartName.CASE, body, "application/x-ndjson")
    if found.gone:
        await _take_out(context, actor, into, found)
    async with context.db.force(into.force) as tx:
        moved = await return_by_id(tx, into.force, into.id)
    if not isinstance(moved, Open):
        raise Conflict("The corrections were carried, and the return was sealed or withdrawn since.", code="not-open")
    return Carried(corrections=found, item=moved, upload=answer)


async def _lines(rows: Sequence[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    for row in rows:
        yield json.dumps(row).encode() + b"\n"


async def _own_parts(tx: AsyncConnection, item: Sealed) -> tuple[PartName, ...]:
    columns = ", ".join(OWN.values())
    row = (
        await tx.execute(
            text(f"select {columns} from case_return where force = :force and id = :id"),
            {"force": item.force, "id": item.id},
        )
    ).one()
    return tuple(part for part, is_own in zip(OWN, row, strict=True) if is_own)


async def _compared(
    context: Context, tx: AsyncConnection, line: Line, into: Open | None, parts: tuple[PartName, ...]
) -> Corrections:
    item, revisions = line.revisions[0], [each.id for each in line.revisions]
    ids = await touched(tx, line)
    corrected = await otherwise(tx, line, ids)
    if into is None:
        return Corrections(
            of=item, revisions=revisions, corrected=corrected, into=None, rows=(), gone=(), left=(), parts=parts
        )
    stocks = await stocks_of(context, tx, line, into, ids)
    changes = [stocks.changes(case_id) for case_id in ids if case_id in stocks.after]
    kept, gone = stocks.gone(ids)
    left = [left for each in changes for left in each.left]
    left += [Left(case_id=one, key=stocks.key_of(one), fields=(), why=Why.CHANGED_SINCE) for one in kept]
    rows = [each.sent for each in changes if each.sent]
    return Corrections(
        of=item, revisions=revisions, corrected=corrected, into=into, rows=rows, gone=gone, left=left, parts=parts
    )


async def _take_out(context: Context, actor: Actor, into: Open, found: Corrections) -> None:
    """Withdraw what the branch withdrew, with its reasons, where it is still held."""
    async with context.db.force(into.force) as tx, change_draft(context, tx, actor, into, None) as change:
        current = current_rows((), change.item.laid_over, as_read(context.library, change.item.contract_version))
        done = await tx.execute(
            text(
                "insert into draft_withdrawal (force, return_id, case_id, source, answer, reason, words) "
                "select distinct on (w.case_id) w.force, :return_id, w.case_id, 'deletion', 'withdraw', w.reason, "
                f"w.words from draft_withdrawal w join ({current}) cur on cur.case_id = w.case_id "
                "where w.force = :force and w.return_id = any(:revisions) and w.answer = 'withdraw' "
                "and w.case_id = any(:ids) order by w.case_id, array_position(:revisions, w.return_id) "
                "on conflict (force, return_id, case_id) do update set answer = 'withdraw', reason = excluded.reason, "
                "words = excluded.words"
            ),
            {
                "force": into.force,
                "return_id": into.id,
                "revisions": list(found.revisions),
                "ids": list(found.gone),
            },
        )
        if done.rowcount:
            change.done("corrections_carried", {"withdrawn": done.rowcount})
