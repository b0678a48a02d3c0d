"""The editions of the terms, where each stands; and one: what it says and changes, who said what, what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from service.clock import london_date
from service.errors import Conflict, NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force.forms import FINE, NOTHING, Problems, Typed
from service.pages.rules.adopter import may
from service.pages.scopes.desk import done, offered
from service.pages.scopes.words import SAID, STANDING, standing_line
from service.pages.visit import Visit, Visiting
from service.scope.adoption import WHOLE
from service.scope.switch import InTheWay
from service.terms.difference import changes_of_terms
from service.terms.draft import text_of_terms
from service.terms.editions import Standing, TermsEdition, edition_before, holds_from, terms_editions
from service.terms.history import to_know
from service.terms.load import titles_of
from service.terms.store import terms_name_in_force
from service.terms.switch import refused_after, terms_in_the_way
from service.terms.words import About, taking_part, terms_in_words

HERE: Final = "terms"
AT: Final = "/national/terms"
TAGS: Final[Mapping[Standing, tuple[str, str]]] = {
    Standing.PUBLISHED: ("Published", "grey"),
    **{Standing(state.value): tag for state, tag in STANDING.items()},
}
"""Where an edition stands as a tag: as a scope edition does, and among the files alone."""
MEANS: Final[Mapping[Standing, str]] = {
    Standing.PUBLISHED: "It stands in the published files, and was not adopted here.",
    Standing.DRAFT: "It changes nothing, and only the two bodies can read it. It can still be written anew.",
    Standing.PROPOSED: (
        "It never changes any more. It comes into force when both bodies have confirmed it and its day has come."
    ),
    Standing.IN_FORCE: "Who reports, when and in what is as it says.",
    Standing.SUPERSEDED: "Another edition is in force. Figures of a moment before that stay under this one.",
    Standing.REJECTED: "It is not adopted, and its name is not given again.",
}
_OVERTAKEN: Final = "It never changes any more. It cannot come into force any more."
_DRAFTED: Final = "The draft is stored. It changes nothing until both bodies have confirmed it and it is in force."


@get(AT, include_in_schema=False)
async def show_all_terms(visit: Visiting) -> Response[str]:
    """Every edition, drafts too, the newest first."""
    visit.national()
    async with visit.context.db.national() as tx:
        found, in_force = await terms_editions(tx, visit.site.published.terms), await terms_name_in_force(tx)
    return visit.page(
        "terms/list.html",
        here=HERE,
        items=[
            (item.terms, *TAGS[item.standing], "" if item.kept is None else standing_line(item.kept, in_force))
            for item in reversed(list(found.values()))
        ],
        may_draft=may(visit, Permission.TERMS_PROPOSE),
        problems=FINE,
    )


@get(f"{AT}/{{edition:str}}", include_in_schema=False)
async def show_terms(visit: Visiting, edition: FromPath[str]) -> Response[str]:
    """One edition."""
    visit.national()
    return await terms_page(visit, edition)


async def terms_page(
    visit: Visit, name: str, sent: Typed = NOTHING, problems: Problems = FINE, status: int = 200
) -> Response[str]:
    """The same; with what was typed into one of its forms, and what is wrong with it."""
    context = visit.context
    async with context.db.national() as tx:
        editions = await terms_editions(tx, visit.site.published.terms)
        item = editions.get(name)
        if item is None:
            raise NotFound(NOT_HERE)
        kept, now = item.kept, context.now()
        before = _before(editions, item)
        holding = InTheWay() if kept is None else await terms_in_the_way(tx, context.library, kept, now)
        in_its_way: tuple[str, ...] = ()
        if before is not None and kept is not None and item.standing is Standing.DRAFT:
            in_its_way = await refused_after(tx, context.library, before.terms, kept, now)
    title = titles_of(context.library, item.terms)
    return visit.page(
        "terms/terms.html",
        status=status,
        here=HERE,
        terms=item.terms,
        kept=kept,
        standing=TAGS[item.standing],
        means=" ".join((_OVERTAKEN, *holding.overtaken)) if holding.overtaken else MEANS[item.standing],
        adopted=item.standing not in (Standing.DRAFT, Standing.PROPOSED, Standing.REJECTED),
        before=before,
        changes=() if before is None else changes_of_terms(before.terms, item.terms, title),
        to_know=() if before is None else to_know(before.terms, item.terms, holds_from(item, london_date(now))),
        says=[each for each in terms_in_words(item.terms, title) if each.about is not About.FORCES],
        taking_part=list(taking_part(item.terms, title)),
        waits_for=holding.waits_for,
        in_its_way=in_its_way,
        steps=[(SAID[step.step], step) for step in kept.steps] if kept else [],
        written=None if kept is None else text_of_terms(kept.document),
        done=None if problems else done(visit, kept, _DRAFTED),
        longest=WHOLE,
        sent=sent,
        problems=problems,
        **offered(visit, kept, overtaken=bool(holding.overtaken)),
    )


def _before(editions: Mapping[str, TermsEdition], item: TermsEdition) -> TermsEdition | None:
    try:
        return edition_before(editions, item, None)
    except Conflict:
        return None
