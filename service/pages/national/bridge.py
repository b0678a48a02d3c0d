"""The page of a bridge: choose two points, and read why the national figure moved between them.

A form that works by GET: what is chosen stands in the address, which can be sent to a colleague.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from litestar import Response, get
from msgspec import Struct

from service.errors import Conflict, Invalid, NotFound
from service.pages.national.words import range_of
from service.pages.visit import Visit, Visiting
from service.picture.bridge_answer import bridge_answer
from service.picture.bridge_export import CAUSES, UNDECIDED, Told, as_document, begun_with, causes_by_rule, sentence
from service.picture.bridge_question import bridge_question
from service.picture.question import closest, shown
from service.picture.store import editions
from service.picture.waterfall import NARROW, waterfall
from service.scope.store import NO_TALLIES

_EDITIONS: Final = ("to_scope", "from_scope")
_FIELDS: Final = ("from", "from_scope", "to", "to_scope")
_LABELS: Final = {
    "from_scope": "\u2018Under\u2019 below \u2018From\u2019",
    "to_scope": "\u2018Under\u2019 below \u2018To\u2019",
    "from": "\u2018From\u2019",
    "to": "\u2018To\u2019",
}


class Problem(Struct, frozen=True):
    """What is wrong, and the input of the form that it is about."""

    says: str
    at: str


@get("/bridge", include_in_schema=False)
async def show_bridge(visit: Visiting) -> Response[str]:
    """The form; where a point is chosen also the bridge, or what is wrong with what was chosen."""
    visit.national()
    typed: dict[str, str] = {}
    for name, value in visit.request.query_params.multi_items():
        if name not in _FIELDS:
            raise Invalid(f"This page takes no parameter {shown(name)}.", closest(name, _FIELDS))
        typed[name] = value.strip()[:100]
    given = {name: value for name, value in typed.items() if value}
    if not typed:
        return await _page(visit, given)
    try:
        asked = bridge_question(given.items(), visit.context.now())
        async with visit.context.db.national() as tx:
            told = await bridge_answer(tx, visit.site.published, asked, visit.context.now())
    except (Invalid, NotFound, Conflict) as error:
        problem = Problem(_on_the_page(f"{error.says} {error.do}".strip()), _about(given, f"{error.says} {error.do}"))
        return await _page(visit, given, problem=problem)
    return await _page(visit, given, told=told)


def _about(given: Mapping[str, str], says: str) -> str:
    """The input that an error is about: the one that it names, or whose edition it quotes, else the first filled in."""
    named = next((name for name in _FIELDS if re.search(rf"(parameter|later|as) {name}\b", says)), None)
    editions = ((name, value) for name, value in given.items() if name in _EDITIONS)
    quoted = next((name for name, value in editions if value in says), None)
    return named or quoted or next(iter(given), _FIELDS[0])


def _on_the_page(says: str) -> str:
    """What is said of parameters, said of the inputs of the form."""
    for name, label in _LABELS.items():
        says = re.sub(rf"\b[Tt]he parameter {name}\b", label, says)
        says = re.sub(rf"\b(with|as) {name}\b", f"in {label}", says)
        says = re.sub(rf"\blater {name}\b", f"later moment in {label}", says)
    return says


async def _page(
    visit: Visit, given: Mapping[str, str], *, told: Told | None = None, problem: Problem | None = None
) -> Response[str]:
    async with visit.context.db.national() as tx:
        stored = await editions(tx, visit.context.editions)
    answered = set() if told is None else {given.get(name) for name in _EDITIONS}
    offered = [item for item in stored if item.state not in NO_TALLIES or item.name in answered]
    return visit.page(
        "national/bridge.html",
        here="national",
        status=422 if problem else 200,
        given=given,
        editions=offered,
        titles={item.name: visit.context.editions[item.name].title for item in offered},
        problem=problem,
        told=None if told is None else as_document(told, by_force=True),
        heading="" if told is None else sentence(told.bridge),
        moments=None if told is None else (told.opening.at, told.closing.at),
        drawn={} if told is None else {"wide": waterfall(told), "narrow": waterfall(told, NARROW)},
        undecided={} if told is None else {cause.value: UNDECIDED for cause in causes_by_rule(told.bridge)},
        causes={cause.value: begun_with(cause) for cause in CAUSES},
        range_of=range_of,
        address=urlencode(given),
    )
