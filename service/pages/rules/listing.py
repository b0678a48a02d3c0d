"""Rules as they are operated: the notices that change how a rule is treated, and, for those who keep the rules, which
rules forces hold to be wrong, with the forms by which the two bodies adopt a notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from litestar import Response, get
from msgspec import Struct

from service.clock import london_date
from service.contract.model import Contract
from service.contract.notices import WHOLE, Adopted
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.notices.store import AnyNotice, InForce, Proposed, Rejected, adopted_of, all_notices
from service.pages.force.forms import FINE, NOTHING, Problems, Typed
from service.pages.force.words import SEVERITY
from service.pages.rules.adopter import may, other_body
from service.pages.rules.words import TREATED, meaning, replacements, rule_of, standing, title_of
from service.pages.visit import Visit, Visiting
from service.picture.disputes import disputes_by_rule, disputes_of

_MOST_WORDS: Final = 200
"""So many disputes of one rule stand on its page; the API has all."""


class Told(Struct, frozen=True, kw_only=True):
    """A notice in words. ``standing``: what there is to know of it today; ``means``: what it would come to."""

    item: AnyNotice
    title: str
    treated: str
    before: str
    standing: str
    colour: str
    replaced: Sequence[tuple[str, str]]
    """Which others stand in its place, and since when."""
    means: Sequence[str]
    waits_for: str | None
    """The body whose word is wanted, as it is written; None where it is decided."""
    is_own: bool


@get("/rules", include_in_schema=False)
async def show_rules(visit: Visiting) -> Response[str]:
    """All notices, and the disputed rules where the person is of a national body; ``?rule=``: what was said of one."""
    return await rules_page(visit)


async def rules_page(
    visit: Visit, sent: Typed = NOTHING, problems: Problems = FINE, status: int = 200, at: str | None = None
) -> Response[str]:
    """The same; with what was typed into the form of the notice ``at``, and what is wrong with it."""
    contracts, today = visit.context.library.contracts, london_date(visit.context.now())
    async with visit.context.db.app() as tx:
        notices = await all_notices(tx)
    adopted = adopted_of(notices)
    body = visit.person.principal.body
    return visit.page(
        "rules/list.html",
        status=status,
        here="rules",
        notices=[_told(contracts, item, adopted, today, body) for item in reversed(notices)],
        may_propose=may(visit, Permission.TERMS_PROPOSE),
        may_decide=may(visit, Permission.TERMS_CONFIRM),
        done=None if problems else _done(visit, notices),
        longest=WHOLE,
        sent=sent,
        problems=problems,
        at=at,
        **await _disputes(visit, contracts),
    )


async def _disputes(visit: Visit, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    if not visit.is_national:
        return {"keeps": False}
    asked = visit.request.query_params.get("rule")
    if asked is not None and rule_of(contracts, contracts, asked) is None:
        raise NotFound(NOT_HERE)
    async with visit.context.db.national() as tx:
        found = await disputes_by_rule(tx)
        said, more = await disputes_of(tx, asked, None, _MOST_WORDS) if asked is not None else ((), None)
    titles = {each.rule: title_of(rule_of(contracts, [each.contract_version], each.rule)) for each in found}
    forces = {code.ordinal: code.title for code in visit.context.forces.codes}
    return {
        "keeps": True,
        "disputed": found,
        "titles": titles,
        "asked": asked,
        "said": [(forces[each.force], each) for each in said],
        "has_more": more is not None,
    }


def _told(
    contracts: Mapping[str, Contract], item: AnyNotice, adopted: Sequence[Adopted], today: date, body: str | None
) -> Told:
    rule = rule_of(contracts, item.notice.contracts, item.notice.rule)
    stands, colour = standing(item, adopted, today)
    waits = type(item) is Proposed
    return Told(
        item=item,
        title=title_of(rule),
        treated=TREATED[item.notice.severity],
        before="" if rule is None else SEVERITY[rule.severity],
        standing=stands,
        colour=colour,
        replaced=replacements(item, adopted, today),
        means=meaning(item.notice, contracts, [each.notice for each in adopted], today) if waits else (),
        waits_for=other_body(item.proposed.body) if waits else None,
        is_own=item.proposed.body == body,
    )


def _done(visit: Visit, notices: Sequence[AnyNotice]) -> str | None:
    """What became of the notice that the address names by a form that was just taken, told to whoever sent it."""
    name = visit.request.query_params.get("done")
    item = next((item for item in notices if item.notice.id == name), None)
    if item is None or item.last[1].by != visit.person.principal.client_id:
        return None
    if isinstance(item, InForce):
        return f"Notice {name} is confirmed, and holds from its first day on."
    if isinstance(item, Rejected):
        return f"Notice {name} is rejected."
    return f"Notice {name} is proposed. It comes into force when the {other_body(item.proposed.body)} confirms it."
