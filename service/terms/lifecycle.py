"""Draft, rewrite, propose, confirm, reject an edition of the terms. In force is what NCA and NPCC have both confirmed.

As scope editions are (``service/scope/lifecycle.py``): nobody speaks for another body, and each step is one transaction
with its audit entry, under the edition's row.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.adopter import Adopter, Sign
from service.audit.log import append
from service.contract.library import Library
from service.contract.written import DraftProblem
from service.errors import Conflict, Unavailable
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
from service.scope.edition import State
from service.scope.steps import Steps, say
from service.scope.switch import Switched, Waiting
from service.storage.database import Database
from service.storage.position import Position, advance
from service.terms.draft import TermsDraft, TermsDraftErrors
from service.terms.model import Terms
from service.terms.store import (
    StoredTerms,
    freeze_terms,
    insert_terms_draft,
    move_terms,
    terms_by_name,
    terms_in_force,
    write_terms_draft,
)
from service.terms.switch import adopt_when_ready, moved_by

SIGNED_TYPE: Final = "terms-confirmation+jwt"
"""The ``typ`` of a signed confirmation, so that it can pass for nothing else."""
TERMS: Final = Kind(
    prefix="terms", words="edition of the terms", listed_at="/api/terms", otherwise="To change the terms"
)


async def draft_terms(db: Database, library: Library, by: Adopter, written: TermsDraft, now: datetime) -> StoredTerms:
    """Store a new draft. Its name is never given twice, whatever became of the edition that had it."""
    name = written.terms.edition
    async with db.national() as tx:
        if name in library.terms or not await insert_terms_draft(tx, written):
            raise TERMS.taken(name)
        item = await _found(tx, name)
        await say(tx, Steps.TERMS, item, step_of(Said.DRAFTED, by, item, now))
        drafted = await _found(tx, name)
        await _log(tx, "drafted", by, drafted, now)
    return drafted


async def rewrite_terms(
    db: Database, by: Adopter, name: str, written: TermsDraft, seen: Collection[str] | None, now: datetime
) -> StoredTerms:
    """Write a draft anew, over the one that was seen: ``seen`` holds the entity tags that the caller sent."""
    tags = seen_tags(seen)
    if written.terms.edition != name:
        says, do = f"The document is of {written.terms.edition}.", f"Send it there, or write {name}."
        raise TermsDraftErrors([DraftProblem(line=1, column=1, pointer="/edition", says=says, do=do)])
    async with db.national() as tx:
        item = await _draft(tx, name, tags)
        await write_terms_draft(tx, written)
        stored = await _found(tx, name)
        # each body's first hand in it is kept
        if await say(tx, Steps.TERMS, item, step_of(Said.DRAFTED, by, stored, now)):
            stored = await _found(tx, name)
        await _log(tx, "rewritten", by, stored, now)
    return stored


async def propose_terms(
    db: Database,
    library: Library,
    by: Adopter,
    name: str,
    seen: Collection[str] | None,
    effective: date | None,
    now: datetime,
) -> StoredTerms:
    """Freeze a draft: from here on it never changes. One that would move the past is refused."""
    tags = seen_tags(seen)
    check_effective(effective, now)
    async with db.national() as tx:
        item = await _draft(tx, name, tags)
        before = await _in_force(tx)
        reasons = await moved_by(tx, library, before, item.terms, now)
        if reasons:
            raise Conflict(
                f"What is past would move: {' '.join(reasons)}",
                "Write the draft anew so that what was expected and reported stays as it was.",
                code="terms-history",
            )
        await freeze_terms(tx, item, before.edition, effective)
        await say(tx, Steps.TERMS, item, step_of(Said.PROPOSED, by, item, now))
        proposed = await _found(tx, name)
        moved = await advance(tx, "terms_proposed", now, subject=name)
        await _log(tx, "proposed", by, proposed, now, moved)
    return proposed


async def confirm_terms(
    db: Database, library: Library, by: Adopter, name: str, digest: str, now: datetime, sign: Sign
) -> tuple[StoredTerms, Switched | Waiting]:
    """Give the word of a body on what it read, signed; and put the terms in force if that was all that they needed."""
    async with db.national() as tx:
        item = await _found(tx, name, lock=True)
        TERMS.check_to_confirm(item, digest)
        signature = sign(confirmed(item, by, now))
        if not await say(tx, Steps.TERMS, item, step_of(Said.CONFIRMED, by, item, now, signature=signature)):
            raise said_before(item, by)
        await _log(tx, "confirmed", by, item, now)
    try:
        became = await adopt_when_ready(db, library, name, by.client, now)
    except Unavailable:
        became = Waiting(("The database could not take the last step now; it is taken in the background.",))
    async with db.national() as tx:
        return await _found(tx, name), became


async def reject_terms(db: Database, by: Adopter, name: str, reason: str, now: datetime) -> StoredTerms:
    """Turn a draft or a proposal down. Its name is not given again."""
    words = reason_of(reason)
    async with db.national() as tx:
        item = await _found(tx, name, lock=True)
        TERMS.check_to_reject(item)
        await move_terms(tx, item, State.REJECTED)
        await say(tx, Steps.TERMS, item, step_of(Said.REJECTED, by, item, now, reason=words))
        rejected = await _found(tx, name)
        await _log(tx, "rejected", by, rejected, now)
    return rejected


async def _draft(tx: AsyncConnection, name: str, seen: Collection[str]) -> StoredTerms:
    """A draft that still is the one that was seen; nobody else changes it meanwhile."""
    item = await _found(tx, name, lock=True)
    TERMS.check_draft(item, seen)
    return item


async def _in_force(tx: AsyncConnection) -> Terms:
    found = await terms_in_force(tx)
    if found is None:
        raise Unavailable("No terms of reference are adopted yet.", "Wait until the start is done.")
    return found


async def _found(tx: AsyncConnection, name: str, *, lock: bool = False) -> StoredTerms:
    item = await terms_by_name(tx, name, lock=lock)
    if item is None:
        raise TERMS.missing()
    return item


async def _log(
    tx: AsyncConnection, done: str, by: Adopter, item: StoredTerms, now: datetime, moved: Position | None = None
) -> None:
    entry = TERMS.entry(done, by, item, None if moved is None else moved.position)
    await append(tx, entry, now if moved is None else moved.at)
