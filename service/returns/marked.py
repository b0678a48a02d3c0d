"""The findings of a file, where it is: as CSV, and as a workbook with a copy of the rows, their cells marked.

Rows keep the numbers that they have in the file (in JSON, one more: there is a heading now), so that a comment, the
sheet of findings and the file itself speak of the same row. What was sent is copied as it was sent. Every finding is
there, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from msgspec import Struct

from service.contract.finding_sheet import ANSWER, FINDING, FindingSheet, shown_columns
from service.contract.findings import Finding, finding_id, fix, says, shown
from service.contract.mapping import FileMapping
from service.contract.model import Contract, Part
from service.contract.sheet import HANDED_OUT, NOTES, XLSX, csv_block
from service.contract.template import PartSheet, letters_of
from service.contract.values import Check
from service.contract.workbook import LAST_ROW, Mark, Workbook
from service.returns.offline import Report
from service.returns.readers import FileSource, TypedBlock, read
from service.returns.readers.columns import ABSENT, shown_json

_UNDER_HEADING: Final = frozenset({"text/csv", XLSX})
"""In these media rows are numbered with the heading as the first."""
_BLOCK: Final = 2_000


class Checked(Struct, frozen=True, kw_only=True):
    """A file that was validated, and what that gave."""

    file: Path
    media: str
    contract: Contract
    part: Part
    report: Report
    mapping: FileMapping | None = None


def findings_csv(contract: Contract, findings: Iterable[Finding]) -> Iterator[bytes]:
    """The findings as CSV, with a column for answers: they can be sent with the return, once it is there."""
    names = [*shown_columns(contract), ANSWER, FINDING]
    yield csv_block(names, (), heading=True)
    following = iter(findings)
    while some := list(islice(following, _BLOCK)):
        yield csv_block(names, (_line(contract, finding) for finding in some), heading=False)


def write_marked(checked: Checked, file: BinaryIO) -> None:
    """The workbook. Raises TooManyRows where the file has more rows than any spreadsheet."""
    with Workbook(most=LAST_ROW) as book:
        rows = _RowSheet(book, checked)
        names = [*shown_columns(checked.contract), "cell", ANSWER, FINDING]
        findings = FindingSheet(book, names, may_go_on=True)
        of_row = groupby(checked.report.findings, lambda finding: finding.row)
        at = next(of_row, None)
        for number, cells in _rows(checked):
            while at is not None and at[0] < number:  # in the heading
                found = list(at[1])
                rows.remark(found)
                findings.add(rows.told(found))
                at = next(of_row, None)
            found = list(at[1]) if at is not None and at[0] == number else []
            if found:
                at = next(of_row, None)
            rows.add(number, cells, found)
            findings.add(rows.told(found))
        for group in chain([] if at is None else [at], of_row):
            findings.add(rows.told(list(group[1])))
        rows.guide()
        with book.finished() as made:
            while piece := made.read(1 << 16):
                file.write(piece)


class _RowSheet:
    """The copy of the rows, and where in it each finding stands."""

    def __init__(self, book: Workbook, checked: Checked) -> None:
        self._contract, self._shift = checked.contract, 0 if checked.media in _UNDER_HEADING else 1
        unknown = [
            finding.field
            for finding in checked.report.findings
            if finding.field is not None
            and finding.field not in checked.part.by_name
            and checked.contract.rule[finding.rule].check == Check.UNKNOWN_COLUMN
        ]
        behind = _behind(checked)
        own = (NOTES, *behind)
        names = [*checked.report.fields, *(name for name in dict.fromkeys(unknown) if name not in own)]
        headed = {} if checked.mapping is None else checked.mapping.own_name
        self._sheet = PartSheet(book, checked.contract, checked.part, names, headed, behind)
        self._title = checked.part.title[:31]
        self._place = {name: place for place, name in enumerate(self._sheet.names)}

    def guide(self) -> None:
        """The sheets behind."""
        self._sheet.guide()

    def add(self, number: int, cells: Mapping[str, object], found: Sequence[Finding]) -> None:
        """One row of the file, by the names of its columns, with what was found in it."""
        marks: dict[int, Mark] = {}
        for finding in found:
            place = self._place_of(finding)
            before = marks.get(place)
            words = self._words(finding)
            marks[place] = Mark(
                words if before is None else f"{before.says}\n{words}",
                finding.severity.holds or (before is not None and before.holds),
            )
        values = [cells.get(name) for name in self._sheet.names]
        self._sheet.rows.add(values, marks, number=number + self._shift)

    def remark(self, found: Sequence[Finding]) -> None:
        """What was found in the heading."""
        for finding in found:
            place = self._place.get(finding.field or "")
            if place is not None:
                self._sheet.rows.remark(place, self._words(finding))

    def _words(self, finding: Finding) -> str:
        return f"{finding.rule}: {says(self._contract, finding)} {fix(self._contract, finding)}".rstrip()

    def told(self, found: Sequence[Finding]) -> Iterator[dict[str, Any]]:
        """Findings as lines of their sheet, each with its cell in the copy."""
        for finding in found:
            cell = f"{letters_of(self._place_of(finding))}{finding.row + self._shift}"
            yield {**_line(self._contract, finding), "cell": f"{self._title}!{cell}"}

    def _place_of(self, finding: Finding) -> int:
        """The column that a finding points at; the first, where it is about the row or a column that is not there."""
        return self._place.get(finding.field or "", 0)


def _behind(checked: Checked) -> list[str]:
    """The column by which an upload knows what nobody touched, where the file has it."""
    first = next(_blocks(checked), None)
    return [HANDED_OUT] if first is not None and HANDED_OUT in (first.cells or {}) else []


def _blocks(checked: Checked) -> Iterator[TypedBlock]:
    source = FileSource(checked.file)
    return read(source, checked.media, checked.part, checked.contract, mapping=checked.mapping, keep_cells=True)


def _rows(checked: Checked) -> Iterator[tuple[int, dict[str, object]]]:
    """The rows of the file in order, by the names of their columns; of one that could not be split its text."""
    for block in _blocks(checked):
        yield from _of_block(block, checked)


def _of_block(block: TypedBlock, checked: Checked) -> Iterator[tuple[int, dict[str, object]]]:
    cells = block.cells or {}
    whole = checked.report.fields[0] if checked.report.fields else NOTES
    unread = iter(block.unread)
    waiting = next(unread, None)
    for index, number in enumerate(block.rows):
        while waiting is not None and waiting.row < number:
            yield waiting.row, {whole: waiting.text}
            waiting = next(unread, None)
        yield number, {name: _as_cell(column[index]) for name, column in cells.items()}
    while waiting is not None:
        yield waiting.row, {whole: waiting.text}
        waiting = next(unread, None)


def _as_cell(raw: object) -> object:
    """What was sent as a cell: texts and whole numbers as they are, what only JSON has as its text."""
    if raw is None or raw is ABSENT:
        return None
    if isinstance(raw, str):
        return str(raw)
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) < 10**15:
        return raw
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return ";".join(raw)
    return shown_json(raw)


def _line(contract: Contract, finding: Finding) -> dict[str, Any]:
    return {**shown(contract, finding), FINDING: finding_id(finding)}
