"""What a body says of an edition, whatever it is of: proposed, confirmed as it was read, or rejected with a reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date
from typing import Any, Final, Protocol

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, SkipValidation
from msgspec import Struct

from service.audit.adopter import BODIES, Adopter, Sign
from service.contract.written import DraftErrors
from service.identity.keys import SigningKeys
from service.identity.principal import Permission
from service.pages.days import typed_day
from service.pages.force.forms import FINE, NOTHING, REFUSALS, Problem, Problems, Typed, refused, too_long, typed
from service.pages.rules.adopter import adopter_of, may
from service.pages.scopes.words import said_by
from service.pages.visit import Visit, Visiting, to
from service.scope.adopting import Adoption
from service.scope.adoption import WHOLE, Kept, Said
from service.scope.edition import State

Keys = NamedDependency[SkipValidation[SigningKeys]]
"""How a page asks for the keys of this service: ``signing: Keys``."""
_DAY: Final = "effective-day"


class EditionPage(Protocol):
    """The page of one edition, with what was typed into one of its forms, and what is wrong with it."""

    async def __call__(
        self, visit: Visit, name: str, sent: Typed = NOTHING, problems: Problems = FINE, status: int = 200
    ) -> Response[str]: ...


class Desk(Struct, frozen=True, kw_only=True):
    """Where the words on one kind of edition are said: its address, its page, and what each word does."""

    at: str
    what: str
    signed_type: str
    page: EditionPage
    adoption: Adoption[Any, Any]
    propose: Callable[[Visit, Adopter, str, Collection[str], date | None], Awaitable[object]]
    confirm: Callable[[Visit, Adopter, str, str, Sign], Awaitable[object]]
    reject: Callable[[Visit, Adopter, str, str], Awaitable[object]]


def desk_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """The forms of a desk, and their addresses alone."""
    one = f"{desk.at}/{{edition:str}}"

    @post(f"{one}/propose", include_in_schema=False, status_code=303)
    async def take_proposal(visit: Visiting, edition: FromPath[str]) -> Response[str] | Response[None]:
        return await _proposal(visit, desk, edition)

    @post(f"{one}/confirm", include_in_schema=False, status_code=303)
    async def take_confirmation(
        visit: Visiting, signing: Keys, edition: FromPath[str]
    ) -> Response[str] | Response[None]:
        return await _confirmation(visit, desk, signing, edition)

    @post(f"{one}/reject", include_in_schema=False, status_code=303)
    async def take_rejection(visit: Visiting, edition: FromPath[str]) -> Response[str] | Response[None]:
        return await _rejection(visit, desk, edition)

    @get([f"{one}/propose", f"{one}/confirm", f"{one}/reject"], include_in_schema=False)
    async def show_said(edition: FromPath[str]) -> Response[None]:
        """The edition, and nothing is said: an address alone, which any site may lead to, changes nothing."""
        return to(f"{desk.at}/{edition}")

    return [take_proposal, take_confirmation, take_rejection, show_said]


async def _proposal(visit: Visit, desk: Desk, edition: str) -> Response[str] | Response[None]:
    """Freeze a draft that still is the one that was seen."""
    by, sent = adopter_of(visit, Permission.TERMS_PROPOSE, desk.what), await typed(visit.request)
    day, seen = typed_day(sent, "effective"), [sent.one("etag")]
    try:
        if day.wrong is not None:  # of what is no draft any more there is no form that it could lead to
            await desk.adoption.check_draft(visit.context.db, edition, seen)
            return await desk.page(visit, edition, sent, Problems([Problem(_DAY, day.wrong)]), 422)
        await desk.propose(visit, by, edition, seen, day.value)
    except REFUSALS as error:
        if isinstance(error, DraftErrors):
            return await desk.page(visit, edition, sent, Problems(places_in_words(error, "propose")), 422)
        field = _DAY if error.code == "effective-passed" else "propose"
        return await desk.page(visit, edition, sent, *refused(visit, error, field))
    return to(f"{desk.at}/{edition}?done=proposed")


async def _confirmation(visit: Visit, desk: Desk, signing: SigningKeys, edition: str) -> Response[str] | Response[None]:
    """Give the word of the own body on the content that was shown, signed."""
    by, sent = adopter_of(visit, Permission.TERMS_CONFIRM, desk.what), await typed(visit.request)
    try:
        await desk.confirm(
            visit, by, edition, sent.one("hash"), lambda said: signing.sign(dict(said), desk.signed_type)
        )
    except REFUSALS as error:
        return await desk.page(visit, edition, sent, *refused(visit, error, "confirm"))
    return to(f"{desk.at}/{edition}?done=confirmed")


async def _rejection(visit: Visit, desk: Desk, edition: str) -> Response[str] | Response[None]:
    """Turn an edition down, of whichever body it is."""
    by, sent = adopter_of(visit, Permission.TERMS_CONFIRM, desk.what), await typed(visit.request)
    reason = sent.one("reason")
    problems = too_long("reason", reason, WHOLE) if reason else [Problem("reason", "Write why it is not adopted")]
    try:
        if problems:
            await desk.adoption.check_undecided(visit.context.db, edition)
            return await desk.page(visit, edition, sent, Problems(problems), 422)
        await desk.reject(visit, by, edition, reason)
    except REFUSALS as error:
        return await desk.page(visit, edition, sent, *refused(visit, error, "reject"))
    return to(f"{desk.at}/{edition}?done=rejected")


def offered(visit: Visit, item: Kept | None, *, overtaken: bool) -> dict[str, Any]:
    """What this person can do with an edition, as its page shows it; None: it was not drafted here. ``overtaken``: it
    cannot come into force any more, and nobody is asked to confirm it."""
    body, state = visit.person.principal.body, None if item is None else item.state
    waits = state is State.PROPOSED and not overtaken
    drafts, confirms = may(visit, Permission.TERMS_PROPOSE), may(visit, Permission.TERMS_CONFIRM)
    return {
        "own_body": body,
        "other_body": next((each for each in BODIES if each != body), body),
        "may_draft": drafts,
        "may_propose": drafts and state is State.DRAFT,
        "may_confirm": confirms and item is not None and waits and body not in item.confirmed_by,
        "may_reject": confirms and state in (State.DRAFT, State.PROPOSED),
    }


def places_in_words(errors: DraftErrors, field: str) -> list[Problem]:
    """Everything that is wrong with a draft, each by its place in the text."""
    return [
        Problem(field, f"Line {each.line}, column {each.column}: {each.says} {each.do}") for each in errors.problems
    ]


def done(visit: Visit, item: Kept | None, drafted: str) -> str | None:
    """What became of an edition by the form that was just taken, told to whoever sent it; nothing where that is not
    what is so. ``drafted``: what is said of a stored draft."""
    word = visit.request.query_params.get("done")
    if item is None or word not in list(Said):
        return None
    if word == Said.DRAFTED:
        return drafted if item.state is State.DRAFT else None
    said = Said(word)
    if item.state.value not in _LEFT[said] or said_by(item, said, visit.person.principal.client_id) is None:
        return None
    if said is Said.PROPOSED:
        return f"{item.name} is proposed. It never changes any more."
    if said is Said.REJECTED:
        return f"{item.name} is rejected."
    if item.state is State.IN_FORCE:
        return f"{item.name} is confirmed by both bodies, and is in force."
    return f"Your confirmation of {item.name} is stored and signed."


_LEFT: Final[Mapping[Said, tuple[str, ...]]] = {
    Said.PROPOSED: ("proposed",),
    Said.CONFIRMED: ("proposed", "in_force"),
    Said.REJECTED: ("rejected",),
}
"""Where an edition stands once a word was given, as long as nothing else became of it."""
