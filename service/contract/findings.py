"""A finding: one rule that one row did not meet, and the words in which a person is told.

A finding carries what was sent; its words are made from the contract's rule when somebody looks, so that they can be
improved without touching what is stored. Every finding says what is wrong, what is allowed, and what to write.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from service.contract.canonical import SEPARATOR
from service.contract.fitting import fitted
from service.contract.mending import Mend, allowed, closest, mend
from service.contract.model import Contract, Field, Part, PartName, Role, Rule, Severity
from service.contract.steps import renames_of
from service.contract.values import BLANKS, Check

PART_ORDER: Final[Mapping[PartName, int]] = {part: number for number, part in enumerate(PartName)}
"""The order in which parts are listed."""

LONGEST_VALUE: Final = 200
"""So much of a value is kept and shown with a finding; the row's whole text is kept elsewhere."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_.]*)\}")


class Finding(Struct, frozen=True, gc=False):
    """``row`` as the sender counts (see ``returns/readers``); ``key`` is the row's reference, where it could be read.

    ``value`` is what was sent, or for a rule over several fields their values in the rule's order, as
    ``canonical_text`` writes them, with U+001F between them. Of a row that could not be read it is why, and behind a
    U+001F what to do, where more can be said than the rule says.
    """

    part: PartName
    row: int
    rule: str
    severity: Severity
    field: str | None = None
    value: str | None = None
    key: str | None = None
    notice: str | None = None
    """The rule notice that gave it this severity, where one did."""

    @property
    def first_value(self) -> str | None:
        """The value of the field that the finding points at."""
        return None if self.value is None else self.value.partition(SEPARATOR)[0]


def in_order(finding: Finding) -> tuple[int, int, str, str]:
    """The key to sort findings by: part, row, rule, field."""
    return PART_ORDER[finding.part], finding.row, finding.rule, finding.field or ""


def finding_id(finding: Finding) -> str | None:
    """What names a finding that words can answer, by all that its answer is bound to: the rule, the case (or, where it
    is about none, the row), and the values that the rule looked at. None for one that holds its row.

    The same file gives the same names wherever it is checked. It begins with a letter: of digits alone a spreadsheet
    would make a number.
    """
    if finding.severity.holds:
        return None
    about = finding.key if finding.key is not None else str(finding.row)
    said = (finding.rule, finding.part.value, about, finding.field or "", finding.value or "")
    return f"f{hashlib.sha256(SEPARATOR.join(said).encode()).hexdigest()[:24]}"


def found(
    contract: Contract,
    part: PartName,
    check: Check,
    row: int,
    field: str | None = None,
    value: str | None = None,
    key: str | None = None,
) -> Finding:
    """The finding of a reading check, under the id and severity that the contract gives it in this part."""
    rule = rule_of(contract, part, check)
    return Finding(part, row, rule.id, rule.severity, field, cut(value), key, rule.notice)


def rule_of(contract: Contract, part: PartName, check: Check) -> Rule:
    """The rule of a reading check in a part; where the part has none of its own, that of another part."""
    rule = contract.check.get((part, check))
    if rule is not None:
        return rule
    found = next((rule for rule in contract.rules if rule.check == check), None)
    if found is None:
        raise LookupError(f"contract {contract.version} has no rule for the check '{check}'")
    return found


def cut(value: str | None) -> str | None:
    """As much of a value as travels with a finding."""
    return value if value is None or len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"


def says(contract: Contract, finding: Finding) -> str:
    """What is wrong: ``Suspects: 'two' is not a whole number.``"""
    return _words(contract, finding)[0]


def fix(contract: Contract, finding: Finding) -> str:
    """What to do about it: ``Write 2.``"""
    return _words(contract, finding)[1]


def sentence(contract: Contract, finding: Finding) -> str:
    """The whole in one line: ``row 212, suspect_count: Suspects: 'two' is not a whole number. Write 2.``"""
    where = "the whole return" if finding.part is PartName.RETURN else f"row {finding.row}"
    field = f", {finding.field}" if finding.field is not None else ""
    return f"{where}{field}: {' '.join(_words(contract, finding))}".rstrip()


def shown(contract: Contract, finding: Finding) -> dict[str, str | int | None]:
    """A finding as it leaves the service. The row's reference stands under the name of the contract's key field."""
    what, do = _words(contract, finding)
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "part": finding.part.value,
        "row": finding.row,
        key_name(contract): finding.key,
        "field": finding.field,
        "value": finding.first_value,
        "says": what,
        "fix": do,
        "notice": finding.notice,
    }


def key_name(contract: Contract) -> str:
    """The name under which a row's reference is shown."""
    return contract.parts[PartName.CASE].by_role[Role.KEY].name


def _words(contract: Contract, finding: Finding) -> tuple[str, str]:
    rule = contract.rule[finding.rule]
    to_do = fitted(rule, finding.severity)
    if rule.check is None:
        values = dict(zip(rule.fields, (finding.value or "").split(SEPARATOR), strict=False))
        return _filled(rule.says, values), _filled(to_do, values)
    part = contract.parts.get(finding.part)
    field = part.by_name.get(finding.field or "") if part is not None else None
    check, value = Check(rule.check), finding.first_value
    mended = Mend()
    if check is Check.UNKNOWN_COLUMN:
        value, mended = finding.field, _unknown_column(contract, part, finding.field or "")
    elif check is Check.SHAPE:
        mended = Mend(write=(finding.value or "").partition(SEPARATOR)[2])
    elif check in (Check.SUM_EXCEEDS, Check.SUM_DIFFERS):
        mended = Mend(allowed=value or "")
    elif field is not None and value is not None:
        other = _of_before(contract, field, value) or _of_after(contract, field, value)
        mended = other or mend(field, check, value)
    label = field.label if field is not None else finding.field or "The row"
    values = {
        "label": label,
        "value": value or "",
        "allowed": mended.allowed or (allowed(field) if field is not None else ""),
    }
    return (
        f"{label}: {mended.says}" if mended.says else _filled(rule.says, values),
        mended.write or _filled(to_do, values),
    )


def _of_before(contract: Contract, field: Field, text: str) -> Mend | None:
    """What a code of the version before is now, where the text is one that this version does not have."""
    relisted = contract.relisted.get(field.name)
    now = () if relisted is None else relisted.codes.get(text.strip(BLANKS).lower(), ())
    if not now or contract.upgrade is None:
        return None
    which = "" if len(now) == 1 else ", or the one that it is"
    return Mend(write=f"Write {'|'.join(now)}{which}: '{text.strip(BLANKS)}' is a code of {contract.upgrade.before}.")


def _of_after(contract: Contract, field: Field, text: str) -> Mend | None:
    """What a code of a newer version is in this one, where the text is one that this version does not have."""
    newer = contract.newer.codes.get(field.name, {}).get(text.strip(BLANKS).lower())
    if newer is None:
        return None
    which = "" if len(newer.here) == 1 else ", or the one that it is"
    return Mend(
        write=f"Write {'|'.join(newer.here)}{which}: '{text.strip(BLANKS)}' is a code of {newer.version}, and this "
        f"return is written in {contract.version}."
    )


def _unknown_column(contract: Contract, part: Part | None, name: str) -> Mend:
    if part is not None and name in part.by_name:  # the return went on since to a version that has it
        return Mend(allowed=f"Send the row again: {contract.version} has this field.")
    now = renames_of(contract.upgrade).get(name)
    if part is not None and now in part.by_name:
        return Mend(allowed=f"Call it '{now}': that is its name in {contract.version}.")
    newer = contract.newer.fields.get(name)
    if part is not None and newer is not None and newer.here in part.by_name:
        return Mend(
            allowed=f"Call it '{newer.here}': '{name}' is its name in {newer.version}, and this return is written in "
            f"{contract.version}."
        )
    if part is not None and newer is not None and newer.here is None and part.name in newer.parts:
        return Mend(
            allowed=f"Leave it out, or write the return in {newer.version}: {contract.version} does not have this "
            "field yet."
        )
    near = closest(name, part.by_name) if part is not None else None
    return Mend(allowed=f"Call it '{near}', if that is meant." if near else "Leave it out.")


def _filled(words: str, values: Mapping[str, str]) -> str:
    """The rule's words with the values of this finding in their places."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1]) or "not known", words)
