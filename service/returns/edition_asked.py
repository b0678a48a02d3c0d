"""Under which scope edition a question about a force's own return is answered."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.returns.context import Context
from service.scope.edition import State
from service.scope.store import (
    NO_TALLIES,
    Standing,
    edition_in_force,
    live_editions,
    no_such_edition,
    no_tallies,
    standing_of,
)

_OFFERED: Final = (State.IN_FORCE, State.PROPOSED, State.SUPERSEDED)


async def edition_asked(context: Context, tx: AsyncConnection, scope: str | None) -> Standing:
    """The edition that is named, or (None) the one in force today; NotFound where there is none such, and for what was
    never proposed: that is the national bodies' own, and is told to nobody else. Invalid for one that was rejected
    since: nothing is tallied under it, and nobody is asked by it."""
    if scope is None:
        return await edition_in_force(tx, context.editions, london_date(context.now()))
    found = await standing_of(tx, context.editions, scope)
    if found.state in NO_TALLIES and found.follows is None:
        raise no_such_edition()
    if found.state in NO_TALLIES:
        offered = ", ".join(each.edition.name for each in await editions_offered(context, tx))
        raise no_tallies(found.edition.name, found.state, f"Ask for one of: {offered}.")
    return found


async def editions_offered(context: Context, tx: AsyncConnection) -> list[Standing]:
    """The editions to choose from where people ask, which are those that a seal today is tallied under: the one in
    force first, then those proposed, then superseded ones that are tallied still."""
    live = await live_editions(tx, context.editions, london_date(context.now()))
    return sorted(live, key=lambda standing: _OFFERED.index(standing.state))
