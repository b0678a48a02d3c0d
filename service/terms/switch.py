"""Terms that both bodies confirmed come into force, on their day, in one step.

Asked by the second confirmation and by what works in the background; asked twice, it happens once. Nothing is judged
again, so nothing but the day is waited for; but what was expected and reported before stays as it is, and is looked at
while nobody can open a return (``TERMS_LOCK``).
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.clock import london_date
from service.contract.library import Library
from service.errors import NotFound
from service.scope.adoption import ready_of
from service.scope.edition import State
from service.scope.switch import InTheWay, NotNow, Switched, Waiting, not_proposed
from service.storage.database import Database
from service.storage.position import advance
from service.terms.draft import TermsDraftErrors, read_terms_again
from service.terms.history import in_its_way
from service.terms.model import Terms
from service.terms.store import (
    TERMS_LOCK,
    StoredTerms,
    adopted_at,
    all_terms_drafted,
    note_adopted,
    reported,
    scopes_that_stand,
    store_adopted,
    terms_by_name,
    terms_in_force,
)


async def adopt_when_ready(db: Database, library: Library, name: str, actor: str, now: datetime) -> Switched | Waiting:
    """Put proposed terms in force if they are ready, or say what they wait for. ``actor``: a client, or a program."""
    try:
        async with db.national() as tx:
            return await _adopted(tx, library, name, actor, now)
    except NotNow as error:
        return Waiting(error.reasons)


async def _adopted(tx: AsyncConnection, library: Library, name: str, actor: str, now: datetime) -> Switched:
    await tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": TERMS_LOCK})
    item = await terms_by_name(tx, name, lock=True)
    if item is None:
        raise NotFound("There are no such terms.", "See /api/terms.", code="no-such-terms")
    if item.state is State.IN_FORCE:
        return Switched(await adopted_at(tx, name))
    if item.state is not State.PROPOSED:
        raise NotNow((not_proposed(item),))
    found = await terms_in_the_way(tx, library, item, now)
    if found.reasons:
        raise NotNow(found.reasons)
    moved = await advance(tx, "terms_adopted", now, subject=name)
    scope, proposed = await scopes_that_stand(tx)
    terms = replace(item.terms, adopted=london_date(moved.at), scope=scope, proposed=proposed)
    await store_adopted(tx, terms, library.lists[terms.force_list], moved.position)
    await note_adopted(tx, item)
    entry = Entry(
        action="terms_adopted",
        actor=actor,
        subject=f"terms/{name}",
        position=moved.position,
        details={"hash": item.hash, "follows": item.follows, "scope": scope},
    )
    await append(tx, entry, moved.at)
    return Switched(moved.position)


async def terms_in_the_way(tx: AsyncConnection, library: Library, item: StoredTerms, now: datetime) -> InTheWay:
    """What keeps terms from coming into force today."""
    if item.state is not State.PROPOSED:
        return InTheWay()
    before = await terms_in_force(tx)
    overtaken = item.overtaken_by(None if before is None else before.edition)
    if overtaken or before is None:
        return InTheWay(overtaken=overtaken)
    refused = await refused_after(tx, library, before, item, now)
    return InTheWay(waits_for=(*item.words_wanted(london_date(now)), *refused))


async def refused_after(
    tx: AsyncConnection, library: Library, before: Terms, item: StoredTerms, now: datetime
) -> tuple[str, ...]:
    """For what terms are refused, or do not come into force, after others: as they are written, and what would move."""
    moved = await moved_by(tx, library, before, item.terms, now, item.effective)
    return (*_refused_as_written(item, library), *moved)


def _refused_as_written(item: StoredTerms, library: Library) -> tuple[str, ...]:
    """More may be asked of a draft than when it was stored."""
    try:
        read_terms_again(item.document, library)
    except TermsDraftErrors as errors:
        places = (f"line {each.line}, column {each.column}: {each.says}" for each in errors.problems)
        return tuple(f"It would not be taken as a draft any more: {place}" for place in places)
    return ()


async def moved_by(
    tx: AsyncConnection, library: Library, before: Terms, after: Terms, now: datetime, effective: date | None = None
) -> tuple[str, ...]:
    """What of the past terms would move if they came into force now, or on the later day of theirs, in sentences."""
    returns = await reported(tx, library.lists[before.force_list])
    return in_its_way(before, after, returns, london_date(now), effective)


async def adopt_ready_terms(db: Database, library: Library, actor: str, now: datetime) -> tuple[str, ...]:
    """Put in force whatever terms are ready; their names."""
    async with db.national() as tx:
        ready = ready_of(await all_terms_drafted(tx))
    done = [(item.name, await adopt_when_ready(db, library, item.name, actor, now)) for item in ready]
    return tuple(name for name, became in done if isinstance(became, Switched))
