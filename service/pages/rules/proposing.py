"""Propose a rule notice: the rule first, then how it is to be treated, then what that would mean, and only then the
proposal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal

from litestar import Response, get, post

from service.clock import london_date
from service.contract.model import Contract, Rule
from service.contract.notices import OFF, WHOLE, Notice, problems_of, treatments
from service.contract.source import closest
from service.identity.principal import Permission
from service.notices.adopt import NoticeRefused, propose, taken
from service.notices.store import InForce, all_notices
from service.pages.days import typed_day
from service.pages.force.forms import FINE, REFUSALS, Problem, Problems, Typed, refused, too_long, typed
from service.pages.force.words import SEVERITY
from service.pages.rules.adopter import adopter_of
from service.pages.rules.words import EFFECT, TREATED, how_often, meaning, rule_of, title_of
from service.pages.visit import Visit, Visiting, to
from service.picture.disputes import disputes_by_rule

_AT: Final = "/rules/propose"
_FIELDS: Final = ("contracts", "severity", "start", "until", "why", "id")
"""In their order on the page: an error summary has the same."""
_START, _UNTIL = "start-day", "until-day"
_PLACES: Final = {"start": _START, "until": _UNTIL}
Treatment = Literal["off", "validity", "quality", "macro"]
_TREATMENTS: Final[tuple[Treatment, ...]] = (OFF, "validity", "quality", "macro")


@get(_AT, include_in_schema=False)
async def show_proposing(visit: Visiting) -> Response[str]:
    """The form for a rule that the address names, or which rule it is to be."""
    adopter_of(visit, Permission.TERMS_PROPOSE)
    name = visit.request.query_params.get("rule", "").strip()
    contracts = visit.context.library.contracts
    rule, problems = _rule(contracts, name)
    if rule is None:
        return _choose(visit, name, problems if "rule" in visit.request.query_params else FINE)
    today = london_date(visit.context.now())
    versions = [version for version, contract in contracts.items() if rule.id in contract.rule]
    begun = {"rule": [rule.id], "contracts": versions, "id": [await _free_id(visit, rule.id, today)]}
    return await _form(visit, rule, Typed(begun))


@post(_AT, include_in_schema=False, status_code=303)
async def take_proposal(visit: Visiting) -> Response[str] | Response[None]:
    """Say what it would mean; and, of somebody who has read that, propose it."""
    by, sent = adopter_of(visit, Permission.TERMS_PROPOSE), await typed(visit.request)
    context = visit.context
    rule, problems = _rule(context.library.contracts, sent.one("rule"))
    if rule is None:
        return _choose(visit, sent.one("rule"), problems)
    if sent.one("do") == "change":
        return await _form(visit, rule, sent)
    read = _read(sent, by.body, context.library.contracts, london_date(context.now()))
    if isinstance(read, Problems):
        return await _form(visit, rule, sent, read, 422)
    try:
        if sent.one("do") != "propose":
            return await _check(visit, rule, sent, read)
        await propose(context.db, context.library.contracts, by, read, context.now())
    except NoticeRefused as error:
        told = [(each["pointer"].split("/")[1], f"{each['says']} {each['fix']}") for each in error.errors]
        return await _form(visit, rule, sent, _in_order(told), 422)
    except REFUSALS as error:
        return await _form(visit, rule, sent, *refused(visit, error, "id"))
    return to(f"/rules?done={read.id}")


def _rule(contracts: Mapping[str, Contract], name: str) -> tuple[Rule | None, Problems]:
    """The rule that a notice is to be about, or why it cannot be."""
    rule = rule_of(contracts, contracts, name)
    if rule is None:
        known = {each for contract in contracts.values() for each in contract.rule}
        says = f"There is no rule {name}. {closest(name.upper(), known) or 'Take it from the data standard.'}"
        return None, Problems([Problem("rule", says if name else "Write the rule, as findings name it")])
    if not treatments(rule):
        says = f"Rule {rule.id} says what reading cannot keep or what only an upload can see: it always holds"
        return None, Problems([Problem("rule", says)])
    return rule, FINE


def _choose(visit: Visit, name: str, problems: Problems) -> Response[str]:
    status = 422 if problems else 200
    return visit.page("rules/choose.html", status=status, here="rules", name=name, problems=problems)


async def _form(visit: Visit, rule: Rule, sent: Typed, problems: Problems = FINE, status: int = 200) -> Response[str]:
    return visit.page(
        "rules/propose.html",
        status=status,
        here="rules",
        versions=[version for version, contract in visit.context.library.contracts.items() if rule.id in contract.rule],
        treatments=[(value, TREATED[value], f"It {EFFECT[value]}.") for value in treatments(rule)],
        longest=WHOLE,
        sent=sent,
        problems=problems,
        **await _of_rule(visit, rule),
    )


async def _check(visit: Visit, rule: Rule, sent: Typed, notice: Notice) -> Response[str]:
    """What the notice would mean, with all of it in fields that are not seen: what was read is what is proposed."""
    context = visit.context
    async with context.db.app() as tx:
        notices = await all_notices(tx)
    there = next((item for item in notices if item.notice.id == notice.id), None)
    if there is not None:
        raise taken(there, notice)
    in_force = [item.notice for item in notices if isinstance(item, InForce)]
    return visit.page(
        "rules/check.html",
        here="rules",
        notice=notice,
        treated=TREATED[notice.severity],
        sentences=meaning(notice, context.library.contracts, in_force, london_date(context.now())),
        kept=[(name, value) for name, values in sent.values.items() if name != "do" for value in values],
        **await _of_rule(visit, rule),
    )


async def _of_rule(visit: Visit, rule: Rule) -> dict[str, Any]:
    """The rule as it was published, and how often it is disputed, for who may know."""
    disputes = None
    if visit.is_national:
        async with visit.context.db.national() as tx:
            disputes = how_often(rule.id, await disputes_by_rule(tx))
    return {"rule": rule, "title": title_of(rule), "published": SEVERITY[rule.severity], "disputes": disputes}


async def _free_id(visit: Visit, rule: str, today: date) -> str:
    """An id that no notice has: the month, the rule, and a number where there was one already."""
    async with visit.context.db.app() as tx:
        taken = {item.notice.id for item in await all_notices(tx)}
    begun = f"{today:%Y-%m}-{re.sub('[^a-z0-9]+', '-', rule.lower()).strip('-')[:36]}"
    return next(each for n in range(1, len(taken) + 2) if (each := begun if n == 1 else f"{begun}-{n}") not in taken)


def _read(sent: Typed, body: str, contracts: Mapping[str, Contract], today: date) -> Notice | Problems:
    """The notice that was typed, or everything that is wrong with it."""
    start, until = typed_day(sent, "start"), typed_day(sent, "until")
    severity = next((each for each in _TREATMENTS if each == sent.one("severity")), None)
    told: list[tuple[str, str]] = []
    if severity is None:
        told.append(("severity", "Say how the rule is to be treated"))
    if start.value is None:
        told.append(("start", start.wrong or "Write the first day"))
    if until.wrong is not None:
        told.append(("until", until.wrong))
    told += [(each.field, each.says) for each in too_long("why", sent.one("why"), WHOLE)]
    notice = Notice(
        id=sent.one("id"),
        contracts=tuple(sent.many("contracts")),
        rule=sent.one("rule"),
        severity=severity or OFF,
        start=start.value or min(today, until.value or today),
        until=until.value,
        why=sent.one("why"),
        issued_by=body,
    )
    wrong = {field for field, _ in told}
    for each in problems_of(notice, contracts, today):
        field = each.pointer.split("/")[1]
        if field not in wrong:
            wrong.add(field)
            told.append((field, f"{each.says} {each.fix}"))
    return _in_order(told) if told else notice


def _in_order(told: Sequence[tuple[str, str]]) -> Problems:
    """In the order of the fields; what is wrong with the rule in a version stands beside the versions."""
    fields = [("contracts" if field == "rule" else field, says) for field, says in told]
    found = sorted(fields, key=lambda each: _FIELDS.index(each[0]))
    return Problems([Problem(_PLACES.get(field, field), says) for field, says in found])
