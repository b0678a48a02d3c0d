"""Draft, rewrite, propose, confirm, reject a scope edition. In force is what NCA and NPCC have both confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.adopter import Adopter, Sign
from service.clock import london_date
from service.contract.written import DraftErrors
from service.errors import Invalid
from service.scope.adopting import Adoption
from service.scope.adoption import Kind, Said, check_effective, seen_tags
from service.scope.draft import Draft, read_again
from service.scope.drafts import Stored, freeze, insert_draft, name_in_force, stored_by_name, turn_down, write_draft
from service.scope.editions import Editions
from service.scope.steps import Steps
from service.scope.store import follow_in_force, known
from service.scope.switch import Switched, Waiting, switch_when_ready
from service.storage.database import Database
from service.storage.idempotency import Keeping, begin, end
from service.storage.position import advance

SIGNED_TYPE: Final = "scope-confirmation+jwt"
"""The ``typ`` of a signed confirmation, so that it can pass for nothing else."""


def _name_of(written: Draft) -> str:
    return written.edition.name


SCOPE: Final = Adoption(
    kind=Kind(prefix="scope", words="scope edition", listed_at="/api/scopes", otherwise="To change what is counted"),
    steps=Steps.SCOPE,
    errors=DraftErrors,
    name_of=_name_of,
    by_name=stored_by_name,
    insert=insert_draft,
    write=write_draft,
    turn_down=turn_down,
    in_force=name_in_force,
)


rewrite = SCOPE.rewrite
reject = SCOPE.reject


async def draft(
    db: Database,
    editions: Editions,
    by: Adopter,
    written: Draft,
    now: datetime,
    keep: Keeping[Stored] | None = None,
) -> Stored:
    """Store a new draft."""
    return await SCOPE.draft(db, editions.library.scopes, by, written, now, keep)


async def propose(
    db: Database,
    editions: Editions,
    by: Adopter,
    name: str,
    seen: Collection[str] | None,
    effective: date | None,
    now: datetime,
    keep: Keeping[Stored] | None = None,
) -> Stored:
    """Freeze a draft: from here on it never changes, and every seal is tallied under it."""
    tags = seen_tags(seen)
    async with db.national() as tx:
        await begin(tx, keep)
        item = await SCOPE.seen_draft(tx, name, tags)
        check_effective(effective, now)
        _check_name(editions, item)
        await asyncio.to_thread(read_again, item.document, editions.library)
        await known(tx, editions, name, item.hash)  # a contract that changed since would have it count something else
        _check_tallied_until(item.tallied_until, effective, london_date(now), "Write the draft anew")
        await freeze(tx, item, effective)
        await follow_in_force(tx)
        await SCOPE.said(tx, item, Said.PROPOSED, by, now)
        proposed = await SCOPE.found(tx, name)
        moved = await advance(tx, "scope_proposed", now, subject=name)
        await SCOPE.log(tx, "proposed", by, proposed, now, moved)
        await end(tx, keep, proposed)
    editions.learn(name, proposed.hash, proposed.document)  # from here on everyone may ask for it
    return proposed


def _check_name(editions: Editions, item: Stored) -> None:
    """A file may have come with the name since it was drafted, or proposed."""
    if editions.is_published_otherwise(item.name, item.hash):
        raise SCOPE.kind.published_since(item.name)


def _check_tallied_until(until: date | None, effective: date | None, today: date, do: str) -> None:
    """A day on which it cannot have been superseded yet would be no day at all."""
    if until is not None and until < max(today, effective or today):
        raise Invalid(
            f"It says that it is tallied until {until} once it is superseded, and by then it is not in force.",
            f"{do} with a later `tallied_until`, or without one.",
            code="tallied-until-passed",
        )


async def confirm(
    db: Database,
    editions: Editions,
    by: Adopter,
    name: str,
    digest: str,
    now: datetime,
    sign: Sign,
    keep: Keeping[Stored] | None = None,
) -> tuple[Stored, Switched | Waiting]:
    """Give the word of a body on what it read, signed; and put the edition in force if that was all that it needed."""

    async def check(tx: AsyncConnection, item: Stored) -> None:
        _check_name(editions, item)
        await known(tx, editions, name, item.hash)
        _check_tallied_until(item.tallied_until, item.effective, london_date(now), "Reject it, and draft it anew")

    await SCOPE.confirm(db, by, name, digest, now, sign, check, keep)
    return await SCOPE.became(db, name, lambda: switch_when_ready(db, name, by.client, now), keep)
