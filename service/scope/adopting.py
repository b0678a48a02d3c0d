"""The steps by which NCA and NPCC adopt an edition, whatever it is of: drafted, rewritten, confirmed, rejected.

Nobody speaks for another body: the body is a claim of the caller's token. Each step is one transaction with its audit
entry, under the edition's row: who decides about the same edition waits for it. ``keep``: the request carried an
``Idempotency-Key``, and what it is answered is kept in that transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.adopter import Adopter, Sign
from service.audit.log import append
from service.contract.written import DraftErrors, DraftProblem
from service.errors import Unavailable
from service.scope.adoption import Kept, Kind, Said, confirmed, confirmed_for_both, reason_of, seen_tags, step_of
from service.scope.steps import Steps, say
from service.scope.switch import Switched, Waiting
from service.storage.database import Database
from service.storage.idempotency import Keeping, begin, end, hold
from service.storage.position import Position

K = TypeVar("K", bound=Kept)
W = TypeVar("W")
K_co = TypeVar("K_co", bound=Kept, covariant=True)


class ByName(Protocol[K_co]):
    """Reads one edition; with ``lock`` nobody else decides about it until the transaction ends."""

    async def __call__(self, tx: AsyncConnection, name: str, *, lock: bool = False) -> K_co | None: ...


class Adoption(Struct, Generic[K, W], frozen=True, kw_only=True):
    """How one kind of edition is kept (``K``) and written (``W``), under the name that ``name_of`` gives."""

    kind: Kind
    steps: Steps
    errors: type[DraftErrors]
    name_of: Callable[[W], str]
    by_name: ByName[K]
    insert: Callable[[AsyncConnection, W], Awaitable[bool]]
    write: Callable[[AsyncConnection, W], Awaitable[None]]
    turn_down: Callable[[AsyncConnection, K, datetime], Awaitable[Position | None]]
    """The position that it takes; None where no answer rests on what is turned down."""
    in_force: Callable[[AsyncConnection], Awaitable[str | None]]
    """The name of the edition in force."""

    async def draft(
        self,
        db: Database,
        published: Collection[str],
        by: Adopter,
        written: W,
        now: datetime,
        keep: Keeping[K] | None = None,
    ) -> K:
        """Store a new draft. Its name is never given twice, whatever became of the edition that had it, and is none of
        what is ``published`` in files."""
        name = self.name_of(written)
        async with db.national() as tx:
            await begin(tx, keep)
            if name in published or not await self.insert(tx, written):
                raise self.kind.taken(name)
            item = await self.found(tx, name)
            await self.said(tx, item, Said.DRAFTED, by, now)
            drafted = await self.found(tx, name)
            await self.log(tx, "drafted", by, drafted, now)
            await end(tx, keep, drafted)
        return drafted

    async def rewrite(
        self, db: Database, by: Adopter, name: str, written: W, seen: Collection[str] | None, now: datetime
    ) -> K:
        """Write a draft anew, over the one that was seen: ``seen`` holds the entity tags that the caller sent."""
        tags, given = seen_tags(seen), self.name_of(written)
        if given != name:
            says, do = f"The document is of {given}.", f"Send it there, or write {name}."
            raise self.errors([DraftProblem(line=1, column=1, pointer="/edition", says=says, do=do)])
        async with db.national() as tx:
            await self.seen_draft(tx, name, tags)
            await self.write(tx, written)
            stored = await self.found(tx, name)
            if await self.said(tx, stored, Said.DRAFTED, by, now):  # each body's first hand in it is kept
                stored = await self.found(tx, name)
            await self.log(tx, "rewritten", by, stored, now)
        return stored

    async def confirm(
        self,
        db: Database,
        by: Adopter,
        name: str,
        digest: str,
        now: datetime,
        sign: Sign,
        check: Callable[[AsyncConnection, K], Awaitable[None]],
        keep: Keeping[K] | None = None,
    ) -> None:
        """Give the word of a body on what it read, signed. ``check`` raises what keeps it from having an effect, which
        may be otherwise than when it was proposed. What is answered is known after the switch (``became``)."""
        async with db.national() as tx:
            if await begin(tx, keep):
                return
            item = await self.found(tx, name, lock=True)
            self.kind.check_to_confirm(item, digest, by)
            item.check_not_overtaken(await self.in_force(tx), self.kind.prefix)
            await check(tx, item)
            signature = sign(confirmed(item, by, now))
            if not await self.said(tx, item, Said.CONFIRMED, by, now, signature=signature):
                raise confirmed_for_both()
            await self.log(tx, "confirmed", by, item, now)
            await hold(tx, keep)

    async def reject(
        self, db: Database, by: Adopter, name: str, reason: str, now: datetime, keep: Keeping[K] | None = None
    ) -> K:
        """Turn a draft or a proposal down. Its name is not given again."""
        words = reason_of(reason)
        async with db.national() as tx:
            await begin(tx, keep)
            item = await self.found(tx, name, lock=True)
            self.kind.check_to_reject(item)
            await self.said(tx, item, Said.REJECTED, by, now, reason=words)
            moved = await self.turn_down(tx, item, now)
            rejected = await self.found(tx, name)
            await self.log(tx, "rejected", by, rejected, now, moved)
            await end(tx, keep, rejected)
        return rejected

    async def became(
        self,
        db: Database,
        name: str,
        switch: Callable[[], Awaitable[Switched | Waiting]],
        keep: Keeping[K] | None = None,
    ) -> tuple[K, Switched | Waiting]:
        """The edition after a confirmation, which stands whatever becomes of the ``switch``: that is tried again in the
        background."""
        try:
            done = await switch()
        except Unavailable:
            done = Waiting(("The database could not take the last step now; it is taken in the background.",))
        async with db.national() as tx:
            await begin(tx, keep)
            item = await self.found(tx, name)
            await end(tx, keep, item)
        return item, done

    # --- asked of a word that cannot be taken as it was written: whether it could be taken at all ---------------------

    async def check_draft(self, db: Database, name: str, seen: Collection[str]) -> None:
        """Refused as a proposal is where the draft is not there any more, or is not the one that was seen."""
        async with db.national() as tx:
            self.kind.check_draft(await self.found(tx, name), seen)

    async def check_undecided(self, db: Database, name: str) -> None:
        """Refused as a rejection is where it was decided already."""
        async with db.national() as tx:
            self.kind.check_to_reject(await self.found(tx, name))

    # --- in a transaction of a step ---------------------------------------------------------------------------------

    async def seen_draft(self, tx: AsyncConnection, name: str, seen: Collection[str]) -> K:
        """A draft that still is the one that was seen; nobody else changes it meanwhile."""
        item = await self.found(tx, name, lock=True)
        self.kind.check_draft(item, seen)
        return item

    async def found(self, tx: AsyncConnection, name: str, *, lock: bool = False) -> K:
        """The edition; NotFound where there is none."""
        item = await self.by_name(tx, name, lock=lock)
        if item is None:
            raise self.kind.missing()
        return item

    async def said(self, tx: AsyncConnection, item: K, said: Said, by: Adopter, now: datetime, **more: Any) -> bool:
        """Keep a word of a body on the content that the edition has; False where it was said before."""
        return await say(tx, self.steps, item, step_of(said, by, item, now, **more))

    async def log(
        self, tx: AsyncConnection, done: str, by: Adopter, item: K, now: datetime, moved: Position | None = None
    ) -> None:
        """The step's entry of the audit log."""
        entry = self.kind.entry(done, by, item, None if moved is None else moved.position)
        await append(tx, entry, now if moved is None else moved.at)
