"""Cases that a file of everything did not hold: kept or withdrawn with a reason, one by one or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from litestar import Response, get, post

from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force.forms import (
    FINE,
    NOTHING,
    REFUSALS,
    Problem,
    Problems,
    Typed,
    new_key,
    once_of,
    others_wait,
    refused,
    too_long,
    typed,
)
from service.pages.force.place import HERE, Place, place_of
from service.pages.force.words import REASONS
from service.pages.visit import Visiting, to
from service.returns.answers import LONGEST, AnswersRefused
from service.returns.model import Open, etag_of
from service.returns.reading import read_missing
from service.returns.withdrawals import Word, answer_missing, reference_of, waiting_cases

PAGE: Final = 50
_AT: Final = "/forces/{force:str}/returns/{period:str}/missing"
_OTHERS: Final = others_wait("cases")


@get(_AT, include_in_schema=False)
async def show_missing(visit: Visiting) -> Response[str] | Response[None]:
    """The cases by reference, with the word on each."""
    place = await place_of(visit)
    if place.in_progress is None:
        return to(place.path)
    return await _page(place, place.in_progress, NOTHING)


@post(_AT, include_in_schema=False, status_code=303)
async def take_words(visit: Visiting) -> Response[str] | Response[None]:
    """Keep or withdraw the ticked cases, or all that the person saw to be waiting."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    sent = await typed(visit.request)
    once, item = once_of(visit, sent), place.open
    cases = [_case(text) for text in sent.many("case")] if sent.one("which") != "all" else []
    problems = _problems(sent, cases)
    if problems:
        return await _page(place, item, sent, problems, 422)
    try:
        if not cases:
            async with place.context.db.force(place.number) as tx:
                cases = await waiting_cases(tx, item)
            if cases and _mark(cases) != sent.one("seen"):
                return await _page(place, item, sent, _OTHERS, 409)
        await answer_missing(place.context, visit.actor, item, _words(sent, cases), etag_of(item), once=once)
    except AnswersRefused as error:
        says = " ".join(dict.fromkeys(f"{problem.says} {problem.fix}" for problem in error.problems))
        return await _page(place, item, sent, Problems([Problem("reason", f"Nothing was stored. {says}")]), 422)
    except REFUSALS as error:
        return await _page(place, item, sent, *refused(visit, error, "answer"))
    return to(f"{place.path}/missing?done=answered")


async def _page(place: Place, item: Open, sent: Typed, problems: Problems = FINE, status: int = 200) -> Response[str]:
    visit = place.visit
    query = visit.request.query_params
    async with place.context.db.force(place.number) as tx:
        asked = query.get("after")
        after = await reference_of(place.context, tx, item, _case(asked)) if asked else ""
        waiting = await waiting_cases(tx, item)
    page, following = await read_missing(place.context, visit.actor, item, after=after, limit=PAGE)
    return visit.page(
        "force/missing.html",
        status=status,
        here=HERE,
        place=place,
        cases=page,
        waiting=len(waiting),
        mark=_mark(waiting),
        may_answer=place.may_write and bool(page),
        reasons=list(REASONS.items()),
        titles=REASONS,
        following=None if following is None else f"?after={page[-1].case_id}",
        is_later=bool(asked),
        done=query.get("done") == "answered" and not problems,
        key=new_key(),
        longest=LONGEST,
        ticked=set(sent.many("case")),
        sent=sent,
        problems=problems,
    )


def _case(text: str) -> UUID:
    """A case by its opaque id."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(NOT_HERE) from None


def _mark(waiting: Sequence[UUID]) -> str:
    """Stands for the cases that wait: who answers for all of them answers for those that they saw."""
    return f"{len(waiting)}.{max(waiting).hex if waiting else ''}"


def _words(sent: Typed, cases: Sequence[UUID]) -> list[Word]:
    answer = sent.one("answer")
    reason = sent.one("reason") if answer == "withdraw" else None
    return [Word(case_id=case, answer=answer, reason=reason, words=sent.one("words") or None) for case in cases]


def _problems(sent: Typed, cases: Sequence[UUID]) -> Problems:
    found: list[Problem] = []
    if sent.one("which") not in ("all", "some"):
        found.append(Problem("which", "Say which cases your answer is for"))
    elif sent.one("which") == "some" and not cases:
        found.append(Problem("which", "Tick the cases that your answer is for"))
    if sent.one("answer") not in ("keep", "withdraw"):
        found.append(Problem("answer", "Say whether to keep or to withdraw them"))
    elif sent.one("answer") == "withdraw" and sent.one("reason") not in REASONS:
        found.append(Problem("reason", "Say why they are no longer reported"))
    elif sent.one("answer") == "withdraw" and sent.one("reason") == "other" and not sent.one("words"):
        found.append(Problem("words", "Write why they are no longer reported"))
    return Problems([*found, *too_long("words", sent.one("words"), LONGEST)])
