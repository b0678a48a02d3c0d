"""Answers what was found under one rule: confirmed or explained in words, for all of it or case by case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from litestar import Response, get, post

from service.contract.model import Rule
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force import disputing
from service.pages.force.findings import PAGE, cursor_of, cursor_text, in_words
from service.pages.force.forms import (
    FINE,
    NOTHING,
    REFUSALS,
    Problem,
    Problems,
    Typed,
    new_key,
    once_of,
    refused,
    too_long,
    typed,
)
from service.pages.force.lines import contract_of, line_of
from service.pages.force.place import HERE, Place, place_of
from service.pages.visit import Visiting, to
from service.returns.answers import LONGEST, Words, explain
from service.returns.findings import RuleCount, count_by_rule
from service.returns.model import Open, etag_of
from service.returns.reading import read_findings

CONFIRMED: Final = "Confirmed: checked, and right as it was sent."
_AT: Final = "/forces/{force:str}/returns/{period:str}/findings/{rule:str}"
_OTHERS: Final = Problems(
    [
        Problem(
            "how",
            "What was found under this rule changed since you opened this page, so nothing was stored. "
            "Your words are kept: look at the findings below, and send them again if they still fit.",
        )
    ]
)


@get(_AT, include_in_schema=False)
async def show_rule(visit: Visiting) -> Response[str]:
    """The findings of one rule, with the form that answers them."""
    return await _page(await place_of(visit), NOTHING)


@post(_AT, include_in_schema=False, status_code=303)
async def take_answer(visit: Visiting) -> Response[str] | Response[None]:
    """Answer the findings that the person saw: all of them, or those that are ticked."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    rule, sent = _rule(place), await typed(visit.request)
    if disputing.WORDS in sent.values:
        return await disputing.take_dispute(
            place, sent, _address(place, rule), lambda refusal: _page(place, NOTHING, refusal=refusal)
        )
    once = once_of(visit, sent)
    words, keys, problems = _answer(sent)
    if problems:
        return await _page(place, sent, problems, 422)
    try:
        item = place.open
        if not keys and _mark(await _count(place, rule)) != sent.one("seen"):
            return await _page(place, sent, _OTHERS, 409)
        named: Sequence[str | None] = keys or [None]
        answers = [Words(rule=rule.id, key=key, words=words) for key in named]
        await explain(place.context, visit.actor, item, answers, etag_of(item), once=once)
    except REFUSALS as error:
        return await _page(place, sent, *refused(visit, error, "how"))
    left = await _count(place, rule)
    here = f"{place.path}/findings" + (f"/{rule.id}" if left is not None and left.waiting else "")
    return to(f"{here}?done=answered")


async def _page(
    place: Place,
    sent: Typed,
    problems: Problems = FINE,
    status: int = 200,
    *,
    refusal: disputing.Refused | None = None,
) -> Response[str]:
    visit, rule, contract = place.visit, _rule(place), contract_of(place)
    query = visit.request.query_params
    waiting = query.get("show") == "waiting"
    count = await _count(place, rule)
    page, following = await read_findings(
        place.context,
        visit.actor,
        place.item,
        rule=rule.id,
        waiting=waiting,
        after=cursor_of(query.get("after")),
        limit=PAGE,
    )
    lines = [line_of(contract, found, n) for n, found in enumerate(page, 1)]
    disputes = await disputing.disputing_on(place, lines, _address(place, rule), refusal)
    said = {"show": "waiting"} if waiting else {}
    return visit.page(
        "force/rule.html",
        status=status if refusal is None else refusal.status,
        here=HERE,
        place=place,
        rule=rule,
        counted=None if count is None else in_words(contract, count),
        holds=rule.severity.holds,
        lines=lines,
        may_answer=isinstance(place.item, Open) and place.may_write and not rule.severity.holds and count is not None,
        by_case=len({line.key for line in lines if line.key}) > 1 or (count is not None and count.total > len(lines)),
        only_waiting=waiting,
        following=None if following is None else f"?{urlencode({**said, 'after': cursor_text(following)})}#list",
        is_later="after" in query,
        done=query.get("done") == "answered" and not problems and refusal is None,
        mark=_mark(count),
        key=new_key(),
        longest=LONGEST,
        confirmed=CONFIRMED,
        ticked=set(sent.many("case")),
        sent=sent,
        disputing=disputes,
        problems=problems or disputes.problems,
    )


def _address(place: Place, rule: Rule) -> str:
    """Of this very page of the list."""
    query = place.visit.request.query_params
    said = {name: query[name] for name in ("show", "after") if name in query}
    return f"{place.path}/findings/{rule.id}" + (f"?{urlencode(said)}" if said else "")


def _rule(place: Place) -> Rule:
    """The rule in the address."""
    rule = contract_of(place).rule.get(str(place.visit.request.path_params["rule"]))
    if rule is None:
        raise NotFound(NOT_HERE)
    return rule


async def _count(place: Place, rule: Rule) -> RuleCount | None:
    async with place.context.db.force(place.number) as tx:
        found = await count_by_rule(tx, contract_of(place), place.item, rule.id)
    return found[0] if found else None


def _mark(count: RuleCount | None) -> str:
    """Stands for the findings that are there now: who answers all of them answers those that they saw."""
    return "" if count is None else f"{count.total}.{count.newest}"


def _answer(sent: Typed) -> tuple[str, list[str], Problems]:
    """The words, the cases that they are for (none: all of the rule), and what is wrong with them."""
    found: list[Problem] = []
    words = CONFIRMED if sent.one("how") == "confirm" else sent.one("words")
    if sent.one("how") not in ("confirm", "explain"):
        found.append(Problem("how", "Say whether you confirm or explain"))
    elif not words:
        found.append(Problem("words", "Write why it is so"))
    else:
        found += too_long("words", words, LONGEST)
    keys = [key for key in sent.many("case") if key] if sent.one("which") == "some" else []
    if sent.one("which") == "some" and not keys:
        found.append(Problem("which", "Tick the cases below that your answer is for"))
    return words, keys, Problems(found)
