"""Draft, rewrite, propose, confirm, reject a scope edition. In force is what NCA and NPCC have both confirmed.

Nobody speaks for another body: the body is a claim of the caller's token. Each step is one transaction with its audit
entry, under the edition's row: who decides about the same edition waits for it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.adopter import Adopter, Sign
from service.audit.entry import Entry
from service.audit.log import append
from service.clock import london_date, wire_time
from service.errors import Conflict, Invalid, NotFound, PreconditionFailed, PreconditionRequired, Unavailable
from service.scope.draft import Draft, DraftErrors, DraftProblem
from service.scope.drafts import (
    Said,
    Stored,
    freeze,
    insert_draft,
    say,
    step_of,
    stored_by_name,
    turn_down,
    write_draft,
)
from service.scope.edition import State
from service.scope.editions import Editions
from service.scope.store import follow_in_force, known
from service.scope.switch import Switched, Waiting, switch_when_ready
from service.storage.database import Database
from service.storage.position import Position, advance

SIGNED_TYPE: Final = "scope-confirmation+jwt"
"""The ``typ`` of a signed confirmation, so that it can pass for nothing else."""
WHOLE: Final = 2_000
"""Characters of a reason, at most."""


async def draft(db: Database, editions: Editions, by: Adopter, written: Draft, now: datetime) -> Stored:
    """Store a new draft. Its name is never given twice, whatever became of the edition that had it."""
    edition = written.edition
    async with db.national() as tx:
        if edition.name in editions.library.scopes or not await insert_draft(tx, written):
            raise Conflict(
                f"There is a scope edition {edition.name} already, or there was one.",
                "A name stands for one content for ever: give yours a name of its own.",
                code="scope-exists",
            )
        item = await _found(tx, edition.name)
        await say(tx, item, step_of(Said.DRAFTED, by, item, now))
        drafted = await _found(tx, edition.name)
        await _log(tx, "scope_drafted", by, drafted, now)
    return drafted


async def rewrite(
    db: Database, by: Adopter, name: str, written: Draft, seen: Collection[str] | None, now: datetime
) -> Stored:
    """Write a draft anew, over the one that was seen: ``seen`` holds the entity tags that the caller sent."""
    _check_seen(seen)
    if written.edition.name != name:
        says, do = f"The document is of {written.edition.name}.", f"Send it there, or write {name}."
        raise DraftErrors([DraftProblem(line=1, column=1, pointer="/edition", says=says, do=do)])
    async with db.national() as tx:
        item = await _draft(tx, name, seen)
        await write_draft(tx, written)
        stored = await _found(tx, name)
        if await say(tx, item, step_of(Said.DRAFTED, by, stored, now)):  # each body's first hand in it is kept
            stored = await _found(tx, name)
        await _log(tx, "scope_rewritten", by, stored, now)
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
    _check_seen(seen)
    if effective is not None and effective < london_date(now):
        raise Invalid(
            f"It cannot come into force on {effective}: that day has passed.",
            "Give today or a later day, or none: then it is in force as soon as both bodies have confirmed it.",
            code="effective-passed",
        )
    async with db.national() as tx:
        item = await _draft(tx, name, seen)
        await known(tx, editions, name, item.hash)  # a contract that changed since would have it count something else
        await freeze(tx, item, effective)
        await follow_in_force(tx)
        await say(tx, item, step_of(Said.PROPOSED, by, item, now))
        proposed = await _found(tx, name)
        moved = await advance(tx, "scope_proposed", now, subject=name)
        await _log(tx, "scope_proposed", by, proposed, now, moved)
    return proposed


async def confirm(
    db: Database, by: Adopter, name: str, digest: str, now: datetime, sign: Sign
) -> tuple[Stored, Switched | Waiting]:
    """Give the word of a body on what it read, signed; and put the edition in force if that was all that it needed."""
    async with db.national() as tx:
        item = await _found(tx, name, lock=True)
        if item.state is not State.PROPOSED:
            raise _not_proposed(item)
        if digest != item.hash:
            raise Conflict(
                f"What {name} says is not what you read: its hash is {item.hash}.",
                "Read the edition again, and send the hash that stands there if you confirm that.",
                code="scope-hash-differs",
            )
        signature = sign(confirmed(item, by, now))
        if not await say(tx, item, step_of(Said.CONFIRMED, by, item, now, signature=signature)):
            raise _said_before(item, by)
        await _log(tx, "scope_confirmed", by, item, now)
    switched = await _switch(db, by, name, now)
    async with db.national() as tx:
        return await _found(tx, name), switched


async def reject(db: Database, by: Adopter, name: str, reason: str, now: datetime) -> Stored:
    """Turn a draft or a proposal down. Its name is not given again."""
    if not reason.strip():
        raise Invalid("A rejection says why.", "Write the reason in words.", code="reason-missing")
    async with db.national() as tx:
        item = await _found(tx, name, lock=True)
        if item.state not in (State.DRAFT, State.PROPOSED):
            raise Conflict(
                f"{name} is {_in_words(item.state)}, so it cannot be rejected.",
                "To count otherwise, draft a new edition." if item.state is not State.REJECTED else "",
                code="scope-decided",
            )
        await turn_down(tx, item)
        await say(tx, item, step_of(Said.REJECTED, by, item, now, reason=reason.strip()))
        rejected = await _found(tx, name)
        await _log(tx, "scope_rejected", by, rejected, now)
    return rejected


def confirmed(item: Stored, by: Adopter, now: datetime) -> dict[str, Any]:
    """What is signed: which content, by whom, for which body, when."""
    return {"edition": item.name, "hash": item.hash, "body": by.body, "client": by.client, "at": wire_time(now)}


async def _switch(db: Database, by: Adopter, name: str, now: datetime) -> Switched | Waiting:
    """The confirmation stands, whatever becomes of the switch: it is tried again in the background."""
    try:
        return await switch_when_ready(db, name, by.client, now)
    except Unavailable:
        return Waiting(("The database could not take the last step now; it is taken in the background.",))


def _check_seen(seen: Collection[str] | None) -> None:
    if seen is None:
        raise PreconditionRequired(
            "This needs If-Match with the ETag of the draft that you read.",
            "Read the draft, and send its ETag: nobody's work is written over unseen.",
        )


async def _draft(tx: AsyncConnection, name: str, seen: Collection[str] | None) -> Stored:
    """A draft that still is the one that was seen; nobody else changes it meanwhile."""
    item = await _found(tx, name, lock=True)
    if item.state is not State.DRAFT:
        raise Conflict(
            f"{name} is {_in_words(item.state)}, and proposed editions never change.",
            "To change what is counted, draft a new edition.",
            code="scope-frozen",
        )
    if seen is None or item.etag not in seen:
        raise PreconditionFailed(
            "The draft changed since you read it; nothing was stored.",
            "Read it again, and send your change again if it still stands.",
            code="scope-draft-moved",
        )
    return item


def _not_proposed(item: Stored) -> Conflict:
    do = "Propose it first." if item.state is State.DRAFT else "Only what is proposed can be confirmed."
    return Conflict(f"{item.name} is {_in_words(item.state)}.", do, code="scope-not-proposed")


def _said_before(item: Stored, by: Adopter) -> Conflict:
    if by.body in item.confirmed_by:
        return Conflict(
            f"The {by.body.upper()} has confirmed {item.name} already.",
            "Each body confirms once; it is the word of the other that is wanted.",
            code="already-confirmed",
        )
    return Conflict(
        "You confirmed it for the other body already.",
        "It takes two people of two bodies: somebody else of this body confirms it.",
        code="already-confirmed",
    )


def _in_words(state: State) -> str:
    return {State.DRAFT: "a draft", State.IN_FORCE: "in force"}.get(state, state.value)


async def _found(tx: AsyncConnection, name: str, *, lock: bool = False) -> Stored:
    item = await stored_by_name(tx, name, lock=lock)
    if item is None:
        raise NotFound("There is no such scope edition.", "See /api/scopes.", code="no-such-scope")
    return item


async def _log(
    tx: AsyncConnection, action: str, by: Adopter, item: Stored, now: datetime, moved: Position | None = None
) -> None:
    entry = Entry(
        action=action,
        actor=by.client,
        subject=f"scope/{item.name}",
        position=None if moved is None else moved.position,
        details={"body": by.body, "hash": item.hash, "version": item.version},
    )
    await append(tx, entry, now if moved is None else moved.at)
