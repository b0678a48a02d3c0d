"""The frame of every small change to a draft: take the lock, check what was seen, change, count again, log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.errors import Conflict, PreconditionFailed
from service.returns.context import Actor, Context
from service.returns.model import Open, etag_of
from service.returns.naming import subject_of
from service.returns.store import lock_line, move_draft, return_by_id
from service.returns.summary import refresh_summary


class Change:
    """What a change says of itself when it is made; without ``done`` nothing is counted or logged."""

    def __init__(self, item: Open) -> None:
        self.item = item
        self.action: str | None = None
        self.details: dict[str, Any] = {}
        self.counts_stand = False

    def done(self, action: str, details: dict[str, Any] | None = None, *, counts_stand: bool = False) -> None:
        """The draft was changed: under this name it goes into the audit log. No row's value in ``details``.

        ``counts_stand``: no row, and so no count, is another one than before.
        """
        self.action, self.details, self.counts_stand = action, details or {}, counts_stand


def draft_moved(kind: type[Conflict | PreconditionFailed]) -> Conflict | PreconditionFailed:
    """What is said to someone whose picture of the draft is not the present one."""
    return kind(
        "The return changed since you read it; nothing of this request was stored.",
        "Read the return again, and send your request again if it still stands.",
        code="draft-moved",
    )


async def lock_draft(tx: AsyncConnection, seen: Open, *, must_be_unmoved: bool) -> Open:
    """Take the force's lock and the return as it is now; Conflict if it is no longer open, or (where asked) moved."""
    await lock_line(tx, seen.force)
    item = await return_by_id(tx, seen.force, seen.id)
    if not isinstance(item, Open):
        raise Conflict(
            "The return was sealed or withdrawn meanwhile; nothing of this request was stored.",
            "Open a correction, and send it again.",
            code="not-open",
        )
    if must_be_unmoved and item.draft_version != seen.draft_version:
        raise draft_moved(Conflict)
    return item


@asynccontextmanager
async def change_draft(
    context: Context,
    tx: AsyncConnection,
    actor: Actor,
    seen: Open,
    if_match: str | None,
    *,
    must_be_unmoved: bool = False,
) -> AsyncIterator[Change]:
    """Hold the force's lock around a change. ``if_match`` is the ETag that the caller says the draft has, if any."""
    item = await lock_draft(tx, seen, must_be_unmoved=must_be_unmoved)
    if if_match is not None and if_match not in ("*", etag_of(item)):
        raise draft_moved(PreconditionFailed)
    change = Change(item)
    yield change
    if change.action is None:
        return
    await move_draft(tx, item.force, item.id)
    moved = await return_by_id(tx, item.force, item.id)
    if not isinstance(moved, Open):
        raise TypeError("a draft under the force's lock stays open")
    change.item = moved
    if not change.counts_stand:
        await refresh_summary(context, tx, moved)
        counted = await return_by_id(tx, item.force, item.id)
        if not isinstance(counted, Open):
            raise TypeError("a draft under the force's lock stays open")
        change.item = counted
    await append(
        tx,
        Entry(
            action=change.action,
            actor=actor.id,
            force=item.force,
            subject=subject_of(context, item),
            details=change.details,
        ),
        context.now(),
    )
