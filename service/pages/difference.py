"""What one scope edition changes in another, to be read like a changelog by everybody who is signed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.pages.visit import Visit, Visiting, to
from service.scope.difference import difference
from service.scope.difference_words import Changed, RuleKind, difference_in_words
from service.scope.drafts import Stored, all_stored
from service.scope.store import known

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
    """On to what the last edition changes."""
    async with visit.context.db.app() as tx:
        last = (await _readable(visit, tx))[-1]
    return to(f"/scopes/{last.name}/difference")


@get("/scopes/{edition:str}/difference", include_in_schema=False)
async def show_difference(visit: Visiting, edition: FromPath[str]) -> Response[str]:
    """What an edition changes in the one that ``?against=`` names; without it, in the one before it in their list."""
    context, against = visit.context, visit.request.query_params.get("against")
    async with context.db.app() as tx:
        offered = await _readable(visit, tx)
        later = _one(offered, edition)
        earlier = _before(offered, later) if against is None else _one(offered, against)
        before = await known(tx, context.editions, earlier.name, earlier.hash)
        after = await known(tx, context.editions, later.name, later.hash)
    found = difference(before, after, context.library)
    return visit.page(
        "difference.html",
        before=before,
        after=after,
        words_of=difference_in_words(context.library, found),
        others=[each for each in offered if each.name not in (before.name, after.name)],
        kinds=_KINDS,
        changed=_CHANGED,
    )


async def _readable(visit: Visit, tx: AsyncConnection) -> Sequence[Stored]:
    """Those that everyone may read; and drafts, of whoever is of a national body."""
    return [item for item in await all_stored(tx) if item.was_proposed or visit.is_national]


def _one(offered: Sequence[Stored], name: str) -> Stored:
    found = next((item for item in offered if item.name == name), None)
    if found is None:
        raise NotFound(NOT_HERE)
    return found


def _before(offered: Sequence[Stored], after: Stored) -> Stored:
    """The edition before this one; of the first, the one after it."""
    place = offered.index(after)
    return offered[place - 1 if place else min(1, len(offered) - 1)]
