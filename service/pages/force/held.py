"""Rows that could not be taken: shown with the text that was sent and why; set aside with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from litestar import Response, get, post
from sqlalchemy.ext.asyncio import AsyncConnection

from service.identity.principal import Permission
from service.pages.force import disputing
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
from service.pages.force.lines import Line, contract_of, line_of
from service.pages.force.place import HERE, Place, place_of, whole_number
from service.pages.force.words import REASONS
from service.pages.visit import Visiting, to
from service.returns.answers import LONGEST
from service.returns.findings import list_findings
from service.returns.held import HeldRow, set_aside, waiting_numbers
from service.returns.model import Open, etag_of
from service.returns.newer_file import NewerFile, newer_held
from service.returns.reading import read_held

PAGE: Final = 25
_MOST_FINDINGS: Final = 2_000
_WHY: Final = ("duplicate", "recorded_in_error", "not_in_search", "other")
_AT: Final = "/forces/{force:str}/returns/{period:str}/held"
_OTHERS: Final = others_wait("rows")


@get(_AT, include_in_schema=False)
async def show_held(visit: Visiting) -> Response[str]:
    """The rows, in the order in which they came."""
    return await _page(await place_of(visit), NOTHING)


@post(_AT, include_in_schema=False, status_code=303)
async def take_aside(visit: Visiting) -> Response[str] | Response[None]:
    """Set the ticked rows aside, or all that the person saw to be waiting."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    sent = await typed(visit.request)
    if disputing.WORDS in sent.values:
        return await disputing.take_dispute(
            place, sent, _address(place), lambda refusal: _page(place, NOTHING, refusal=refusal)
        )
    once, item = once_of(visit, sent), place.open
    numbers = [whole_number(text) for text in sent.many("row")] if sent.one("which") != "all" else []
    problems = _problems(sent, numbers)
    if problems:
        return await _page(place, sent, problems, 422)
    try:
        if not numbers:
            async with place.context.db.force(place.number) as tx:
                numbers = await waiting_numbers(tx, item)
            if _mark(numbers) != sent.one("seen") and numbers:
                return await _page(place, sent, _OTHERS, 409)
        words = sent.one("words") or None
        await set_aside(place.context, visit.actor, item, numbers, sent.one("reason"), words, etag_of(item), once=once)
    except REFUSALS as error:
        return await _page(place, sent, *refused(visit, error, "reason"))
    return to(f"{place.path}/held?done=aside")


async def _page(
    place: Place,
    sent: Typed,
    problems: Problems = FINE,
    status: int = 200,
    *,
    refusal: disputing.Refused | None = None,
) -> Response[str]:
    visit, item = place.visit, place.item
    query = visit.request.query_params
    after = whole_number(query.get("after") or "0")
    page, following = await read_held(place.context, visit.actor, item, after=after, limit=PAGE)
    waiting: Sequence[int] = ()
    newer: NewerFile | None = None
    async with place.context.db.force(place.number) as tx:
        found = await _found(place, tx, page)
        if isinstance(item, Open):
            waiting = await waiting_numbers(tx, item)
            newer = await newer_held(place.context, tx, item) if waiting else None
    lines = [line for each in found.values() for line in each]
    disputes = await disputing.disputing_on(place, lines, _address(place), refusal)
    counts: Mapping[str, int] = item.summary.get("counts", {})
    return visit.page(
        "force/held.html",
        status=status if refusal is None else refusal.status,
        here=HERE,
        place=place,
        rows=[(row, found.get(row.n, ())) for row in page],
        waiting=len(waiting),
        aside=counts.get("set_aside", 0),
        mark=_mark(waiting),
        newer=newer,
        may_set_aside=isinstance(item, Open) and place.may_write and bool(waiting),
        reasons=[(code, REASONS[code]) for code in _WHY],
        titles=REASONS,
        following=None if following is None else f"?after={following}",
        is_later=after > 0,
        done=query.get("done") == "aside" and not problems and refusal is None,
        key=new_key(),
        longest=LONGEST,
        ticked=set(sent.many("row")),
        sent=sent,
        disputing=disputes,
        problems=problems or disputes.problems,
    )


def _address(place: Place) -> str:
    """Of this very page of the rows."""
    after = place.visit.request.query_params.get("after")
    return f"{place.path}/held" + (f"?{urlencode({'after': after})}" if after else "")


async def _found(place: Place, tx: AsyncConnection, page: Sequence[HeldRow]) -> dict[int, list[Line]]:
    """What is wrong with each of these rows."""
    contract, numbers = contract_of(place), [row.n for row in page]
    found, _ = await list_findings(tx, contract, place.item, held=numbers, limit=_MOST_FINDINGS)
    lines: dict[int, list[Line]] = {}
    for n, each in enumerate(found, 1):
        if each.held is not None:
            lines.setdefault(each.held, []).append(line_of(contract, each, n))
    return lines


def _mark(waiting: Sequence[int]) -> str:
    """Stands for the rows that wait: who sets all of them aside sets those aside that they saw."""
    return f"{len(waiting)}.{max(waiting, default=0)}"


def _problems(sent: Typed, numbers: Sequence[int]) -> Problems:
    found: list[Problem] = []
    if sent.one("which") not in ("all", "some"):
        found.append(Problem("which", "Say which rows you set aside"))
    elif sent.one("which") == "some" and not numbers:
        found.append(Problem("which", "Tick the rows that you set aside"))
    if sent.one("reason") not in _WHY:
        found.append(Problem("reason", "Say why"))
    elif sent.one("reason") == "other" and not sent.one("words"):
        found.append(Problem("words", "Write why"))
    return Problems([*found, *too_long("words", sent.one("words"), LONGEST)])
