"""Draft, rewrite, propose, confirm, reject an edition of the terms. In force is what both bodies have confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.adopter import Adopter, Sign
from service.contract.library import Library
from service.errors import Conflict, Unavailable
from service.scope.adopting import Adoption
from service.scope.adoption import Kind, Said, check_effective, seen_tags
from service.scope.steps import Steps
from service.scope.switch import Switched, Waiting
from service.storage.database import Database
from service.storage.idempotency import Keeping, begin, end
from service.storage.position import advance
from service.terms.draft import TermsDraft, TermsDraftErrors, read_terms_again
from service.terms.model import Terms
from service.terms.store import (
    StoredTerms,
    freeze_terms,
    insert_terms_draft,
    terms_by_name,
    terms_in_force,
    terms_name_in_force,
    turn_down_terms,
    write_terms_draft,
)
from service.terms.switch import adopt_when_ready, moved_by

SIGNED_TYPE: Final = "terms-confirmation+jwt"
"""The ``typ`` of a signed confirmation, so that it can pass for nothing else."""


def _name_of(written: TermsDraft) -> str:
    return written.terms.edition


TERMS: Final = Adoption(
    kind=Kind(
        prefix="terms",
        words="edition of the terms",
        listed_at="/api/terms",
        otherwise="To change the terms",
        beside=": those that came as a file are not drafted, confirmed or rejected here",
    ),
    steps=Steps.TERMS,
    errors=TermsDraftErrors,
    name_of=_name_of,
    by_name=terms_by_name,
    insert=insert_terms_draft,
    write=write_terms_draft,
    turn_down=turn_down_terms,
    in_force=terms_name_in_force,
)


rewrite_terms = TERMS.rewrite
reject_terms = TERMS.reject


async def draft_terms(
    db: Database,
    library: Library,
    by: Adopter,
    written: TermsDraft,
    now: datetime,
    keep: Keeping[StoredTerms] | None = None,
) -> StoredTerms:
    """Store a new draft."""
    return await TERMS.draft(db, library.terms, by, written, now, keep)


async def propose_terms(
    db: Database,
    library: Library,
    by: Adopter,
    name: str,
    seen: Collection[str] | None,
    effective: date | None,
    now: datetime,
    keep: Keeping[StoredTerms] | None = None,
) -> StoredTerms:
    """Freeze a draft: from here on it never changes. One that would move the past is refused."""
    tags = seen_tags(seen)
    async with db.national() as tx:
        await begin(tx, keep)
        item = await TERMS.seen_draft(tx, name, tags)
        check_effective(effective, now)
        await _check_reads(item, library)
        before = await _in_force(tx)
        reasons = await moved_by(tx, library, before, item.terms, now, effective)
        if reasons:
            raise _moves_the_past(reasons, "Write the draft anew")
        await freeze_terms(tx, item, before.edition, effective)
        await TERMS.said(tx, item, Said.PROPOSED, by, now)
        proposed = await TERMS.found(tx, name)
        moved = await advance(tx, "terms_proposed", now, subject=name)
        await TERMS.log(tx, "proposed", by, proposed, now, moved)
        await end(tx, keep, proposed)
    return proposed


async def confirm_terms(
    db: Database,
    library: Library,
    by: Adopter,
    name: str,
    digest: str,
    now: datetime,
    sign: Sign,
    keep: Keeping[StoredTerms] | None = None,
) -> tuple[StoredTerms, Switched | Waiting]:
    """Give the word of a body on what it read, signed; and put the terms in force if that was all that they needed."""

    async def check(tx: AsyncConnection, item: StoredTerms) -> None:
        await _check_reads(item, library)
        reasons = await moved_by(tx, library, await _in_force(tx), item.terms, now, item.effective)
        if reasons:
            raise _moves_the_past(reasons, "Confirm it once that is so no longer, or reject it and draft it anew")

    await TERMS.confirm(db, by, name, digest, now, sign, check, keep)
    return await TERMS.became(db, name, lambda: adopt_when_ready(db, library, name, by.client, now), keep)


def _moves_the_past(reasons: Sequence[str], do: str) -> Conflict:
    return Conflict(
        f"What is past would move: {' '.join(reasons)}",
        f"{do}, so that what was expected and reported stays as it was.",
        code="terms-history",
    )


async def _check_reads(item: StoredTerms, library: Library) -> None:
    """What a draft is asked when it is written is asked again: more may be asked now, and of another release, and a
    file may have come with its name."""
    if item.name in library.terms:
        raise TERMS.kind.published_since(item.name)
    read = await asyncio.to_thread(read_terms_again, item.document, library)
    if replace(read, hash="") != replace(item.terms, hash=""):
        raise Conflict(
            f"{item.name} reads otherwise here than where it was drafted.",
            "Run the release, with the contracts, under which it was drafted, or draft it anew.",
            code="terms-changed",
        )


async def _in_force(tx: AsyncConnection) -> Terms:
    found = await terms_in_force(tx)
    if found is None:
        raise Unavailable("No terms of reference are adopted yet.", "Wait until the start is done.")
    return found
