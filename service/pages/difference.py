"""What one scope edition changes in another, to be read like a changelog by everybody who is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.pages.visit import Visiting, to
from service.scope.difference import difference
from service.scope.difference_words import Changed, RuleKind, difference_in_words
from service.scope.edition import Edition

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
    return to(f"/scopes/{list(visit.context.editions)[-1]}/difference")


@get("/scopes/{edition:str}/difference", include_in_schema=False)
async def show_difference(visit: Visiting, edition: FromPath[str]) -> Response[str]:
    """What an edition changes in the one that ``?against=`` names; without it, in the one before it in their list."""
    editions = visit.context.editions
    after = _one(editions, edition)
    against = visit.request.query_params.get("against")
    before = _before(editions, after) if against is None else _one(editions, against)
    found = difference(before, after, visit.context.library)
    return visit.page(
        "difference.html",
        before=before,
        after=after,
        words_of=difference_in_words(visit.context.library, found),
        others=[each for each in editions.values() if each.name not in (before.name, after.name)],
        kinds=_KINDS,
        changed=_CHANGED,
    )


def _one(editions: Mapping[str, Edition], name: str) -> Edition:
    found = editions.get(name)
    if found is None:
        raise NotFound(NOT_HERE)
    return found


def _before(editions: Mapping[str, Edition], after: Edition) -> Edition:
    """The edition before this one; of the first, the one after it."""
    names = list(editions)
    place = names.index(after.name)
    return editions[names[place - 1] if place else names[min(1, len(names) - 1)]]
