"""Validates a file where it is: no server, no database, no network, and the same findings in the same order.

The readers are those of the service; the rules run through the reference evaluator instead of SQL. A file by itself is
taken as a first return: every row is that of a new case, and a column that the file lacks is not known. With the file
of the period before it is taken as changes to what that one says, as it was sealed. What needs more than is given is
listed as not run, with the reason and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.contract.findings import Finding
from service.contract.mapping import FileMapping
from service.contract.model import Contract, Part, PartName, Severity
from service.contract.not_run import NotRun, not_run_of_part
from service.contract.values import Check
from service.returns.comparing import rules_of_before
from service.returns.finding_log import FindingLog
from service.returns.offline_block import CheckedBlock, Checking
from service.returns.offline_processes import NotShared, checked_together, processes_for
from service.returns.offline_source import Sent
from service.returns.overlap import Overlap
from service.returns.previous import Laid, Previous, Reading, laid
from service.returns.row_set import RowSet

_DO: Final = "give the file of the period before beside it (--previous FILE)"
NEEDS_MORE: Final = {
    Check.FORMER_IN_USE: f"only cases of this file are known here, not those that the return already holds: {_DO}",
    Check.KNOWLEDGE_LOST: f"it compares with what the return already holds: {_DO}",
}
"""Checks that need what the return before says."""

Progress = Callable[[int, int], None]
"""Is told how many bytes of how many are read."""


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
    """In order of part, row, rule, field. Of very many, go through them and keep none: they do not lie in memory."""
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
    progress: Progress | None = None,
    previous: Earlier | None = None,
    processes: int | None = None,
) -> Report:
    """Read a file and run every rule of its part. What concerns the whole file is raised as a ``CaseReturnsError``.

    ``media`` is taken from the file's name where it is not given. A file of the sender's own form is read as its
    ``mapping`` says. ``previous`` is of the same form.
    ``processes``: so many check a file of CSV or NDJSON together; by default two a long one, where there are two cores.
    """
    source = Sent(file, media, part, contract, mapping)
    if previous is None:
        if (number := processes_for(source, processes)) > 1:
            try:
                return _shared(source, number, progress)
            except NotShared:  # whatever it was: alone it is met again, and can be told
                pass
        return _validated(source, None, progress)
    with Previous(part) as kept:
        written_in = previous.contract or contract
        earlier = Sent(previous.file, previous.media, written_in.parts[part.name], written_in, mapping)
        validation = _Validation(earlier)
        for block in earlier.blocks():
            kept.keep(block, previous.read)
            validation.take(laid(block, None))
        report = validation.report(earlier.laid)
        kept.leave_out({finding.row for finding in report.findings if finding.severity.holds})
        for block in source.blocks():
            kept.expect(block)
        found = _validated(source, kept, progress)
        return replace(found, notes=(*found.notes, _left_out(report, written_in))) if report.held else found


def _validated(source: Sent, previous: Previous | None, progress: Progress | None) -> Report:
    validation = _Validation(source, previous)
    for block in source.blocks():
        validation.take(laid(block, previous))
        if progress is not None:
            progress(source.read, source.length)
    return validation.report(lambda: source.laid(previous))


def _shared(source: Sent, processes: int, progress: Progress | None) -> Report:
    validation = _Validation(source)
    for checked, read in checked_together(source, processes, validation.checking):
        validation.keep(checked)
        if progress is not None:
            progress(read, source.length)
    return validation.report(source.laid)


def _left_out(report: Report, written_in: Contract) -> str:
    rows, are = ("rows", "are") if report.held > 1 else ("row", "is")
    says = f"{report.held:,} {rows} of the file before could not be accepted, and {are} left out."
    if report.held * 2 <= report.received:
        return says
    return (
        f"{says} That is most of them, so hardly anything was compared. It was read as {written_in.version}: if it was "
        "written in an older version, name that one (--previous-contract VERSION)."
    )


class _Validation:
    """One validation under way: what is found is kept, and which rows are held."""

    def __init__(self, source: Sent, previous: Previous | None = None) -> None:
        self._contract, self._part, self._previous = source.contract, source.part, previous
        self._received = 0
        self._findings = FindingLog()
        self._held = RowSet()
        self._notes: dict[str, None] = {}
        self._sent = set[str]()
        self._known = set[str]()
        self._overlap = None if previous is None else Overlap(source.contract, source.part, previous)
        self.checking = Checking(source.contract, source.part, previous)

    def take(self, over: Laid) -> None:
        """Check a block, and keep what is found."""
        self.keep(self.checking.take(over))
        if self._overlap is not None:
            self._overlap.take(over)

    def keep(self, checked: CheckedBlock) -> None:
        """Keep what was found in the next block."""
        self._received += checked.received
        self._findings.add(checked.findings, checked.severities)
        self._held.update(checked.held)
        self._notes |= dict.fromkeys(checked.notes)
        self._sent |= checked.sent
        self._known |= checked.known

    def report(self, again: Callable[[], Iterable[Laid]]) -> Report:
        """What was found. ``again`` reads the file once more, where rows that may stand twice have to be named."""
        doubles = self.checking.doubles.findings(lambda: (over.block for over in again()), self._held)
        self._late(doubles)
        if self._overlap is not None:
            self._late(list(self._overlap.holding(doubles)))
            self._late(self._overlap.findings(self._held))
        self._late(list(self.checking.comparing.findings(again, self._held)))
        held = len(self._held)
        return Report(
            contract=self._contract.version,
            part=self._part.name,
            received=self._received,
            accepted=self._received - held,
            held=held,
            counts={severity: self._findings.severities[severity] for severity in Severity},
            findings=self._findings,
            fields=tuple(field.name for field in self._part.fields if field.name in self._sent),
            not_run=(
                *not_run_of_part(self._contract, self._part, self._received, self._known),
                *_not_run(self._contract, self._part, self._previous),
            ),
            notes=(*self._notes, *self.checking.written.notes(self._part.fields)),
        )

    def _late(self, findings: Sequence[Finding]) -> None:
        self._findings.late(findings)
        self._held.update(finding.row for finding in findings if finding.severity.holds)


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
