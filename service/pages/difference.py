"""What one scope edition changes in another, to be read like a changelog by everybody who is signed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

from service.errors import Conflict, NotFound
from service.identity.principal import NOT_HERE
from service.pages.visit import Visit, Visiting, to
from service.scope.compared import compared
from service.scope.difference import Difference
from service.scope.difference_words import Changed, RuleKind, difference_in_words
from service.scope.drafts import Stored, all_stored
from service.scope.edition import State

_KINDS: Final[Mapping[RuleKind, tuple[str, str]]] = {
    RuleKind.ADDED: ("Added", "green"),
    RuleKind.REMOVED: ("Removed", "red"),
    RuleKind.CHANGED: ("Changed", "blue"),
    RuleKind.MOVED: ("Moved", "grey"),
}
_CHANGED: Final[Mapping[Changed, str]] = {
    Changed.CONDITION: "what it asks",
    Changed.WRITING: "how the condition is written, not what it asks",
    Changed.TITLE: "its title",
    Changed.GUIDANCE: "its guidance",
}


@get("/scopes/difference", include_in_schema=False)
async def show_newest_difference(visit: Visiting) -> Response[None]:
    """On to what the last edition changes that is proposed, or in force."""
    async with visit.context.db.app() as tx:
        stand = [item for item in await _readable(visit, tx) if item.state in (State.PROPOSED, State.IN_FORCE)]
    if not stand:
        raise NotFound(NOT_HERE)
    return to(f"/scopes/{stand[-1].name}/difference")


@get("/scopes/{edition:str}/difference", include_in_schema=False)
async def show_difference(visit: Visiting, edition: FromPath[str]) -> Response[str]:
    """What an edition changes in the one that ``?against=`` names; without it, in the one that it follows, or that is
    in force; where it follows none, the editions with which it can be compared."""
    context, against = visit.context, visit.request.query_params.get("against")
    async with context.db.app() as tx:
        offered = await _readable(visit, tx)
        later = next((item for item in offered if item.name == edition), None)
        if later is None:
            raise NotFound(NOT_HERE)
        found = await _compared(visit, tx, later, against)
    before = None if found is None else found.before.name
    return visit.page(
        "difference.html",
        before=before,
        after=later.name,
        words_of=None if found is None else difference_in_words(context.library, found),
        others=[each.name for each in offered if each.name not in (before, later.name)],
        kinds=_KINDS,
        changed=_CHANGED,
    )


async def _compared(visit: Visit, tx: AsyncConnection, later: Stored, against: str | None) -> Difference | None:
    """The difference; None where no other edition is named, and there is none that it follows."""
    try:
        return await compared(tx, visit.context.editions, later, against, drafts=visit.is_national)
    except Conflict as error:
        if error.code != "nothing-to-compare":
            raise
        return None


async def _readable(visit: Visit, tx: AsyncConnection) -> Sequence[Stored]:
    """Those that everyone may read; and drafts, of whoever is of a national body."""
    return [item for item in await all_stored(tx) if item.was_proposed or visit.is_national]
