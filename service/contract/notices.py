"""Rule notices: one rule of a contract version switched off, or given another severity, from a day on. Pure.

A notice is data beside the contract, which stays as it was published: who applies it makes of the contract's rules
those that are asked on a day. A return that is sealed is never asked again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from service.contract.model import Contract, Deviation, PartName, Rule, Severity
from service.contract.source import closest
from service.contract.values import Check

OFF: Final = "off"
SIGNED_TYPE: Final = "rule-notice+jwt"
"""The ``typ`` of a notice's signature: no token can pass for one, nor the other way round."""
WHOLE: Final = 2_000
"""Characters of the reason, at most."""
_ID: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[a-z0-9][a-z0-9-]{0,40}")
_SETTLED: Final = frozenset({Check.SUM_DIFFERS})
"""The checks of reading that a notice may speak of: like a condition they look at nothing but the row's own values.
Every other check has no value to keep, or compares with what only an upload can see."""


class Notice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """What a notice says. ``until`` is its last day; none: until another notice says otherwise."""

    id: str
    contracts: tuple[str, ...]
    rule: str
    severity: Literal["off", "validity", "quality", "macro"]
    start: date
    until: date | None = None
    why: Annotated[str, Meta(min_length=1, max_length=WHOLE)]
    issued_by: str
    """The body that proposed it."""

    def holds_on(self, day: date) -> bool:
        """Whether the day is one of its days."""
        return self.start <= day and (self.until is None or day <= self.until)


class Adopted(Struct, frozen=True, kw_only=True):
    """A notice that came into force, and the day on which it did: it may be later than its first day."""

    notice: Notice
    on: date

    @property
    def since(self) -> date:
        """From when on it was asked."""
        return max(self.notice.start, self.on)


class Replaced(Struct, frozen=True, kw_only=True):
    """That another notice has taken the place of one, in some contract versions, and since when."""

    by: str
    since: date
    contracts: tuple[str, ...]


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a notice, by its member."""

    pointer: str
    says: str
    fix: str


def canonical(notice: Notice) -> bytes:
    """The notice as JSON with its members in order and no blanks: what is hashed, signed and logged."""
    return msgspec.json.encode(notice, order="sorted")


def hash_of(notice: Notice) -> str:
    """SHA-256 of what it says."""
    return hashlib.sha256(canonical(notice)).hexdigest()


def noticed(contract: Contract, notices: Sequence[Notice], day: date) -> Contract:
    """The contract with the rules that are asked on a day. ``notices`` are those in force, in the order in which they
    came into force: of two for one rule the one with the later first day holds, of two of the same day the later."""
    deviations: dict[str, Deviation] = {}
    holding = _holding(contract.version, notices, day)
    for rule in contract.rules:
        notice = holding.get(rule.id)
        severity = rule.severity if rule.until is None or day <= rule.until else None
        if notice is not None:
            severity = None if notice.severity == OFF else Severity(notice.severity)
        if severity is not rule.severity:
            deviations[rule.id] = Deviation(severity, None if notice is None else notice.id)
    if not deviations:
        return contract
    return replace(contract, rules=tuple(_asked(contract.rules, deviations)), deviations=deviations)


def _holding(version: str, notices: Iterable[Notice], day: date) -> dict[str, Notice]:
    """The notice that holds on a day, for each rule that has one."""
    found: dict[str, Notice] = {}
    for notice in notices:
        if version in notice.contracts and notice.holds_on(day):
            before = found.get(notice.rule)
            if before is None or before.start <= notice.start:
                found[notice.rule] = notice
    return found


def replaced(notice: Notice, adopted: Sequence[Adopted], day: date) -> tuple[Replaced, ...]:
    """Which others stand in a notice's place on a day that is one of its own; of several that do, the one that has done
    so longest, which may have been replaced in its turn. ``adopted`` as for ``noticed``."""
    if not notice.holds_on(day):
        return ()
    own = next((place for place, each in enumerate(adopted) if each.notice.id == notice.id), len(adopted))
    found: dict[tuple[str, date], list[str]] = {}
    for version in notice.contracts:
        instead = [
            each
            for place, each in enumerate(adopted)
            if each.notice.rule == notice.rule
            and version in each.notice.contracts
            and each.notice.holds_on(day)
            and (each.notice.start, place) > (notice.start, own)
        ]
        if instead:
            first = min(instead, key=lambda each: each.since)
            found.setdefault((first.notice.id, first.since), []).append(version)
    return tuple(Replaced(by=by, since=since, contracts=tuple(in_)) for (by, since), in_ in found.items())


def is_replaced(notice: Notice, adopted: Sequence[Adopted], day: date) -> bool:
    """Whether others stand in its place in every contract version that it is for."""
    return {version for each in replaced(notice, adopted, day) for version in each.contracts} == set(notice.contracts)


def _asked(rules: Iterable[Rule], deviations: Mapping[str, Deviation]) -> Iterator[Rule]:
    for rule in rules:
        found = deviations.get(rule.id)
        if found is None:
            yield rule
        elif found.severity is not None:
            yield replace(rule, severity=found.severity, notice=found.notice, published=rule.severity)


def treatments(rule: Rule) -> tuple[str, ...]:
    """What a notice can make of a rule; nothing where it always holds."""
    if rule.check is not None and rule.check not in _SETTLED:
        return ()
    if rule.parts == (PartName.RETURN,):
        return (OFF, Severity.MACRO.value)
    return (OFF, Severity.VALIDITY.value, Severity.QUALITY.value)


def problems_of(notice: Notice, contracts: Mapping[str, Contract], today: date) -> list[Problem]:
    """Everything for which a notice cannot be taken on a day."""
    found: list[Problem] = []
    if not _ID.fullmatch(notice.id):
        found.append(_problem("id", "This is not a notice's id.", "Write year, month and a few words: 2026-03-q337."))
    if notice.until is not None and notice.until < notice.start:
        found.append(_problem("until", "It would end before it begins.", "Name a day from its first one on."))
    elif notice.until is not None and notice.until < today:
        found.append(_problem("until", "Its last day has passed already.", "Name today or a later day, or none."))
    if not notice.why.strip():
        found.append(_problem("why", "A notice says why.", "Write the reason for forces to read."))
    if not notice.contracts:
        found.append(_problem("contracts", "It is for no contract version.", "Name those that it is for."))
    for place, version in enumerate(notice.contracts):
        found += _problems_in(notice, contracts.get(version), place, contracts)
    return found


def _problems_in(
    notice: Notice, contract: Contract | None, place: int, contracts: Mapping[str, Contract]
) -> Iterator[Problem]:
    if contract is None:
        yield _problem(f"contracts/{place}", "There is no such contract version.", f"One of: {', '.join(contracts)}.")
        return
    if notice.contracts.index(contract.version) != place:
        yield _problem(f"contracts/{place}", "This contract version stands twice.", "Name it once.")
        return
    rule = contract.rule.get(notice.rule)
    if rule is None:
        says = f"Contract version {contract.version} has no such rule."
        yield _problem("rule", says, closest(notice.rule, contract.rule) or "Take it from /api/contracts.")
        return
    can_be = treatments(rule)
    if not can_be:
        says = f"Rule {rule.id} says what reading cannot keep or what only an upload can see: it always holds."
        yield _problem("rule", says, "A notice can be about a rule with a condition.")
    elif notice.severity not in can_be:
        fix = "It is off, or macro." if "macro" in can_be else "It is off, quality or validity."
        yield _problem("severity", f"Rule {rule.id} cannot have this severity.", fix)


def _problem(member: str, says: str, fix: str) -> Problem:
    return Problem(pointer=f"/{member}", says=says, fix=fix)
