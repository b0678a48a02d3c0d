"""What the rules found: counted by rule, and listed a page at a time, by severity or by rule."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from litestar import Response, get, post
from msgspec import Struct

from service.contract.model import Contract, Severity
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force import disputing
from service.pages.force.forms import typed
from service.pages.force.lines import contract_of, line_of
from service.pages.force.place import HERE, Place, place_of
from service.pages.force.words import SEVERITY, rule_fix, rule_title
from service.pages.visit import Visiting
from service.returns.findings import Cursor, RuleCount, count_by_rule
from service.returns.model import Open
from service.returns.not_run import checks_not_run
from service.returns.reading import read_findings

PAGE: Final = 25
_PLACE: Final = re.compile(r"(-?\d{1,5})\.(-?\d{1,10})\.([A-Za-z0-9_-]{0,40})\.(-?\d{1,18})")
_DONE: Final = {"answered": "Your answer is stored.", "sheet": "The answers of your sheet are stored."}
_AT: Final = "/forces/{force:str}/returns/{period:str}/findings"


class Counted(Struct, frozen=True, kw_only=True):
    """A rule with how often it was not met, in words."""

    count: RuleCount
    title: str
    fix: str
    guidance: str
    severity: str


@get(_AT, include_in_schema=False)
async def show_findings(visit: Visiting) -> Response[str]:
    """All of them, or those of one severity or one rule."""
    return await _page(await place_of(visit))


@post(_AT, include_in_schema=False, status_code=303)
async def take_dispute(visit: Visiting) -> Response[str] | Response[None]:
    """What the force holds to be wrong about one of them."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    sent, asked = await typed(visit.request), _asked(place)
    return await disputing.take_dispute(place, sent, asked.address, lambda refusal: _page(place, refusal))


class _Asked(Struct, frozen=True, kw_only=True):
    """Which findings the page is of. ``address`` is that of the page."""

    severity: Severity | None
    rule: str | None
    after: str | None
    path: str

    @property
    def said(self) -> dict[str, str]:
        """What was chosen, as it stands in addresses."""
        return {name: value for name, value in (("severity", self.severity), ("rule", self.rule)) if value}

    @property
    def address(self) -> str:
        said = self.said if self.after is None else {**self.said, "after": self.after}
        return f"{self.path}?{urlencode(said)}" if said else self.path

    def takes(self, count: RuleCount) -> bool:
        """Whether the findings of this rule are among them."""
        return self.severity in (None, count.severity) and self.rule in (None, count.rule)


def _asked(place: Place) -> _Asked:
    query = place.visit.request.query_params
    rule = query.get("rule") or None
    if rule is not None and rule not in contract_of(place).rule:
        raise NotFound(NOT_HERE)
    severity = _severity(query.get("severity", ""))
    return _Asked(severity=severity, rule=rule, after=query.get("after"), path=f"{place.path}/findings")


async def _page(place: Place, refusal: disputing.Refused | None = None) -> Response[str]:
    visit, item, contract, asked = place.visit, place.item, contract_of(place), _asked(place)
    after = cursor_of(asked.after)
    async with place.context.db.force(place.number) as tx:
        counts = await count_by_rule(tx, contract, item)
    page, following = await read_findings(
        place.context, visit.actor, item, severity=asked.severity, rule=asked.rule, after=after, limit=PAGE
    )
    lines = [line_of(contract, found, n) for n, found in enumerate(page, 1)]
    disputes = await disputing.disputing_on(place, lines, asked.address, refusal)
    more = None if following is None else urlencode({**asked.said, "after": cursor_text(following)})
    return visit.page(
        "force/findings.html",
        status=200 if refusal is None else refusal.status,
        here=HERE,
        place=place,
        counted=[in_words(contract, count) for count in counts],
        severities=[(name.value, words) for name, words in SEVERITY.items()],
        asked={"severity": asked.severity or "", "rule": asked.rule or ""},
        query=f"?{urlencode(asked.said)}" if asked.said else "",
        total=sum(count.total for count in counts if asked.takes(count)),
        waiting=sum(count.waiting for count in counts),
        lines=lines,
        following=None if more is None else f"?{more}#list",
        is_later=after is not None,
        may_answer=isinstance(item, Open) and place.may_write and any(not each.severity.holds for each in counts),
        not_run=await checks_not_run(place.context, item) if isinstance(item, Open) else (),
        done=_DONE.get(visit.request.query_params.get("done", "")) if refusal is None else None,
        disputing=disputes,
        problems=disputes.problems,
    )


def in_words(contract: Contract, count: RuleCount) -> Counted:
    """A counted rule as people read it."""
    rule = contract.rule[count.rule]
    return Counted(
        count=count,
        title=rule_title(rule) if count.says is None else count.says.rstrip("."),
        fix=rule_fix(rule, count.severity),
        guidance=rule.guidance,
        severity=SEVERITY[count.severity],
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
