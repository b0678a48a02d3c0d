"""An edition against another that the database holds: against the one that it follows, where none is named."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from service.errors import Conflict, NotFound
from service.scope.difference import Difference, difference
from service.scope.drafts import Stored, all_stored
from service.scope.edition import State
from service.scope.editions import Editions
from service.scope.store import known


async def compared(
    tx: AsyncConnection, editions: Editions, item: Stored, against: str | None = None, *, drafts: bool = True
) -> Difference:
    """What an edition changes in the one that is named, or else in the one that it follows, or that is in force.

    NotFound where there is none of that name, Conflict where none is named and there is none to compare it with. Not
    ``drafts``: for somebody who reads only what was proposed once.
    """
    others = [other for other in await all_stored(tx) if other.name != item.name or other.name == against]
    other = _other([other for other in others if drafts or other.was_proposed], item, against)
    before = await known(tx, editions, other.name, other.hash)
    after = await known(tx, editions, item.name, item.hash)
    return difference(before, after, editions.library)


def _other(others: list[Stored], item: Stored, against: str | None) -> Stored:
    if against is not None:
        found = next((other for other in others if other.name == against), None)
        if found is None:
            raise NotFound(
                "There is no such scope edition to compare it with.", "See /api/scopes.", code="no-such-scope"
            )
        return found
    found = next((other for other in others if other.name == item.follows), None)
    found = found or next((other for other in others if other.state is State.IN_FORCE), None)
    if found is None:
        raise Conflict(
            f"{item.name} follows no other edition.",
            "Name with against the one that it is to be compared with.",
            code="nothing-to-compare",
        )
    return found
