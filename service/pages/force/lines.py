"""One finding as the pages show it: in words, with everything that helps to mend it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import Struct

from service.contract.findings import key_name
from service.contract.mending import allowed
from service.contract.model import Contract, PartName, Severity
from service.contract.values import Check
from service.pages.force.place import Place
from service.pages.force.words import SEVERITY
from service.returns.findings import ListedFinding

_PART: Final = {
    PartName.CASE: "Row",
    PartName.AGGREGATE: "Counts, row",
    PartName.WORKFORCE: "Workforce, row",
}

_VALUE: Final = {"": "Value", Check.KNOWLEDGE_LOST.value: "Before"}
"""What the value of a finding is, where it is not simply what was sent."""


class Line(Struct, frozen=True, kw_only=True):
    """One finding as a page shows it. ``n`` is its number on the page, ``where`` the row of the file, or that it is
    about the whole return."""

    n: int
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
    case_id: UUID | None
    notice: str | None


def contract_of(place: Place) -> Contract:
    """The contract version that the return is written in."""
    return place.context.library.contracts[place.item.contract_version]


def line_of(contract: Contract, found: ListedFinding, n: int) -> Line:
    """A finding in words, with everything that helps to mend it."""
    document = found.document
    part = contract.parts.get(PartName(document["part"]))
    field = part.by_name.get(document["field"] or "") if part is not None else None
    severity = Severity(document["severity"])
    where = _PART.get(PartName(document["part"]))
    takes = allowed(field) if field is not None and severity.holds else ""
    return Line(
        n=n,
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
        case_id=found.case_id,
        notice=document["notice"],
    )
