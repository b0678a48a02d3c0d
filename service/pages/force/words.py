"""The words of these pages: what a code, a state or a count is called where a data lead reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from service.clock import london_date
from service.contract.fitting import fitted
from service.contract.model import PartName, Role, Rule, Severity
from service.contract.values import Check
from service.pages.force.place import Place
from service.pages.site import day, number
from service.returns.context import Context
from service.returns.model import Open
from service.returns.seal import Reason

SEVERITY: Final[Mapping[Severity, str]] = {
    Severity.SYNTACTICAL: "Cannot be read",
    Severity.VALIDITY: "Cannot be right",
    Severity.QUALITY: "Unlikely or missing",
    Severity.MACRO: "About the whole return",
}

REASONS: Final[Mapping[str, str]] = {
    "duplicate": "It is the same as another case",
    "recorded_in_error": "It was recorded in error",
    "transferred": "It was transferred to another force, which has sealed it",
    "not_in_search": "The search should not have found it",
    "other": "Something else",
}
"""Why a case or a row is no longer reported; the codes are those of the API."""


class Named(Struct, frozen=True):
    """A part of a return as it stands in addresses, and in sentences."""

    part: PartName
    title: str
    rows: str
    row: str


PARTS: Final[Mapping[str, Named]] = {
    "cases": Named(PartName.CASE, "cases", "cases", "case"),
    "aggregates": Named(PartName.AGGREGATE, "counts for years without cases", "counts", "count"),
    "workforce": Named(PartName.WORKFORCE, "workforce", "teams and phases", "team and phase"),
}
"""By the word in the address."""

_CHECK: Final[Mapping[Check, str]] = {
    Check.NUMBER: "Not a whole number",
    Check.DATE: "Not a date that can be read",
    Check.DECIMAL: "Not a number with at most two decimal places",
    Check.TEXT: "Not a text that can be taken",
    Check.SHAPE: "A row that cannot be read",
    Check.ENCODING: "Characters that cannot be read",
    Check.CODE: "Not in the code list",
    Check.REQUIRED: "Missing, and a row cannot stand without it",
    Check.BOUNDS: "A value that cannot be",
    Check.PATTERN: "Not of the form of such a reference",
    Check.PERSONAL: "Looks like something about a person",
    Check.UNKNOWN_COLUMN: "A column that the standard does not have",
    Check.DUPLICATE_KEY: "The same reference more than once in a file",
    Check.EXACT: "Several values, where one is needed",
    Check.NOT_APPLICABLE: "Not applicable, where it applies to every row",
    Check.DUPLICATE_CELL: "The same breakdown as another row",
    Check.FORMER_IN_USE: "A former reference that another case still has",
    Check.KNOWLEDGE_LOST: "Known before, and empty now",
    Check.SUM_EXCEEDS: "Parts that add up to more than their total",
    Check.SUM_DIFFERS: "Parts that do not add up to their total",
}
"""What a check of reading is called where many findings of it are counted; a single finding has words of its own."""

_ASIDE: Final = re.compile(r" \(\{[a-z0-9_]+\}\)")
_PLACE: Final = re.compile(r"'?\{[a-z0-9_]+\}'?")


def rule_title(rule: Rule) -> str:
    """A rule where many findings of it are counted: its sentence, without the values of one row."""
    if rule.check is not None:
        return _CHECK[Check(rule.check)]
    return _PLACE.sub("…", _ASIDE.sub("", rule.says)).rstrip(".")


def rule_fix(rule: Rule, severity: Severity) -> str:
    """What to do about findings of a rule that have this severity, where it can be said without one row's values."""
    fix = fitted(rule, severity)
    return "" if "{" in fix else fix


def counted(count: int, one: str, many: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{number(count)} {one if count == 1 else many}"


def stage_title(context: Context, edition: str, code: str | None) -> str:
    """A stage as the contract calls it, in the version that the scope edition reads by."""
    field = context.library.contracts[context.editions[edition].vocabulary].parts[PartName.CASE].by_role[Role.STAGE]
    if code is None:
        return "Stage not known"
    return code if field.list is None else field.list.by_code[code].title


class Step(Struct, frozen=True):
    """What the force can do next: a sentence, and the page where it is done."""

    says: str
    href: str
    do: str


def next_step(place: Place, item: Open, reasons: tuple[Reason, ...]) -> Step:
    """What an open return needs next. ``reasons`` stand in the way of its seal."""
    if reasons:
        return _resolve(place, reasons[0])
    counts = item.summary.get("counts", {})
    if not counts.get("cases") and not counts.get("aggregate_cells"):
        return Step("Upload your cases, or counts for years without cases.", f"{place.path}/upload/cases", "Upload")
    context = place.context
    due = context.terms.calendar.due(place.period)
    late = london_date(context.now()) > due
    by = f"it was due by {day(due)}" if late else f"it is due by {day(due)}"
    if not any(counts.get(name) for name in ("new", "changed", "withdrawn")):
        says = f"Nothing differs from the last sealed return. Upload what changed, or seal it as it is: {by}."
        return Step(says, f"{place.path}/upload/cases", "Upload what changed")
    return Step(f"Nothing stands in the way. Check and seal the return: {by}.", f"{place.path}/seal", "Check and seal")


def _resolve(place: Place, reason: Reason) -> Step:
    count = reason.count
    match reason.code:
        case "base-moved":
            says = "The sealed return under this one changed since you sent your file. Send the file again, whole."
            return Step(says, f"{place.path}/upload/cases", "Send the file again")
        case "older-version":
            return Step(f"{reason.says} {reason.do}", f"{place.path}/upload/cases", "Send the cases again")
        case "held-rows":
            return Step(
                f"{counted(count, 'row', 'rows')} could not be taken. {reason.do}", f"{place.path}/held", "See the rows"
            )
        case "not-in-snapshot":
            says = f"{counted(count, 'case is', 'cases are')} not in your file. Say for each whether to keep it."
            return Step(says, f"{place.path}/missing", "See the cases")
        case "unanswered-findings":
            waiting = counted(count, "finding waits", "findings wait")
            says = f"{waiting} for your answer. Confirm or explain, or correct the rows."
            return Step(says, f"{place.path}/findings", "See the findings")
        case "held-by-notice":
            return Step(f"{reason.says} {reason.do}", f"{place.path}/findings", "See the findings")
        case "not-taken-over":
            return Step(f"{reason.says} {reason.do}", f"{place.path}/missing", "See the cases")
        case _:
            return Step(f"{reason.says} {reason.do}", place.path, "See the return")


def label_of(context: Context, edition: str, attribute: str) -> str:
    """An attribute as the contract calls it, in the version that the scope edition reads by."""
    fields = context.library.contracts[context.editions[edition].vocabulary].parts[PartName.CASE].by_name
    return fields[attribute].label if attribute in fields else attribute
