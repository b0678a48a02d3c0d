"""Draft an edition of the terms, or write a draft anew, as a scope edition is (``pages/scopes/drafting.py``)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from service.clock import london_date
from service.contract.library import Library
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force.forms import REFUSALS
from service.pages.rules.adopter import adopter_of
from service.pages.scopes.drafting import DraftPage, Written, draft_again, draft_form, written_of
from service.pages.scopes.words import free_name
from service.pages.terms.deciding import WHAT
from service.pages.terms.showing import AT, HERE
from service.pages.visit import Visit, Visiting, to
from service.scope.edition import State
from service.terms.calendar import Period
from service.terms.draft import TermsDraft, read_terms_draft, text_of_terms
from service.terms.editions import TermsEdition, terms_editions
from service.terms.lifecycle import draft_terms, rewrite_terms
from service.terms.model import Terms

_NEW: Final = f"{AT}/new"
_CHANGE: Final = f"{AT}/{{edition:str}}/change"
_PAGE: Final = DraftPage(
    here=HERE,
    at=AT,
    what="edition of the terms",
    about=(
        "A draft changes nothing, and only the NCA and the NPCC can read it. It says which forces report and from "
        "when, in which contract versions, by when, and the milestones. It does not switch the scope edition."
    ),
    hint="JSON is read as well. Its name is a year and a month, perhaps with a word, and is given once for ever",
)


@get(_NEW, include_in_schema=False)
async def show_drafting_terms(visit: Visiting) -> Response[str]:
    """The form, begun with the terms in force or those that the address names."""
    adopter_of(visit, Permission.TERMS_PROPOSE, WHAT)
    context = visit.context
    found = await _editions(visit)
    begun = found.get(visit.request.query_params.get("from", context.terms.edition))
    if begun is None:
        raise NotFound(NOT_HERE)
    name = free_name("0000-00-terms", [*found, *context.library.terms], london_date(context.now()))
    document = document_of_terms(begun.terms, context.library) if begun.kept is None else begun.kept.document
    return draft_form(visit, _PAGE, Written(text=text_of_terms({**document, "edition": name})))


@post(_NEW, include_in_schema=False, request_max_body_size=None, status_code=303)
async def take_terms_draft(visit: Visiting) -> Response[str] | Response[None]:
    """Store a new draft."""
    by, context = adopter_of(visit, Permission.TERMS_PROPOSE, WHAT), visit.context
    written = Written(text="")
    try:
        written = await written_of(visit)
        stored = await draft_terms(context.db, context.library, by, await _read(visit, written), context.now())
    except REFUSALS as error:
        return draft_again(visit, _PAGE, written, error)
    return to(f"{AT}/{stored.name}?done=drafted")


@get(_CHANGE, include_in_schema=False)
async def show_changing_terms(visit: Visiting, edition: FromPath[str]) -> Response[str] | Response[None]:
    """The form with the draft as it stands."""
    adopter_of(visit, Permission.TERMS_PROPOSE, WHAT)
    kept = (await _one(visit, edition)).kept
    if kept is None or kept.state is not State.DRAFT:
        return to(f"{AT}/{edition}")
    return draft_form(visit, _PAGE, Written(text=text_of_terms(kept.document), etag=kept.etag), name=edition)


@post(_CHANGE, include_in_schema=False, request_max_body_size=None, status_code=303)
async def take_terms_change(visit: Visiting, edition: FromPath[str]) -> Response[str] | Response[None]:
    """Write the draft anew, over the one that was seen."""
    by, context = adopter_of(visit, Permission.TERMS_PROPOSE, WHAT), visit.context
    await _one(visit, edition)
    written = Written(text="")
    try:
        written = await written_of(visit)
        await rewrite_terms(context.db, by, edition, await _read(visit, written), [written.etag], context.now())
    except REFUSALS as error:
        return draft_again(visit, _PAGE, written, error, name=edition)
    return to(f"{AT}/{edition}?done=drafted")


async def _editions(visit: Visit) -> Mapping[str, TermsEdition]:
    async with visit.context.db.national() as tx:
        return await terms_editions(tx, visit.site.published.terms)


async def _one(visit: Visit, name: str) -> TermsEdition:
    found = (await _editions(visit)).get(name)
    if found is None:
        raise NotFound(NOT_HERE)
    return found


async def _read(visit: Visit, written: Written) -> TermsDraft:
    return await asyncio.to_thread(read_terms_draft, written.content, written.media, visit.context.library)


def document_of_terms(terms: Terms, library: Library) -> dict[str, Any]:
    """An edition that came as a file, as a draft would say it. Where no set of a contract has a milestone's stages,
    none is named, which whoever stores the draft is told."""
    sets = [one for each in terms.contracts for one in library.contracts[each.version].vocabulary.sets.values()]
    alike: dict[tuple[Period, Period | None, str | None], list[str]] = {}
    for each in terms.participation:
        alike.setdefault((each.start, each.until, each.successor), []).append(each.force)
    return {
        "title": terms.title,
        "source": terms.source,
        "contracts": [{"version": each.version, **_interval(each.start, each.until, None)} for each in terms.contracts],
        "calendar": {"every": "month", "first": str(terms.calendar.first), "due_days": terms.calendar.due_days},
        "milestones": [
            {
                "id": each.id,
                "title": each.title,
                "by": each.by.isoformat(),
                "set": next((one.name for one in sets if one.codes == each.stages), ""),
                "least_percent": each.least_percent,
            }
            for each in terms.milestones
        ],
        "force_list": terms.force_list,
        "participation": [{**_interval(*key), "forces": forces} for key, forces in alike.items()],
    }


def _interval(start: Period, until: Period | None, successor: str | None) -> dict[str, str]:
    found = {"from": str(start), "until": None if until is None else str(until), "successor": successor}
    return {key: value for key, value in found.items() if value is not None}
