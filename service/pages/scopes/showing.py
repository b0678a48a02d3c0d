"""The editions, where each stands; and one of them: what it says and changes, who said what, what can be done."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.errors import Conflict, Invalid, NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force.forms import FINE, NOTHING, Problems, Typed
from service.pages.rules.adopter import may
from service.pages.scopes.desk import done, offered
from service.pages.scopes.words import MEANS, OVERTAKEN, SAID, STANDING, standing_line
from service.pages.visit import Visit, Visiting
from service.returns.rejudging import in_words, problems_in_words, progress
from service.scope.adoption import WHOLE
from service.scope.compared import compared
from service.scope.difference_words import DifferenceInWords, difference_in_words
from service.scope.draft import text_of_draft
from service.scope.drafts import Stored, all_stored, name_in_force, stored_by_name
from service.scope.store import NO_TALLIES, known
from service.scope.switch import in_the_way
from service.scope.tallied import tallied_in_words
from service.scope.words import edition_in_words

HERE: Final = "scopes"
AT: Final = "/national/scopes"
_DRAFTED: Final = (
    "The draft is stored. It changes no figure until it is proposed, confirmed by both bodies and in force."
)


@get(AT, include_in_schema=False)
async def show_scopes(visit: Visiting) -> Response[str]:
    """Every edition, drafts too, the newest first."""
    visit.national()
    async with visit.context.db.national() as tx:
        items, in_force = await all_stored(tx), await name_in_force(tx)
    return visit.page(
        "scopes/list.html",
        here=HERE,
        items=[(item, *STANDING[item.state], standing_line(item, in_force)) for item in reversed(items)],
        may_draft=may(visit, Permission.TERMS_PROPOSE),
        problems=FINE,
    )


@get(f"{AT}/{{edition:str}}", include_in_schema=False)
async def show_scope(visit: Visiting, edition: FromPath[str]) -> Response[str]:
    """One edition."""
    visit.national()
    return await scope_page(visit, edition)


async def scope_page(
    visit: Visit, name: str, sent: Typed = NOTHING, problems: Problems = FINE, status: int = 200
) -> Response[str]:
    """The same; with what was typed into one of its forms, and what is wrong with it."""
    context = visit.context
    async with context.db.national() as tx:
        item = await stored_by_name(tx, name)
        if item is None:
            raise NotFound(NOT_HERE)
        in_its_way = await in_the_way(tx, item, london_date(context.now()))
        said = await _in_words(visit, tx, item)
    judging = None if item.state in NO_TALLIES else await progress(context, item.id)
    return visit.page(
        "scopes/scope.html",
        status=status,
        here=HERE,
        item=item,
        standing=STANDING[item.state],
        means=" ".join((OVERTAKEN, *in_its_way.overtaken)) if in_its_way.overtaken else MEANS[item.state],
        tallied=tallied_in_words(item.state, item.tallied_until, london_date(context.now())),
        waits_for=in_its_way.waits_for,
        judging=None if judging is None or not judging.chains_left else in_words(judging),
        not_judged=() if judging is None else problems_in_words(judging, context.forces),
        steps=[(SAID[step.step], step) for step in item.steps],
        written=text_of_draft(item.document),
        has_picture=item.state not in NO_TALLIES,
        done=None if problems else done(visit, item, _DRAFTED),
        longest=WHOLE,
        sent=sent,
        problems=problems,
        **offered(visit, item, overtaken=bool(in_its_way.overtaken)),
        **said,
    )


async def _in_words(visit: Visit, tx: AsyncConnection, item: Stored) -> dict[str, Any]:
    """The rules in English and what they change; or why they cannot be read here."""
    context = visit.context
    try:
        edition = await known(tx, context.editions, item.name, item.hash)
    except (Conflict, Invalid) as error:
        return {"words": None, "unreadable": f"{error.says} {error.do}", "changes": None}
    return {
        "words": edition_in_words(edition, context.library),
        "unreadable": None,
        "changes": await _changes(visit, tx, item),
    }


async def _changes(visit: Visit, tx: AsyncConnection, item: Stored) -> DifferenceInWords | None:
    """What it changes in the edition that it follows or that is in force; None where there is no other."""
    try:
        found = await compared(tx, visit.context.editions, item)
    except (Conflict, Invalid):
        return None
    return difference_in_words(visit.context.library, found)
