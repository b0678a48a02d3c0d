"""What the rules found: counted by rule, and listed a page at a time, by severity or by rule."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from litestar import Response, get
from msgspec import Struct

from service.contract.findings import key_name
from service.contract.mending import allowed
from service.contract.model import Contract, PartName, Severity
from service.contract.values import Check
from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.pages.force.place import HERE, Place, place_of
from service.pages.force.words import SEVERITY, rule_fix, rule_title
from service.pages.visit import Visiting
from service.returns.findings import Cursor, ListedFinding, RuleCount, count_by_rule
from service.returns.model import Open
from service.returns.not_run import checks_not_run
from service.returns.reading import read_findings

PAGE: Final = 25
_PLACE: Final = re.compile(r"(-?\d{1,5})\.(-?\d{1,10})\.([A-Za-z0-9_-]{0,40})\.(-?\d{1,18})")
_PART: Final = {
    PartName.CASE: "Row",
    PartName.AGGREGATE: "Counts, row",
    PartName.WORKFORCE: "Workforce, row",
}


_DONE: Final = {"answered": "Your answer is stored.", "sheet": "The answers of your sheet are stored."}

_VALUE: Final = {"": "Value", Check.KNOWLEDGE_LOST.value: "Before"}
"""What the value of a finding is, where it is not simply what was sent."""


class Counted(Struct, frozen=True, kw_only=True):
    """A rule with how often it was not met, in words."""

    count: RuleCount
    title: str
    fix: str
    guidance: str
    severity: str


class Line(Struct, frozen=True, kw_only=True):
    """One finding as a page shows it. ``where`` is the row of the file, or that it is about the whole return."""

    key: str | None
    where: str
    rule: str
    severity: str
    holds: bool
    label: str | None
    value: str | None
    value_is: str
    says: str
    allowed: str
    fix: str
    answer: str | None
    held: int | None
    notice: str | None


@get("/forces/{force:str}/returns/{period:str}/findings", include_in_schema=False)
async def show_findings(visit: Visiting) -> Response[str]:
    """All of them, or those of one severity or one rule."""
    place = await place_of(visit)
    contract = contract_of(place)
    asked = visit.request.query_params
    severity = _severity(asked.get("severity", ""))
    rule = asked.get("rule") or None
    if rule is not None and rule not in contract.rule:
        raise NotFound(NOT_HERE)
    async with place.context.db.force(place.number) as tx:
        counts = await count_by_rule(tx, contract, place.item)
    page, following = await read_findings(
        place.context,
        visit.actor,
        place.item,
        severity=severity,
        rule=rule,
        after=cursor_of(asked.get("after")),
        limit=PAGE,
    )
    said = {name: value for name, value in (("severity", severity or ""), ("rule", rule or "")) if value}
    chosen = [count for count in counts if severity in (None, count.severity) and rule in (None, count.rule)]
    return visit.page(
        "force/findings.html",
        here=HERE,
        place=place,
        counted=[in_words(contract, count) for count in counts],
        severities=[(name.value, words) for name, words in SEVERITY.items()],
        asked={"severity": severity or "", "rule": rule or ""},
        query=f"?{urlencode(said)}" if said else "",
        total=sum(count.total for count in chosen),
        waiting=sum(count.waiting for count in counts),
        lines=[line_of(contract, found) for found in page],
        following=None if following is None else f"?{urlencode({**said, 'after': cursor_text(following)})}#list",
        is_later="after" in asked,
        may_answer=isinstance(place.item, Open) and place.may_write and any(not each.severity.holds for each in counts),
        not_run=await checks_not_run(place.context, place.item) if isinstance(place.item, Open) else (),
        done=_DONE.get(asked.get("done", "")),
    )


def contract_of(place: Place) -> Contract:
    """The contract version that the return is written in."""
    return place.context.library.contracts[place.item.contract_version]


def in_words(contract: Contract, count: RuleCount) -> Counted:
    """A counted rule as people read it."""
    rule = contract.rule[count.rule]
    return Counted(
        count=count,
        title=rule_title(rule) if count.says is None else count.says.rstrip("."),
        fix=rule_fix(rule),
        guidance=rule.guidance,
        severity=SEVERITY[count.severity],
    )


def line_of(contract: Contract, found: ListedFinding) -> Line:
    """A finding in words, with everything that helps to mend it."""
    document = found.document
    part = contract.parts.get(PartName(document["part"]))
    field = part.by_name.get(document["field"] or "") if part is not None else None
    severity = Severity(document["severity"])
    where = _PART.get(PartName(document["part"]))
    takes = allowed(field) if field is not None and severity.holds else ""
    return Line(
        key=document[key_name(contract)],
        where="The whole return" if where is None else f"{where} {document['row']:,}",
        rule=document["rule"],
        severity=SEVERITY[severity],
        holds=severity.holds,
        label=field.label if field is not None else document["field"] if part is not None else None,
        value=None if part is None else document["value"],
        value_is=_VALUE.get(contract.rule[document["rule"]].check or "", "Sent"),
        says=document["says"],
        allowed="" if takes in document["fix"] else takes,
        fix=document["fix"],
        answer=found.answer,
        held=found.held,
        notice=document["notice"],
    )


def cursor_text(place: Cursor) -> str:
    """Where a page ended, as it stands in an address: numbers and a rule, nothing of a row."""
    return f"{place.part}.{place.row}.{place.rule}.{place.id}"


def cursor_of(text: str | None) -> Cursor | None:
    """The same, read again; NotFound for what was not written here."""
    if text is None:
        return None
    found = _PLACE.fullmatch(text) if text.isascii() else None
    if found is None:
        raise NotFound(NOT_HERE)
    place = Cursor(int(found[1]), int(found[2]), found[3], int(found[4]))
    if not (-1 <= place.part < 1 << 15 and -1 <= place.row < 1 << 31 and -1 <= place.id < 1 << 62):
        raise NotFound(NOT_HERE)
    return place


def _severity(text: str) -> Severity | None:
    if not text:
        return None
    if text not in set(Severity):
        raise NotFound(NOT_HERE)
    return Severity(text)
