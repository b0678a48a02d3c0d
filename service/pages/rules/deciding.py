"""The word of the other body on a notice that is proposed: confirmed, or rejected with a reason."""

from __future__ import annotations

from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from service.contract.notices import SIGNED_TYPE, WHOLE
from service.identity.keys import SigningKeys
from service.identity.principal import Permission
from service.notices.adopt import check_undecided, confirm, reject
from service.pages.force.forms import NOTHING, REFUSALS, Problem, Problems, refused, too_long, typed
from service.pages.rules.adopter import adopter_of
from service.pages.rules.listing import rules_page
from service.pages.visit import Visiting, to

Keys = NamedDependency[SkipValidation[SigningKeys]]
"""How a page asks for the keys of this service: ``signing: Keys``."""
REASON: Final = "reason"


@post("/rules/{id:str}/confirm", include_in_schema=False, status_code=303)
async def take_confirmation(
    visit: Visiting,
    signing: Keys,
    id: FromPath[str],  # noqa: A002  the name in the path
) -> Response[str] | Response[None]:
    """Put a notice of the other body into force, signed."""
    by, context = adopter_of(visit, Permission.TERMS_CONFIRM), visit.context
    try:
        await confirm(context.db, by, id, context.now(), lambda said: signing.sign(dict(said), SIGNED_TYPE))
    except REFUSALS as error:
        return await rules_page(visit, NOTHING, *refused(visit, error, id), at=id)
    return to(f"/rules?done={id}")


@post("/rules/{id:str}/reject", include_in_schema=False, status_code=303)
async def take_rejection(
    visit: Visiting,
    id: FromPath[str],  # noqa: A002  the name in the path
) -> Response[str] | Response[None]:
    """Turn a notice down, or take back one of the own body."""
    by, sent = adopter_of(visit, Permission.TERMS_CONFIRM), await typed(visit.request)
    reason, field = sent.one(REASON), f"{REASON}-{id}"
    problems = too_long(field, reason, WHOLE) if reason else [Problem(field, "Write why it is not adopted")]
    try:
        if problems:  # of a notice that is decided already there is no form that they could lead to
            await check_undecided(visit.context.db, id)
            return await rules_page(visit, sent, Problems(problems), 422, at=id)
        await reject(visit.context.db, by, id, reason, visit.context.now())
    except REFUSALS as error:
        return await rules_page(visit, sent, *refused(visit, error, id), at=id)
    return to(f"/rules?done={id}")


@get(["/rules/{id:str}/confirm", "/rules/{id:str}/reject"], include_in_schema=False)
async def show_decided(id: FromPath[str]) -> Response[None]:  # noqa: A002  the name in the path
    """The notices, and nothing is decided: an address alone, which any site may lead to, changes nothing."""
    del id
    return to("/rules")
