"""What a body says of an edition of the terms: proposed, confirmed as it was read, or rejected with a reason."""

from __future__ import annotations

from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath

from service.audit.adopter import Adopter
from service.errors import Conflict
from service.identity.principal import Permission
from service.pages.days import typed_day
from service.pages.force.forms import REFUSALS, Problem, Problems, refused, too_long, typed
from service.pages.rules.adopter import adopter_of
from service.pages.scopes.deciding import Keys, stands_said
from service.pages.terms.showing import AT, terms_page
from service.pages.visit import Visit, Visiting, to
from service.scope.adoption import WHOLE, Said
from service.terms.lifecycle import SIGNED_TYPE, confirm_terms, propose_terms, reject_terms
from service.terms.store import terms_by_name

WHAT: Final = "Editions of the terms"
_DAY: Final = "effective-day"
_ONE: Final = f"{AT}/{{edition:str}}"


@post(f"{_ONE}/propose", include_in_schema=False, status_code=303)
async def take_terms_proposal(visit: Visiting, edition: FromPath[str]) -> Response[str] | Response[None]:
    """Freeze a draft that still is the one that was seen."""
    by, sent = adopter_of(visit, Permission.TERMS_PROPOSE, WHAT), await typed(visit.request)
    context, day = visit.context, typed_day(sent, "effective")
    if day.wrong is not None:
        return await terms_page(visit, edition, sent, Problems([Problem(_DAY, day.wrong)]), 422)
    try:
        seen = [sent.one("etag")]
        await propose_terms(context.db, context.library, by, edition, seen, day.value, context.now())
    except REFUSALS as error:
        if not await _was_said(visit, by, edition, error, Said.PROPOSED):
            field = _DAY if error.code == "effective-passed" else "propose"
            return await terms_page(visit, edition, sent, *refused(visit, error, field))
    return to(f"{AT}/{edition}?done=proposed")


@post(f"{_ONE}/confirm", include_in_schema=False, status_code=303)
async def take_terms_confirmation(
    visit: Visiting, signing: Keys, edition: FromPath[str]
) -> Response[str] | Response[None]:
    """Give the word of the own body on the content that was shown, signed."""
    by, sent = adopter_of(visit, Permission.TERMS_CONFIRM, WHAT), await typed(visit.request)
    context = visit.context
    try:
        await confirm_terms(
            context.db,
            context.library,
            by,
            edition,
            sent.one("hash"),
            context.now(),
            lambda said: signing.sign(dict(said), SIGNED_TYPE),
        )
        await visit.site.current.look()
    except REFUSALS as error:
        if not await _was_said(visit, by, edition, error, Said.CONFIRMED):
            return await terms_page(visit, edition, sent, *refused(visit, error, "confirm"))
    return to(f"{AT}/{edition}?done=confirmed")


@post(f"{_ONE}/reject", include_in_schema=False, status_code=303)
async def take_terms_rejection(visit: Visiting, edition: FromPath[str]) -> Response[str] | Response[None]:
    """Turn an edition down, of whichever body it is."""
    by, sent = adopter_of(visit, Permission.TERMS_CONFIRM, WHAT), await typed(visit.request)
    reason = sent.one("reason")
    problems = too_long("reason", reason, WHOLE) if reason else [Problem("reason", "Write why it is not adopted")]
    if problems:
        return await terms_page(visit, edition, sent, Problems(problems), 422)
    try:
        await reject_terms(visit.context.db, by, edition, reason, visit.context.now())
    except REFUSALS as error:
        if not await _was_said(visit, by, edition, error, Said.REJECTED):
            return await terms_page(visit, edition, sent, *refused(visit, error, "reject"))
    return to(f"{AT}/{edition}?done=rejected")


@get([f"{_ONE}/propose", f"{_ONE}/confirm", f"{_ONE}/reject"], include_in_schema=False)
async def show_terms_said(edition: FromPath[str]) -> Response[None]:
    """The edition, and nothing is said: an address alone, which any site may lead to, changes nothing."""
    return to(f"{AT}/{edition}")


async def _was_said(visit: Visit, by: Adopter, name: str, error: Exception, said: Said) -> bool:
    """Whether this very person had said the same before, and the form was sent twice."""
    if not isinstance(error, Conflict):
        return False
    async with visit.context.db.national() as tx:
        item = await terms_by_name(tx, name)
    return item is not None and stands_said(item, by, said)
