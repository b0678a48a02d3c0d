"""The frame of every small change to a draft: take the lock, check what was seen, change, count again, log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.errors import Conflict, PreconditionFailed
from service.returns.asked import judged_today
from service.returns.context import Actor, Context
from service.returns.model import Open, etag_of
from service.returns.naming import subject_of
from service.returns.store import lock_line, move_draft, return_by_id
from service.returns.summary import refresh_summary
from service.storage.idempotency import Known, Once, recall, remember
from service.tally.stock import stock_stands


class Touched(Enum):
    """What of a draft a change touched, and so what has to be counted again."""

    NO_ROW = auto()
    NOT_JUDGED = auto()
    """Rows, but none that is judged under a scope: the workforce, rows that are held."""
    STOCK = auto()


class Change:
    """What a change says of itself when it is made; without ``done`` nothing is counted or logged."""

    def __init__(self, item: Open) -> None:
        self.item = item
        self.known: Known | None = None
        """The answer to this very request, where it was made before: then nothing is to be done again."""
        self.action: str | None = None
        self.details: dict[str, Any] = {}
        self.answer: Any = None
        """What the same request is told again."""
        self.touched = Touched.STOCK

    def done(self, action: str, details: dict[str, Any] | None = None, touched: Touched = Touched.STOCK) -> None:
        """The draft was changed: under this name it goes into the audit log. No row's value in ``details``."""
        self.action, self.details, self.touched = action, details or {}, touched


def draft_moved(kind: type[Conflict | PreconditionFailed]) -> Conflict | PreconditionFailed:
    """What is said to someone whose picture of the draft is not the present one."""
    return kind(
        "The return changed since you read it; nothing of this request was stored.",
        "Read the return again, and send your request again if it still stands.",
        code="draft-moved",
    )


async def lock_draft(tx: AsyncConnection, seen: Open, if_match: str | None, *, must_be_unmoved: bool) -> Open:
    """Take the force's lock and the return as it is now; Conflict if it is no longer open, or (where asked) moved,
    PreconditionFailed if it has another ETag than the caller says."""
    await lock_line(tx, seen.force)
    item = await return_by_id(tx, seen.force, seen.id)
    if not isinstance(item, Open):
        raise Conflict(
            "The return was sealed or withdrawn meanwhile; nothing of this request was stored.",
            "Open a correction, and send it again.",
            code="not-open",
        )
    if if_match is not None and if_match not in ("*", etag_of(item)):
        raise draft_moved(PreconditionFailed)
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
    once: Once | None = None,
) -> AsyncIterator[Change]:
    """Hold the force's lock around a change. ``if_match`` is the ETag that the caller says the draft has, if any.

    With ``once``, the very same request finds in ``known`` what ``answer`` was kept the first time.
    """
    if once is not None:
        await lock_line(tx, seen.force)  # two of the same at once come one after the other
        known = await recall(tx, seen.force, once)
        if known is not None:
            change = Change(await lock_draft(tx, seen, None, must_be_unmoved=False))
            change.known = known
            yield change
            return
    item = await judged_today(context, tx, await lock_draft(tx, seen, if_match, must_be_unmoved=must_be_unmoved))
    change = Change(item)
    yield change
    if change.action is None:
        return
    if once is not None:
        await remember(tx, item.force, once, 200, change.answer, context.now())
    change.item = await move_draft(tx, item.force, item.id)
    if change.touched is Touched.NO_ROW:
        await stock_stands(tx, item.force, item.id, change.item.draft_version)
    else:
        stands = change.touched is Touched.NOT_JUDGED
        change.item = await refresh_summary(context, tx, change.item, stock_stands=stands)
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
