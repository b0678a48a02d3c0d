"""The switch: an edition that both bodies confirmed comes into force, in one step, when nothing remains to be judged.

Asked by the second confirmation and by whatever judges in the background; asked twice, it happens once. What it rests
on is looked at after the position is taken: from there to the end of the transaction no return can be sealed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.clock import london_date
from service.errors import NotFound
from service.scope.adoption import Kept, state_words
from service.scope.drafts import (
    Stored,
    in_force_since,
    name_in_force,
    not_judgeable,
    not_judged,
    reads_a_draft,
    stored_by_name,
)
from service.scope.edition import State
from service.scope.store import put_in_force
from service.storage.database import Database
from service.storage.position import advance

SWITCH_LOCK: Final = 0x43_52_03
"""Advisory: one switch at a time, in whichever process."""


class Switched(Struct, frozen=True):
    """It is in force, from this position on, whoever put it there."""

    position: int


class Waiting(Struct, frozen=True):
    """It is not in force, and why not, in sentences."""

    reasons: tuple[str, ...]


class InTheWay(Struct, frozen=True, kw_only=True):
    """What keeps a proposed edition from coming into force, in sentences. ``overtaken``: for good, and nothing else
    is asked then; ``waits_for``: for now. Both are empty where it is ready, and of an edition that is not proposed."""

    overtaken: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.overtaken or self.waits_for


class NotNow(Exception):
    """No error: it takes back what the switch had done."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__()
        self.reasons = reasons


async def switch_when_ready(db: Database, name: str, actor: str, now: datetime) -> Switched | Waiting:
    """Put a proposed edition in force if it is ready, or say what it waits for. ``actor``: a client, or a program."""
    try:
        async with db.national() as tx:
            return await _switched(tx, name, actor, now)
    except NotNow as error:
        return Waiting(error.reasons)


async def _switched(tx: AsyncConnection, name: str, actor: str, now: datetime) -> Switched:
    await tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": SWITCH_LOCK})
    item = await stored_by_name(tx, name, lock=True)
    if item is None:
        raise NotFound("There is no such scope edition.", "See /api/scopes.", code="no-such-scope")
    if item.state is State.IN_FORCE:
        return Switched(await in_force_since(tx, item))
    if item.state is not State.PROPOSED:
        raise NotNow((not_proposed(item),))
    await _check(tx, item, now)  # what waits makes nobody else wait
    moved = await advance(tx, "scope_in_force", now, subject=name)
    await _check(tx, item, now)
    await put_in_force(tx, name, moved.position)
    entry = Entry(
        action="scope_put_in_force",
        actor=actor,
        subject=f"scope/{name}",
        position=moved.position,
        details={"hash": item.hash, "follows": item.follows},
    )
    await append(tx, entry, moved.at)
    return Switched(moved.position)


async def _check(tx: AsyncConnection, item: Stored, now: datetime) -> None:
    found = await in_the_way(tx, item, london_date(now))
    if found.reasons:
        raise NotNow(found.reasons)


def not_proposed(item: Kept) -> str:
    return f"It is {state_words(item.state)}, not proposed."


async def in_the_way(tx: AsyncConnection, item: Stored, today: date) -> InTheWay:
    """What keeps an edition from coming into force today."""
    if item.state is not State.PROPOSED:
        return InTheWay()
    overtaken = item.overtaken_by(await name_in_force(tx))
    if overtaken:
        return InTheWay(overtaken=overtaken)
    work = _work(await not_judged(tx, item), await not_judgeable(tx, item))
    is_draft = await reads_a_draft(tx, item)
    draft = f"It reads contract version {item.vocabulary}, which is a draft: that is to be published first."
    return InTheWay(waits_for=(*item.words_wanted(today), *([draft] if is_draft else ()), *work))


def _work(returns: int, forces: int) -> Iterator[str]:
    if returns:
        yield f"{returns:,} sealed {'return is' if returns == 1 else 'returns are'} not judged under it yet."
    if forces:
        yield f"The returns of {forces:,} {'force' if forces == 1 else 'forces'} cannot be judged under it."
