"""Draft, rewrite, propose, confirm, reject a scope edition. In force is what NCA and NPCC have both confirmed.

Nobody speaks for another body: the body is a claim of the caller's token. Each step is one transaction with its audit
entry, under the edition's row: who decides about the same edition waits for it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.adopter import Adopter, Sign
from service.audit.log import append
from service.contract.written import DraftErrors, DraftProblem
from service.errors import Unavailable
from service.scope.adoption import (
    Kind,
    Said,
    check_effective,
    confirmed,
    reason_of,
    said_before,
    seen_tags,
    step_of,
)
from service.scope.draft import Draft
from service.scope.drafts import Stored, freeze, insert_draft, stored_by_name, turn_down, write_draft
from service.scope.editions import Editions
from service.scope.steps import Steps, say
from service.scope.store import follow_in_force, known
from service.scope.switch import Switched, Waiting, switch_when_ready
from service.storage.database import Database
from service.storage.position import Position, advance

SIGNED_TYPE: Final = "scope-confirmation+jwt"
"""The ``typ`` of a signed confirmation, so that it can pass for nothing else."""
SCOPE: Final = Kind(
    prefix="scope", words="scope edition", listed_at="/api/scopes", otherwise="To change what is counted"
)


async def draft(db: Database, editions: Editions, by: Adopter, written: Draft, now: datetime) -> Stored:
    """Store a new draft. Its name is never given twice, whatever became of the edition that had it."""
    edition = written.edition
    async with db.national() as tx:
        if edition.name in editions.library.scopes or not await insert_draft(tx, written):
            raise SCOPE.taken(edition.name)
        item = await _found(tx, edition.name)
        await say(tx, Steps.SCOPE, item, step_of(Said.DRAFTED, by, item, now))
        drafted = await _found(tx, edition.name)
        await _log(tx, "drafted", by, drafted, now)
    return drafted


async def rewrite(
    db: Database, by: Adopter, name: str, written: Draft, seen: Collection[str] | None, now: datetime
) -> Stored:
    """Write a draft anew, over the one that was seen: ``seen`` holds the entity tags that the caller sent."""
    tags = seen_tags(seen)
    if written.edition.name != name:
        says, do = f"The document is of {written.edition.name}.", f"Send it there, or write {name}."
        raise DraftErrors([DraftProblem(line=1, column=1, pointer="/edition", says=says, do=do)])
    async with db.national() as tx:
        item = await _draft(tx, name, tags)
        await write_draft(tx, written)
        stored = await _found(tx, name)
        if await say(
            tx, Steps.SCOPE, item, step_of(Said.DRAFTED, by, stored, now)
        ):  # each body's first hand in it is kept
            stored = await _found(tx, name)
        await _log(tx, "rewritten", by, stored, now)
    return stored


async def propose(
    db: Database,
    editions: Editions,
    by: Adopter,
    name: str,
    seen: Collection[str] | None,
    effective: date | None,
    now: datetime,
) -> Stored:
    """Freeze a draft: from here on it never changes, and every seal is tallied under it."""
    tags = seen_tags(seen)
    check_effective(effective, now)
    async with db.national() as tx:
        item = await _draft(tx, name, tags)
        await known(tx, editions, name, item.hash)  # a contract that changed since would have it count something else
        await freeze(tx, item, effective)
        await follow_in_force(tx)
        await say(tx, Steps.SCOPE, item, step_of(Said.PROPOSED, by, item, now))
        proposed = await _found(tx, name)
        moved = await advance(tx, "scope_proposed", now, subject=name)
        await _log(tx, "proposed", by, proposed, now, moved)
    return proposed


async def confirm(
    db: Database, by: Adopter, name: str, digest: str, now: datetime, sign: Sign
) -> tuple[Stored, Switched | Waiting]:
    """Give the word of a body on what it read, signed; and put the edition in force if that was all that it needed."""
    async with db.national() as tx:
        item = await _found(tx, name, lock=True)
        SCOPE.check_to_confirm(item, digest)
        signature = sign(confirmed(item, by, now))
        if not await say(tx, Steps.SCOPE, item, step_of(Said.CONFIRMED, by, item, now, signature=signature)):
            raise said_before(item, by)
        await _log(tx, "confirmed", by, item, now)
    switched = await _switch(db, by, name, now)
    async with db.national() as tx:
        return await _found(tx, name), switched


async def reject(db: Database, by: Adopter, name: str, reason: str, now: datetime) -> Stored:
    """Turn a draft or a proposal down. Its name is not given again."""
    words = reason_of(reason)
    async with db.national() as tx:
        item = await _found(tx, name, lock=True)
        SCOPE.check_to_reject(item)
        await turn_down(tx, item)
        await say(tx, Steps.SCOPE, item, step_of(Said.REJECTED, by, item, now, reason=words))
        rejected = await _found(tx, name)
        await _log(tx, "rejected", by, rejected, now)
    return rejected


async def _switch(db: Database, by: Adopter, name: str, now: datetime) -> Switched | Waiting:
    """The confirmation stands, whatever becomes of the switch: it is tried again in the background."""
    try:
        return await switch_when_ready(db, name, by.client, now)
    except Unavailable:
        return Waiting(("The database could not take the last step now; it is taken in the background.",))


async def _draft(tx: AsyncConnection, name: str, seen: Collection[str]) -> Stored:
    """A draft that still is the one that was seen; nobody else changes it meanwhile."""
    item = await _found(tx, name, lock=True)
    SCOPE.check_draft(item, seen)
    return item


async def _found(tx: AsyncConnection, name: str, *, lock: bool = False) -> Stored:
    item = await stored_by_name(tx, name, lock=lock)
    if item is None:
        raise SCOPE.missing()
    return item


async def _log(
    tx: AsyncConnection, done: str, by: Adopter, item: Stored, now: datetime, moved: Position | None = None
) -> None:
    entry = SCOPE.entry(done, by, item, None if moved is None else moved.position)
    await append(tx, entry, now if moved is None else moved.at)
