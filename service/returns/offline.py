"""Validates a file where it is: no server, no database, no network, and the same findings in the same order.

The readers are those of the service; the rules run through the reference evaluator instead of SQL. A file by itself is
taken as a first return: every row is that of a new case, and a column that the file lacks is not known. With the file
of the period before it is taken as changes to what that one says, as it was sealed. What needs more than is given is
listed as not run, with the reason and what to do.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, cast

from msgspec import Struct
from msgspec.structs import replace

from service.contract.canonical import SEPARATOR, canonical_text
from service.contract.findings import Finding, cut, found, in_order
from service.contract.mapping import FileMapping
from service.contract.model import Contract, Field, Part, PartName, Role, Rule, Severity, Sum
from service.contract.not_run import NotRun, not_run_of_part
from service.contract.values import Check, Value
from service.criteria.columnwise import Columnwise, Observations, bits
from service.criteria.tree import fields_of
from service.errors import UnsupportedMedia
from service.returns.comparing import Comparing, rules_of_before
from service.returns.doubles import Doubles
from service.returns.overlap import Overlap
from service.returns.previous import Laid, Previous, Reading, laid
from service.returns.readers import MEDIA, BytesSource, FileSource, TypedBlock, Watched, media_of_name, read

_DO: Final = "give the file of the period before beside it (--previous FILE)"
NEEDS_MORE: Final = {
    Check.FORMER_IN_USE: f"only cases of this file are known here, not those that the return already holds: {_DO}",
    Check.KNOWLEDGE_LOST: f"it compares with what the return already holds: {_DO}",
}
"""Checks that need what the return before says."""


class Earlier(Struct, frozen=True, kw_only=True):
    """The file that was sent and sealed in the period before; bytes with their ``media``. ``read`` is how it stands in
    the version of the file that is checked, where it was written in an older ``contract``."""

    file: Path | bytes
    media: str | None = None
    contract: Contract | None = None
    read: Reading | None = None


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
    previous: Earlier | None = None,
) -> Report:
    """Read a file and run every rule of its part. What concerns the whole file is raised as a ``CaseReturnsError``.

    ``media`` is taken from the file's name where it is not given. A file of the sender's own form is read as its
    ``mapping`` says. ``progress`` is told how many bytes of how many are read. ``previous`` is of the same form.
    """
    source = _Sent(file, media, part, contract, mapping)
    if previous is None:
        return _validated(source, None, progress)
    with Previous(part) as kept:
        written_in = previous.contract or contract
        earlier = _Sent(previous.file, previous.media, written_in.parts[part.name], written_in, mapping)
        validation = _Validation(written_in, earlier.part)
        for block in earlier.blocks():
            kept.keep(block, previous.read)
            validation.take(laid(block, None))
        report = validation.report(earlier.laid)
        kept.leave_out({finding.row for finding in report.findings if finding.severity.holds})
        for block in source.blocks():
            kept.expect(block)
        found = _validated(source, kept, progress)
        return replace(found, notes=(*found.notes, _left_out(report.held))) if report.held else found


def _validated(source: _Sent, previous: Previous | None, progress: Callable[[int, int], None] | None) -> Report:
    validation = _Validation(source.contract, source.part, Comparing(source.contract, source.part, previous), previous)
    for block in source.blocks():
        validation.take(laid(block, previous))
        if progress is not None:
            progress(source.source.read, source.source.length)
    return validation.report(lambda: source.laid(previous))


def _left_out(held: int) -> str:
    rows, are = ("rows", "are") if held > 1 else ("row", "is")
    return f"{held:,} {rows} of the file before could not be accepted, and {are} left out."


class _Sent:
    """A file that can be read as often as needed."""

    def __init__(
        self, file: Path | bytes, media: str | None, part: Part, contract: Contract, mapping: FileMapping | None
    ) -> None:
        media = media or (media_of_name(file.name) if isinstance(file, Path) else None)
        if media is None:
            says = "The name does not say what kind of file this is."
            raise UnsupportedMedia(says, f"Call it .csv, .xlsx, .ndjson or .json, or say one of: {', '.join(MEDIA)}.")
        self.source = Watched(FileSource(file) if isinstance(file, Path) else BytesSource(file))
        self.part, self.contract = part, contract
        self._media, self._mapping = media, mapping

    def blocks(self) -> Iterator[TypedBlock]:
        """Its rows as they were sent."""
        return read(self.source, self._media, self.part, self.contract, mapping=self._mapping)

    def laid(self, previous: Previous | None = None) -> Iterator[Laid]:
        """Its rows over what was there before."""
        return (laid(block, previous) for block in self.blocks())


class _Validation:
    """One validation under way: takes blocks, keeps findings and what is needed to know doubles."""

    def __init__(
        self,
        contract: Contract,
        part: Part,
        comparing: Comparing | None = None,
        previous: Previous | None = None,
    ) -> None:
        self._contract, self._part = contract, part
        self._comparing, self._previous = comparing, previous
        self._rules = contract.rules_of(part.name)
        self._evaluator = Columnwise()
        self._received = 0
        self._findings: list[Finding] = []
        self._held: set[int] = set()
        self._notes: dict[str, None] = {}
        self._doubles = Doubles(contract, part)
        self._sent = set[str]()
        self._known = set[str]()
        self._overlap = None if previous is None else Overlap(contract, part, previous)

    def take(self, over: Laid) -> None:
        block = over.block
        self._received += block.received
        self._notes |= dict.fromkeys(block.notes)
        self._add(block.findings)
        for row in block.unread:
            self._add(row.findings)
        self._held.update(block.rows[index] for index in block.held)
        self._held.update(row.row for row in block.unread)
        self._sent.update(over.sent)
        for name in block.values.keys() - self._known:
            if any(value is not None for value in block.values[name]):
                self._known.add(name)
        seen = self._evaluator.over(len(block.rows), block.values)
        for findings in (self._missing(over), self._ruled(block, seen), self._sums(block, seen)):
            self._hold(findings)
        self._doubles.take(block, self._held)
        if self._overlap is not None:
            self._overlap.take(over)
        if self._comparing is not None:
            self._comparing.take(over)

    def report(self, again: Callable[[], Iterable[Laid]]) -> Report:
        """What was found. ``again`` reads the file once more, where rows that may stand twice have to be named."""
        doubles = self._doubles.findings(lambda: (over.block for over in again()), frozenset(self._held))
        self._hold(iter(doubles))
        if self._overlap is not None:
            self._hold(self._overlap.holding(doubles))
            self._add(self._overlap.findings(self._held))
        if self._comparing is not None:
            self._add(list(self._comparing.findings(again, self._held)))
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
                *_not_run(self._contract, self._part, self._previous),
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


def _not_run(contract: Contract, part: Part, previous: Previous | None) -> Iterator[NotRun]:
    """What needs more than is given."""
    if previous is None:
        for rule in contract.rules:
            if part.name in rule.parts and rule.check is not None and rule.check in NEEDS_MORE:
                yield NotRun(rule.id, NEEDS_MORE[Check(rule.check)])
        for rule in rules_of_before(contract, part):
            yield NotRun(rule.id, f"it compares a case with what was sealed before: {_DO}")
    for measure in contract.measures:
        yield NotRun(measure.name, "it is about the whole return, of which this file is a part")
