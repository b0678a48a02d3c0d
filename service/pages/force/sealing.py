"""Checks a return before it is signed, seals it, and shows the receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from msgspec import Struct

from service.clock import london_date
from service.errors import CaseReturnsError, Conflict, Forbidden, NotFound
from service.identity.principal import NOT_HERE
from service.pages.force.findings import Counted, in_words
from service.pages.force.forms import FINE, NOTHING, REFUSALS, Problem, Problems, Typed, refused, typed
from service.pages.force.lines import contract_of
from service.pages.force.opening import years_text
from service.pages.force.place import HERE, Place, place_of, whole_number
from service.pages.force.words import label_of, next_step, stage_title
from service.pages.visit import Visiting, to
from service.returns.choice import current, signed_one
from service.returns.findings import count_by_rule
from service.returns.model import Open, Sealed, Withdrawn, etag_of, offered_by, sealed_of
from service.returns.receipt import Receipt, TallyOnReceipt, tally_document
from service.returns.seal import Declaration, Reason, in_the_way, seal
from service.returns.stock import judge_standing
from service.scope.store import live_editions
from service.tally.count import tally_of

LONGEST_NAME: Final = 200
_AT: Final = "/forces/{force:str}/returns/{period:str}"


class Seen(Struct, frozen=True, kw_only=True):
    """What is about to be signed, all of one state of the draft."""

    item: Open
    reasons: tuple[Reason, ...]
    tallies: Sequence[TallyOnReceipt]
    rules: Sequence[Counted]


class NoSealRight(Forbidden):
    """Somebody who may send a return and not sign it."""

    def __init__(self) -> None:
        super().__init__(
            "You can prepare this return, but you cannot sign it.",
            "Ask the person at your force who signs its returns: everything is kept as it is.",
        )


@get(f"{_AT}/seal", include_in_schema=False)
async def show_check(visit: Visiting) -> Response[str] | Response[None]:
    """What would be signed, and the form that signs it."""
    place = await place_of(visit)
    if place.in_progress is None:
        return to(place.path)
    return await _check_page(place, NOTHING)


@post(f"{_AT}/seal", include_in_schema=False, status_code=303)
async def take_seal(visit: Visiting) -> Response[str] | Response[None]:
    """Seal what the person saw. Sent twice, it is sealed once, and both times the receipt follows."""
    place = await place_of(visit)
    if not place.may_seal:
        raise NoSealRight
    sent = await typed(visit.request)
    seen = sent.one("seen")
    problems = _problems(sent)
    if problems and place.in_progress is not None:
        return await _check_page(place, sent, problems, 422)
    item = signed_one([seen], place.items)
    declaration = Declaration(
        declaration="yes" in sent.many("declaration"), name=sent.one("name"), role=sent.one("role")
    )
    try:
        sealed = await seal(visit.context, visit.actor, place.number, item.id, declaration, seen or None)
    except REFUSALS as error:
        return await _refused(await place_of(visit), sent, error)
    return to(f"{place.path}/receipt?revision={sealed.revision}")


async def _refused(place: Place, sent: Typed, error: CaseReturnsError) -> Response[str]:
    """The check page again, as the return stands now, with what was typed."""
    if place.in_progress is None:
        raise error
    if error.code == "draft-moved":
        return await _check_page(place, sent, _MOVED, 412)
    return await _check_page(place, sent, *refused(place.visit, error, "declaration"))


_MOVED: Final = Problems(
    [
        Problem(
            "seen",
            "The return changed since you opened this page, so nothing was signed. "
            "Check it again: everything below is as it stands now.",
        )
    ]
)


async def _check_page(place: Place, sent: Typed, problems: Problems = FINE, status: int = 200) -> Response[str]:
    if place.in_progress is None:
        raise Conflict("The return is not in progress.", code="not-open")
    person = place.visit.person
    seen = await _look(place, place.in_progress)
    counts: Mapping[str, int] = seen.item.summary.get("counts", {})
    empty = not counts.get("cases") and not counts.get("aggregate_cells") and not counts.get("withdrawn")
    return place.visit.page(
        "force/seal.html",
        status=status,
        here=HERE,
        place=place,
        item=seen.item,
        counts=counts,
        years=years_text(seen.item.years),
        stages=_stages(place, seen.item),
        tallies=[_shown(place, tally) for tally in seen.tallies],
        rules=seen.rules,
        step=next_step(place, seen.item, seen.reasons) if seen.reasons or empty else None,
        first=seen.item.base_id is None,
        seen=etag_of(seen.item),
        name=sent.one("name", person.principal.name),
        role=sent.one("role", person.role),
        sent=sent,
        problems=problems,
    )


async def _look(place: Place, item: Open) -> Seen:
    """The draft as it stands. ``item`` was read before: if the draft moved since, its ETag is no longer the present
    one, and what is shown here cannot be signed with it."""
    context = place.context
    async with context.db.force(place.number) as tx:
        standings = await live_editions(tx, context.editions, london_date(context.now()))
        judged = await judge_standing(context, tx, item, item.summary["counts"]["cases"], standings)
        tallies = [tally_document(standing, tally_of(judged[standing.id])) for standing in standings]
        reasons = await in_the_way(tx, item)
        contract = contract_of(place)
        rules = [in_words(contract, count) for count in await count_by_rule(tx, contract, item)]
    return Seen(item=item, reasons=reasons, tallies=tallies, rules=rules)


@get(f"{_AT}/receipt", include_in_schema=False)
async def show_receipt(visit: Visiting) -> Response[str]:
    """The receipt of a revision, or of the return that counts."""
    place = await place_of(visit)
    asked = visit.request.query_params.get("revision")
    item = sealed_of(place.items) if asked is None else current(place.items, whole_number(asked))
    if not isinstance(item, Sealed | Withdrawn) or item.receipt is None:
        raise NotFound(NOT_HERE)
    receipt = msgspec.convert(item.receipt, Receipt)
    return visit.page(
        "force/receipt.html",
        here=HERE,
        place=place,
        item=item,
        withdrawn=isinstance(item, Withdrawn),
        superseded=item is not sealed_of(place.items) and not isinstance(item, Withdrawn),
        corrected=offered_by(item) if place.may_write and item is sealed_of(place.items) else 0,
        receipt=receipt,
        sealed_at=datetime.fromisoformat(receipt.sealed_at),
        counts=receipt.counts,
        tallies=[_shown(place, tally) for tally in receipt.tallies],
    )


def _shown(place: Place, tally: TallyOnReceipt) -> dict[str, Any]:
    """A tally with the titles of its rules and attributes beside their ids."""
    name = tally.scope.edition
    edition = place.context.editions.get(name)
    titles = {} if edition is None else {rule.id: rule.title for rule in edition.rules}
    return {
        "edition": name,
        "title": name if edition is None else edition.title,
        "hash": tally.scope.hash,
        "totals": tally.totals,
        "not_counted": tally.not_counted,
        "attrition": [(titles.get(each.rule, each.rule), each.cases) for each in tally.attrition if each.cases],
        "missing": [
            (each.attribute if edition is None else label_of(place.context, name, each.attribute), each.cases)
            for each in tally.missing
        ],
    }


def _stages(place: Place, item: Open) -> list[dict[str, Any]]:
    edition = item.summary["scope"]
    return [{**row, "title": stage_title(place.context, edition, row["stage"])} for row in item.summary["by_stage"]]


def _problems(sent: Typed) -> Problems:
    found: list[Problem] = []
    for field, missing in (("name", "Write your name"), ("role", "Write your role")):
        if not sent.one(field):
            found.append(Problem(field, missing))
        elif len(sent.one(field)) > LONGEST_NAME:
            found.append(Problem(field, f"Write {LONGEST_NAME} characters or fewer"))
    if "yes" not in sent.many("declaration"):
        found.append(Problem("declaration", "Tick the box if you hold the return to be right"))
    return Problems(found)
