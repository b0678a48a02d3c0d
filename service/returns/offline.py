"""Validates a file where it is: no server, no database, no network, and the same findings in the same order.

The readers are those of the service; the rules run through the reference evaluator instead of SQL. Every row is taken
as that of a new case, because what the return already holds is not here: a column that the file lacks is not known.
What needs more than the file is listed as not run, with the reason.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, cast

from msgspec import Struct

from service.contract.canonical import SEPARATOR, canonical_text
from service.contract.findings import Finding, cut, found, in_order
from service.contract.mapping import FileMapping
from service.contract.model import Contract, Field, Part, PartName, Role, Rule, Severity, Sum
from service.contract.not_run import NotRun, not_run_of_part
from service.contract.values import Check, Value
from service.criteria.columnwise import Columnwise, Observations, bits
from service.criteria.tree import fields_of
from service.errors import UnsupportedMedia
from service.returns.doubles import Doubles
from service.returns.readers import MEDIA, BytesSource, FileSource, TypedBlock, Watched, media_of_name, read

NEEDS_MORE: Final = {
    Check.FORMER_IN_USE: "only cases of this file are known here, not those that the return already holds",
    Check.KNOWLEDGE_LOST: "it compares with what the return already holds",
}


class Report(Struct, frozen=True, kw_only=True):
    """What validating a file gives. ``received = accepted + held``."""

    contract: str
    part: PartName
    received: int
    accepted: int
    held: int
    counts: dict[Severity, int]
    """Findings by severity, zeros included."""
    findings: Sequence[Finding]
    """In order of part, row, rule, field."""
    fields: tuple[str, ...]
    """Those that the file has at all, in the order of the part."""
    not_run: tuple[NotRun, ...]
    notes: tuple[str, ...]

    @property
    def blocks(self) -> bool:
        """Whether a row cannot be accepted as it is."""
        return self.held > 0


def validate(
    file: Path | bytes,
    contract: Contract,
    part: Part,
    media: str | None = None,
    mapping: FileMapping | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Read a file and run every rule of its part. What concerns the whole file is raised as a ``CaseReturnsError``.

    ``media`` is taken from the file's name where it is not given. A file of the sender's own form is read as its
    ``mapping`` says. ``progress`` is told how many bytes of how many are read.
    """
    if media is None:
        media = media_of_name(file.name) if isinstance(file, Path) else None
        if media is None:
            says = "The name does not say what kind of file this is."
            raise UnsupportedMedia(says, f"Call it .csv, .xlsx, .ndjson or .json, or say one of: {', '.join(MEDIA)}.")
    source = Watched(FileSource(file) if isinstance(file, Path) else BytesSource(file))
    validation = _Validation(contract, part)
    for block in read(source, media, part, contract, mapping=mapping):
        validation.take(block)
        if progress is not None:
            progress(source.read, source.length)
    return validation.report(lambda: read(source, media, part, contract, mapping=mapping))


class _Validation:
    """One validation under way: takes blocks, keeps findings and what is needed to know doubles."""

    def __init__(self, contract: Contract, part: Part) -> None:
        self._contract, self._part = contract, part
        self._rules = contract.rules_of(part.name)
        self._evaluator = Columnwise()
        self._received = 0
        self._findings: list[Finding] = []
        self._held: set[int] = set()
        self._notes: dict[str, None] = {}
        self._doubles = Doubles(contract, part)
        self._sent = set[str]()
        self._known = set[str]()

    def take(self, block: TypedBlock) -> None:
        self._received += block.received
        self._notes |= dict.fromkeys(block.notes)
        self._add(block.findings)
        for row in block.unread:
            self._add(row.findings)
        self._held.update(block.rows[index] for index in block.held)
        self._held.update(row.row for row in block.unread)
        self._sent.update(block.values)
        for name in block.values.keys() - self._known:
            if any(value is not None for value in block.values[name]):
                self._known.add(name)
        seen = self._evaluator.over(len(block.rows), block.values)
        for findings in (self._missing(block), self._ruled(block, seen), self._sums(block, seen)):
            self._hold(findings)
        self._doubles.take(block, self._held)

    def report(self, again: Callable[[], Iterable[TypedBlock]]) -> Report:
        """What was found. ``again`` reads the file once more, where rows that may stand twice have to be named."""
        self._hold(iter(self._doubles.findings(again, frozenset(self._held))))
        self._findings.sort(key=in_order)
        counts = Counter(finding.severity for finding in self._findings)
        held = len(self._held)
        return Report(
            contract=self._contract.version,
            part=self._part.name,
            received=self._received,
            accepted=self._received - held,
            held=held,
            counts={severity: counts[severity] for severity in Severity},
            findings=tuple(self._findings),
            fields=tuple(field.name for field in self._part.fields if field.name in self._sent),
            not_run=(
                *not_run_of_part(self._contract, self._part, self._received, self._known),
                *_not_run(self._contract, self._part),
            ),
            notes=tuple(self._notes),
        )

    def _add(self, findings: Sequence[Finding]) -> None:
        self._findings += findings

    def _hold(self, findings: Iterator[Finding]) -> None:
        for finding in findings:
            self._findings.append(finding)
            if finding.severity.holds:
                self._held.add(finding.row)

    def _missing(self, block: TypedBlock) -> Iterator[Finding]:
        """A new case has no earlier version from which a field could come that it must have."""
        for field in self._part.fields:
            if not field.required:
                continue
            rows: Iterable[int] = range(len(block.rows))
            if field.name in block.values:
                rows = [index for index, shape in enumerate(block.shapes or ()) if field.name not in shape]
            for index in rows:
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

    def _shown(self, rule: Rule) -> list[Field]:
        return self._fields(rule.fields)

    def _fields(self, names: Sequence[str]) -> list[Field]:
        return [self._part.by_name[name] for name in names if name in self._part.by_name]

    def _finding(self, block: TypedBlock, rule: Rule, shown: Sequence[Field], index: int) -> Finding:
        texts = [canonical_text(field, self._column_value(block, field.name, index)) for field in shown]
        return Finding(
            part=self._part.name,
            row=block.rows[index],
            rule=rule.id,
            severity=rule.severity,
            field=shown[0].name if shown else None,
            value=cut(SEPARATOR.join(texts)),
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


def _not_run(contract: Contract, part: Part) -> Iterator[NotRun]:
    """What needs more than the file."""
    for rule in contract.rules:
        if part.name in rule.parts and rule.check is not None and rule.check in NEEDS_MORE:
            yield NotRun(rule.id, NEEDS_MORE[Check(rule.check)])
    for rule in contract.comparing(part.name):
        yield NotRun(rule.id, "it compares a row with what was sealed before, or with the other cases of the return")
    for measure in contract.measures:
        yield NotRun(measure.name, "it is about the whole return, of which this file is a part")
