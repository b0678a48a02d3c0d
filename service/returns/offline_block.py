"""What is found in a file a block at a time, by reading it and by the rules that look at one row; and what has to be
remembered of each block for the rules that look at the whole file.

A block needs nothing of those before it, so several can be checked at the same time (``offline_processes.py``).
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from msgspec import Struct

from service.contract.canonical import Texts
from service.contract.findings import Finding, cut, found, in_order
from service.contract.model import Contract, Field, Part, Role, Rule, Severity, Sum
from service.contract.values import Check, Value
from service.criteria.columnwise import Columnwise, Observations, bits
from service.criteria.tree import fields_of
from service.returns.comparing import Comparing
from service.returns.doubles import Doubles, Hashes
from service.returns.finding_log import pack
from service.returns.previous import Laid, Previous
from service.returns.readers import TypedBlock
from service.returns.readers.otherwise import Written


class CheckedBlock(Struct, frozen=True):
    """One block, checked: small enough to be handed from one process to another."""

    received: int
    held: list[int]
    """Rows that cannot be accepted as they are; one may stand twice."""
    findings: list[bytes]
    """In order, packed."""
    severities: Counter[Severity]
    notes: tuple[str, ...]
    sent: frozenset[str]
    """Fields that the file has."""
    known: frozenset[str]
    """Fields of which some row says anything."""


class Remembered(Struct, frozen=True):
    """What the rules that look at the whole file have to know of some blocks."""

    doubles: tuple[Hashes, Hashes]
    comparing: tuple[dict[str, Hashes], list[Finding]]
    written: Written


class Checking:
    """Blocks of one file under way."""

    def __init__(self, contract: Contract, part: Part, previous: Previous | None = None) -> None:
        self._contract, self._part = contract, part
        self._rules = contract.rules_of(part.name)
        self._evaluator, self._texts = Columnwise(), Texts()
        self.doubles = Doubles(contract, part)
        self.comparing = Comparing(contract, part, previous)
        self.written = Written()

    def take(self, over: Laid) -> CheckedBlock:
        """What is found in a block by itself."""
        checked = self._checked(over)
        self.doubles.take(over.block, frozenset(checked.held))
        self.comparing.take(over)
        self.written.join(over.block.written)
        return checked

    @property
    def remembered(self) -> Remembered:
        """What is remembered of the blocks so far, without the blocks."""
        return Remembered(self.doubles.remembered, self.comparing.remembered, self.written)

    def join(self, remembered: Remembered) -> None:
        """Remember what another one does, of other blocks of the file."""
        self.doubles.join(remembered.doubles)
        self.comparing.join(remembered.comparing)
        self.written.join(remembered.written)

    def _checked(self, over: Laid) -> CheckedBlock:
        block = over.block
        seen = self._evaluator.over(len(block.rows), block.values)
        ruled = [*self._missing(over), *self._ruled(block, seen), *self._sums(block, seen)]
        read = [*block.findings, *(finding for row in block.unread for finding in row.findings)]
        findings = sorted((*read, *ruled), key=in_order)
        held = [block.rows[index] for index in block.held]
        held += (row.row for row in block.unread)
        held += (finding.row for finding in ruled if finding.severity.holds)
        pieces, severities = pack(findings)
        return CheckedBlock(
            received=block.received,
            held=held,
            findings=pieces,
            severities=severities,
            notes=block.notes,
            sent=over.sent,
            known=frozenset(
                name for name, column in block.values.items() if any(value is not None for value in column)
            ),
        )

    def _missing(self, over: Laid) -> Iterator[Finding]:
        """A new case has no earlier version from which a field could come that it must have."""
        block = over.block
        for field in self._part.fields:
            if not field.required:
                continue
            rows: Iterable[int] = range(len(block.rows))
            if field.name in over.sent:
                rows = [index for index, shape in enumerate(block.shapes or ()) if field.name not in shape]
            for index in rows:
                if self._column_value(block, field.name, index) is not None:
                    continue
                yield found(
                    *(self._contract, self._part.name, Check.REQUIRED, block.rows[index], field.name, None),
                    self._key(block, index),
                )

    def _ruled(self, block: TypedBlock, seen: Observations) -> Iterator[Finding]:
        """The findings of the rules with a condition. A rule has nothing to say where a field could not be read."""
        for rule in self._rules:
            if rule.criterion is None or not (fired := seen.true(rule.criterion)):
                continue
            unreadable = set[int]().union(*(block.failed.get(name, ()) for name in fields_of(rule.criterion)))
            for index in seen.places(fired):
                if index not in unreadable:
                    yield self._finding(block, rule, self._shown(rule), index)

    def _sums(self, block: TypedBlock, seen: Observations) -> Iterator[Finding]:
        for item in self._part.sums:
            for check, fired in _sum_findings(seen, item):
                rule = self._contract.check.get((self._part.name, check))
                if rule is not None:
                    for index in fired:
                        yield self._finding(block, rule, self._fields((item.total,)), index)

    def _shown(self, rule: Rule) -> dict[str, Field]:
        return self._fields(rule.fields)

    def _fields(self, names: Sequence[str]) -> dict[str, Field]:
        return {name: self._part.by_name[name] for name in names if name in self._part.by_name}

    def _finding(self, block: TypedBlock, rule: Rule, shown: Mapping[str, Field], index: int) -> Finding:
        return Finding(
            part=self._part.name,
            row=block.rows[index],
            rule=rule.id,
            severity=rule.severity,
            field=next(iter(shown), None),
            value=cut(self._texts.row(shown, block.values, index)),
            key=self._key(block, index),
            notice=rule.notice,
        )

    def _column_value(self, block: TypedBlock, name: str, index: int) -> Value:
        column = block.values.get(name)
        return None if column is None else column[index]

    def _key(self, block: TypedBlock, index: int) -> str | None:
        key = self._part.by_role.get(Role.KEY)
        return None if key is None else cast("str | None", self._column_value(block, key.name, index))


def _sum_findings(seen: Observations, item: Sum) -> Iterator[tuple[Check, list[int]]]:
    """Rows whose parts exceed their total for certain, and rows that are exact throughout and do not make it up."""
    total = seen.known(item.total)
    if not total:
        return
    low, high = seen.ends(item.total)
    least = [0] * seen.count
    for name in item.parts:
        if seen.known(name):
            least = list(map(operator.add, least, seen.least(name)))
    yield Check.SUM_EXCEEDS, seen.places(total & bits(map(operator.gt, least, high)))
    short = total & bits(map(operator.lt, least, low))
    for name in (item.total, *item.parts):
        short &= seen.exact(name) if short else 0
    yield Check.SUM_DIFFERS, seen.places(short)
