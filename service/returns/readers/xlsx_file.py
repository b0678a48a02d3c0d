"""A workbook as a person saved it: one sheet of rows, numbered as the person sees them.

Which sheet it is, is told by its heading. What a file of text could not have (formulas, hidden rows, merged cells) is
told in notes; a cell that is not what a person saw there is a finding, made by the checks that every other medium has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from service.contract.mapping import fold
from service.contract.model import Role
from service.criteria.vocabulary import Kind
from service.errors import Malformed
from service.returns.readers.block import BLOCK_BYTES, HeldRow, TypedBlock
from service.returns.readers.columns import Typing, finish
from service.returns.readers.handed_out import taken
from service.returns.readers.heading import Heading, known_names
from service.returns.readers.source import Source
from service.returns.readers.tabular import tell_columns, tell_heading, too_wide
from service.returns.readers.xlsx_book import Book, Sheet, read_book
from service.returns.readers.xlsx_cells import fitted
from service.returns.readers.xlsx_package import Package
from service.returns.readers.xlsx_plain import SheetRow
from service.returns.readers.xlsx_sheet import Seen, SheetReader

_OF_FINDINGS: Final = frozenset({"rule", "severity", "says", "fix"})
"""A sheet with these columns has findings, not rows, though it names their references, too."""
_LOOKED_THROUGH: Final = 200
"""So many rows of a sheet are looked through for its heading."""
_NAMED: Final = 10


class WhichSheet(Malformed):
    """No sheet is the one to read, or several may be. Names of sheets are the sender's words: they stand in ``do``,
    which the sender reads, and not in the text of the exception."""

    code = "which-sheet"

    def __init__(self, says: str, sheets: list[Sheet]) -> None:
        super().__init__(says)
        self.do = (
            f"Send a workbook with one sheet of rows, its first row the field names. Its sheets: {_listed(sheets)}."
        )


def read_xlsx(source: Source, typing: Typing, block_rows: int) -> Iterator[TypedBlock]:
    """The blocks of a workbook. What concerns the whole file is raised when the first block is asked for."""
    with Package(source) as package:
        yield from _XlsxFile(package, read_book(package), typing, block_rows).blocks()


class _Some(Struct):
    """Rows as wide as the heading, cell after cell; and those that are wider."""

    numbers: list[int]
    cells: list[str]
    unread: list[SheetRow]
    width: int

    def __len__(self) -> int:
        return len(self.numbers) + len(self.unread)

    def columns(self) -> list[Sequence[str]]:
        return [self.cells[place :: self.width] for place in range(self.width)]

    def row(self, index: int) -> list[str]:
        return self.cells[index * self.width : (index + 1) * self.width]


class _XlsxFile:
    """One reading of one workbook."""

    def __init__(self, package: Package, book: Book, typing: Typing, block_rows: int) -> None:
        self._package, self._book = package, book
        self._typing, self._block_rows = typing, block_rows

    def blocks(self) -> Iterator[TypedBlock]:
        sheet = self._sheet()
        reader = SheetReader(self._package, self._book, sheet)
        rows = reader.rows()
        first = next(rows, None)
        if first is None:
            raise Malformed("There is no heading: the sheet is blank.", "Send the file again.", code="empty-upload")
        heading = self._typing.heading(_names(first))
        days = (place for place, field in heading.fields.items() if field.kind is Kind.DATE)
        reader.spread(heading.width, frozenset(days))
        notes = self._notes_of_book(sheet)
        is_first = True
        while True:
            some = self._some(rows, heading.width)
            is_last = not some
            if is_last:
                notes += _notes_of_sheet(reader.seen)
            if some or is_first or notes:
                yield self._block(heading, some, reader.odd, first.number if is_first else None, notes)
            if is_last:
                return
            is_first, notes = False, ()

    def _sheet(self) -> Sheet:
        """The one visible sheet of which the heading is that of the part; the only one, whatever its heading is."""
        visible = [sheet for sheet in self._book.sheets if not sheet.is_hidden and sheet.part in self._package]
        if len(visible) <= 1:
            if not visible:
                raise WhichSheet("The workbook has no visible sheet of rows.", self._book.sheets)
            return visible[0]
        headings = {sheet.part: self._heading_of(sheet) for sheet in visible}
        filled = [sheet for sheet in visible if headings[sheet.part]]
        fitting = [sheet for sheet in filled if self._fits(headings[sheet.part])]
        if len(fitting) == 1:
            return fitting[0]
        if len(filled) == 1:
            return filled[0]
        title = self._typing.part.title
        if not fitting:
            raise WhichSheet(f"No sheet of the workbook has the heading of this part ({title}).", visible)
        raise WhichSheet(f"{len(fitting)} sheets of the workbook have the heading of this part ({title}).", fitting)

    def _heading_of(self, sheet: Sheet) -> set[str]:
        rows = islice(SheetReader(self._package, self._book, sheet).rows(), _LOOKED_THROUGH)
        first = next(rows, None)
        return {self._typing.name_of(name) for name in _names(first) if name} if first is not None else set()

    def _fits(self, names: set[str]) -> bool:
        """Whether a heading has what every row of the part needs, and no other part explains it better."""
        part = self._typing.part
        key = part.by_role.get(Role.KEY) or part.by_role.get(Role.WEIGHT)
        needed = {fold(key.name)} if key is not None else {fold(field.name) for field in part.fields if field.required}
        if not needed <= names or (names >= _OF_FINDINGS and not known_names(part).keys() >= _OF_FINDINGS):
            return False
        fit_here = len(names & known_names(part).keys())
        others = (other for other in self._typing.contract.parts.values() if other.name is not part.name)
        return fit_here > 0 and all(len(names & known_names(other).keys()) <= fit_here for other in others)

    def _some(self, rows: Iterator[SheetRow], width: int) -> _Some:
        """The next rows, so many that a block is full."""
        numbers, cells, unread = list[int](), list[str](), list[SheetRow]()
        nothing = dict.fromkeys(range(width), "")
        size = 0
        for row in rows:
            if row.last < width:
                numbers.append(row.number)
                cells += row.spread or (nothing | row.cells).values()
                del cells[len(numbers) * width :]  # blanks beyond the last column
            else:
                unread.append(row)
            size += row.length
            if len(numbers) + len(unread) >= self._block_rows or size >= BLOCK_BYTES:
                break
        return _Some(numbers, cells, unread, width)

    def _block(
        self, heading: Heading, some: _Some, odd: set[int], header_row: int | None, notes: tuple[str, ...]
    ) -> TypedBlock:
        typing, columns = self._typing, some.columns()
        is_plain = True
        for place in odd.intersection(range(heading.width)):
            columns[place] = fitted(heading.fields.get(place), columns[place], typing.written)
            is_plain = is_plain and set(map(type, columns[place])) <= {str}
        wanted = taken(typing, heading, some.numbers, columns)

        def text_of(index: int) -> str:
            return _as_text(some.row(index), heading.notes)

        block = typing.block(
            wanted.rows,
            wanted.fields,
            text_of=wanted.text_of(text_of),
            is_plain=is_plain,
            shapes=wanted.shapes,
            unread=wanted.unread(typing, text_of, [self._too_long(row, heading) for row in some.unread]),
            notes=notes,
        )
        if header_row is not None:
            tell_heading(typing, block, heading, header_row)
        wanted.tell(block)
        tell_columns(typing, block, heading, wanted.columns)
        return finish(block)

    def _too_long(self, row: SheetRow, heading: Heading) -> HeldRow:
        """A row with a value beyond the last column that has a name."""
        cells = [row.cells.get(place, "") for place in range(row.last + 1)]
        place = next((place for place, field in heading.fields.items() if field is self._typing.key), None)
        cell = row.cells.get(place, "") if place is not None else ""
        key = self._typing.key_of(cell) if self._typing.key is not None and type(cell) is str else None
        text = _as_text(cells, heading.notes)
        return too_wide(self._typing, row.number, text, len(cells), heading.width, key)

    def _notes_of_book(self, sheet: Sheet) -> tuple[str, ...]:
        notes: list[str] = []
        others = [other for other in self._book.sheets if other is not sheet and not other.is_hidden]
        hidden = [other for other in self._book.sheets if other.is_hidden]
        if others:
            notes.append(f"The sheet “{sheet.name}” was read. Not read: {_listed(others)}.")
        if hidden:
            notes.append(f"Hidden sheets were not read: {_listed(hidden)}.")
        if self._book.has_links:
            notes.append("The workbook has links to other files; they were not followed.")
        return tuple(notes)


def _notes_of_sheet(seen: Seen) -> tuple[str, ...]:
    notes: list[str] = []
    if seen.formulas:
        cells = _count(seen.formulas, "cell is a formula", "cells are formulas")
        notes.append(f"{cells} (the first in row {seen.first_formula:,}): read was what was calculated last.")
    if seen.hidden_rows:
        rows = _count(seen.hidden_rows, "row is hidden", "rows are hidden")
        notes.append(f"{rows} in the sheet (the first is row {seen.first_hidden:,}), and read like every other.")
    if seen.hidden_columns:
        columns = _count(seen.hidden_columns, "column is hidden", "columns are hidden")
        notes.append(f"{columns} in the sheet, and read like every other.")
    if seen.merged:
        groups = _count(seen.merged, "group of cells is merged", "groups of cells are merged")
        notes.append(f"{groups}: only the first cell of a group has a value, the others were read as empty.")
    return tuple(notes)


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _listed(sheets: list[Sheet]) -> str:
    named = ", ".join(f"“{sheet.name}”" for sheet in sheets[:_NAMED])
    more = len(sheets) - _NAMED
    return f"{named} and {more:,} more" if more > 0 else named or "none"


def _names(row: SheetRow) -> list[str]:
    return [str(row.cells.get(place, "")) for place in range(row.last + 1)]


def _as_text(cells: list[str], notes: int | None) -> str:
    """A row as it would stand in CSV, without the sender's own notes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow("" if place == notes else cell for place, cell in enumerate(cells))
    return text.getvalue()
