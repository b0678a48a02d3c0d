"""Takes what was published into the database: contract versions, scope editions, one edition of the terms.

Run at every start and harmless when nothing is new. The same name with other content is refused, so what is in force
can never be edited under the people who report.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.errors import Conflict
from service.scope.edition import State
from service.scope.store import follow_in_force, put_in_force, take_in, take_in_versions
from service.storage.database import Database
from service.storage.position import advance
from service.terms.check import Published
from service.terms.model import Terms
from service.terms.store import TERMS_LOCK, store_adopted

ACTOR = "case-returns"


async def adopt(db: Database, published: Published, terms: Terms, now: datetime) -> bool:
    """Take in everything that is new here, under the schema's owner; True if these terms were new."""
    async with db.owner() as tx:
        await tx.execute(text("select pg_advisory_xact_lock(hashtext('case-returns adopt'))"))
        await tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": TERMS_LOCK})
        await take_in_versions(
            tx, [(item.version, item.hash, item.state) for item in published.library.contracts.values()]
        )
        for name in (terms.scope, *terms.proposed):
            if name not in published.scopes:
                continue  # drafted here, and not among the published ones: it was taken in when it was drafted
            state = State.IN_FORCE if name == terms.scope else State.PROPOSED
            await take_in(tx, published.scopes[name], state)
        if not await _is_new(tx, terms):
            return False
        change = await advance(tx, "terms_adopted", now, subject=terms.edition)
        await store_adopted(tx, terms, published.library.lists[terms.force_list], change.position)
        await put_in_force(tx, terms.scope, change.position)
        await follow_in_force(tx)
        await append(
            tx,
            Entry(
                action="terms_adopted",
                actor=ACTOR,
                subject=terms.edition,
                position=change.position,
                details={"hash": terms.hash, "scope": terms.scope},
            ),
            change.at,
        )
    return True


async def _is_new(tx: AsyncConnection, terms: Terms) -> bool:
    before = (
        await tx.execute(text("select hash from terms_edition where name = :name"), {"name": terms.edition})
    ).scalar_one_or_none()
    if before is not None and before != terms.hash:
        raise Conflict(
            f"The terms of reference {terms.edition} were taken in with other content.",
            "Adopted terms never change: publish the change as a new edition.",
            code="terms-changed",
        )
    drafted = text("select exists (select from terms_draft where name = :name)")
    if before is None and (await tx.execute(drafted, {"name": terms.edition})).scalar_one():
        raise Conflict(
            f"An edition {terms.edition} of the terms was drafted in this database.",
            "A name stands for one content for ever: publish the file under a name of its own.",
            code="terms-changed",
        )
    return before is None
