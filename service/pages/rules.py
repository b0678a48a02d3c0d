"""Rules as they are operated: the notices that change how a rule is treated, and, for those who keep the rules, which
rules forces hold to be wrong. A change of a rule is made through the API, by programs of the two bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from litestar import Response, get
from msgspec import Struct

from service.clock import london_date
from service.contract.model import Contract, Rule
from service.contract.notices import Notice
from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.notices.store import AnyNotice, InForce, Rejected, all_notices
from service.pages.force.words import SEVERITY, rule_title
from service.pages.visit import Visit, Visiting
from service.picture.disputes import disputes_by_rule, disputes_of

_TREATED: Final = {"off": "Not asked", **{severity.value: words for severity, words in SEVERITY.items()}}
_MOST_WORDS: Final = 200
"""So many disputes of one rule stand on its page; the API has all."""


class Told(Struct, frozen=True, kw_only=True):
    """A notice in words. ``standing``: what there is to know of it today."""

    item: AnyNotice
    title: str
    treated: str
    before: str
    standing: str
    colour: str


@get("/rules", include_in_schema=False)
async def show_rules(visit: Visiting) -> Response[str]:
    """All notices, and the disputed rules where the person is of a national body; ``?rule=``: what was said of one."""
    contracts, today = visit.context.library.contracts, london_date(visit.context.now())
    async with visit.context.db.app() as tx:
        notices = await all_notices(tx)
    told = [_told(contracts, item, today) for item in reversed(notices)]
    return visit.page("rules.html", here="rules", notices=told, **await _disputes(visit, contracts))


async def _disputes(visit: Visit, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    if not visit.is_national:
        return {"keeps": False}
    asked = visit.request.query_params.get("rule")
    if asked is not None and _rule_of(contracts, contracts, asked) is None:
        raise NotFound(NOT_HERE)
    async with visit.context.db.national() as tx:
        found = await disputes_by_rule(tx)
        said, more = await disputes_of(tx, asked, None, _MOST_WORDS) if asked is not None else ((), None)
    titles = {each.rule: _title(_rule_of(contracts, [each.contract_version], each.rule)) for each in found}
    forces = {code.ordinal: code.title for code in visit.context.forces.codes}
    return {
        "keeps": True,
        "disputed": found,
        "titles": titles,
        "asked": asked,
        "said": [(forces[each.force], each) for each in said],
        "has_more": more is not None,
    }


def _told(contracts: Mapping[str, Contract], item: AnyNotice, today: date) -> Told:
    rule = _rule_of(contracts, item.notice.contracts, item.notice.rule)
    standing, colour = _standing(item, today)
    return Told(
        item=item,
        title=_title(rule),
        treated=_TREATED[item.notice.severity],
        before="" if rule is None else SEVERITY[rule.severity],
        standing=standing,
        colour=colour,
    )


def _standing(item: AnyNotice, today: date) -> tuple[str, str]:
    """What the notice does today, in a word, and the colour of it."""
    notice: Notice = item.notice
    if isinstance(item, Rejected):
        return "Rejected", "grey"
    if not isinstance(item, InForce):
        return "Proposed", "yellow"
    if today < notice.start:
        return "Adopted", "blue"
    return ("In force", "green") if notice.holds_on(today) else ("Ended", "grey")


def _rule_of(
    contracts: Mapping[str, Contract], versions: Sequence[str] | Mapping[str, Contract], rule: str
) -> Rule | None:
    """The rule in the newest of some versions that has it."""
    found = [contracts[version].rule[rule] for version in versions if rule in contracts[version].rule]
    return found[-1] if found else None


def _title(rule: Rule | None) -> str:
    return "" if rule is None else rule_title(rule)
