"""CSV as people have it: any of three delimiters, any line end, quoted newlines, blank lines, rows too short or long.

Row numbers are those of a spreadsheet: the heading is a row, and blank rows count. A quotation mark that is opened and
never closed costs its own line and no other: reading starts again on the next.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from service.contract.values import BLANKS, Check
from service.errors import Malformed, UnsupportedMedia
from service.returns.readers.block import BLOCK_BYTES, HeldRow, TypedBlock
from service.returns.readers.columns import Typing, finish
from service.returns.readers.csv_lines import MIXED, Lines, RowTooLong
from service.returns.readers.csv_plain import are_plain, plain_columns
from service.returns.readers.handed_out import taken
from service.returns.readers.heading import Heading
from service.returns.readers.source import Source, Utf8Source, open_source, refuse_long_lines
from service.returns.readers.tabular import columns_of, cut_off, tell_columns, tell_heading, too_wide

_DELIMITERS: Final = (",", ";", "\t")
_SEP_LINE: Final = re.compile(r"sep=(.)[\r\n]*", re.IGNORECASE)
_OPEN_QUOTE: Final = "a quotation mark is opened and not closed"
_UNWANTED: Final = TypedBlock(
    rows=[], values={}, empties=[], findings=[], held=set(), failed={}, originals=(), unread=[]
)
"""Stands for a block that somebody else reads."""


def read_csv(source: Source, typing: Typing, block_rows: int) -> Iterator[TypedBlock]:
    """The blocks of a CSV file. What concerns the whole file is raised when the first block is asked for."""
    return _CsvFile(open_source(source), typing, block_rows).blocks()


class _CsvFile:
    """One reading of one file."""

    def __init__(self, source: Utf8Source, typing: Typing, block_rows: int) -> None:
        self._source, self._typing, self._block_rows = source, typing, block_rows
        self._part, self._contract = typing.part, typing.contract
        self._lines = Lines(source)
        self._number = 0
        self._delimiter = ","
        self._header_row = 1
        self._told_mixed = False

    def blocks(self) -> Iterator[TypedBlock]:
        refuse_long_lines(self._source)
        heading = self._heading()
        self._key_place = next((place for place, field in heading.fields.items() if field is self._typing.key), None)
        self._reader = csv.reader(iter(self._lines), delimiter=self._delimiter)
        first = True
        while (block := self._plain(heading, first=first) or self._block(heading, first=first)) is not None:
            first = False
            if block is not _UNWANTED:
                yield block

    def _heading(self) -> Heading:
        """The first row that is not blank, split by the delimiter that makes most sense of it."""
        head = self._source.head(4096).lstrip()[:1]
        if head in (b"{", b"["):
            says = "The body looks like JSON, and it was sent as CSV."
            raise UnsupportedMedia(says, "Send it with the media type that it has.", code="content-differs")
        ahead = list(islice(iter(self._lines), 200))
        start = next((place for place, line in enumerate(ahead) if line.strip(BLANKS + "\r\n,;")), None)
        if start is None:
            raise Malformed("There is no heading: the file is blank.", "Send the file again.", code="empty-upload")
        told = _SEP_LINE.fullmatch(ahead[start])
        if told is not None:
            start += 1
        candidates = (told[1],) if told is not None else _DELIMITERS
        self._delimiter = max(candidates, key=lambda mark: _score(ahead[start:], mark, self._typing))
        self._lines.next, self._lines.row_length = start, 0
        reader = csv.reader(iter(self._lines), delimiter=self._delimiter)
        try:
            cells = next(reader, [])
        except (csv.Error, RowTooLong):
            raise Malformed("The heading cannot be read.", "Send one name a column.", code="bad-heading") from None
        # blank lines above the heading are rows of the sheet too; a heading over several lines is one
        self._number = self._header_row = start + 1
        heading = self._typing.heading(cells)
        self._lines.leave(self._lines.next)
        return heading

    def _plain(self, heading: Heading, *, first: bool) -> TypedBlock | None:
        """The next rows at once, where all are lines of the usual form; else None, and none is taken."""
        lines = self._lines.ahead(self._block_rows, BLOCK_BYTES)
        if not lines or self._delimiter not in _DELIMITERS:
            return None
        if not are_plain(lines, self._delimiter, heading.width):
            return None
        self._lines.next += len(lines)
        self._lines.leave(self._lines.next)
        numbers = list(range(self._number + 1, self._number + len(lines) + 1))
        self._number += len(lines)
        if not self._typing.wants_next():
            return _UNWANTED
        columns = plain_columns(lines, self._delimiter, heading.width)
        text_of = self._without_notes(heading, lambda index: lines[index].rstrip("\r\n"))
        return self._typed(heading, numbers, columns, text_of, first=first)

    def _block(self, heading: Heading, *, first: bool) -> TypedBlock | None:
        """The next rows one by one. The first block is there even where the file has a heading alone, which may have
        findings."""
        lines, width, limit = self._lines, heading.width, self._block_rows
        needed = max(heading.fields, default=-1) + 1
        short: list[int] = []
        numbers: list[int] = []
        rows: list[list[str]] = []
        spans: list[tuple[int, int]] = []
        unread: list[HeldRow] = []
        size = 0
        while len(rows) + len(unread) < limit and size < BLOCK_BYTES:
            start, lines.row_length = lines.next, 0
            self._number += 1
            try:
                row = next(self._reader, None)
            except (csv.Error, RowTooLong):
                row = self._restart(start, unread)
            if row is None:
                break
            size += lines.row_length
            if lines.next - start > 1 and self._is_unbalanced(row, start, width):
                row = self._restart(start, unread)
            if not (row and row[0].strip(BLANKS)) and not "".join(row).strip(BLANKS):
                continue
            if len(row) > width and any(cell.strip(BLANKS) for cell in row[width:]):
                unread.append(self._too_long(row, start, heading))
                continue
            # spreadsheets leave empty cells off at the end of a row, but never the end of its line
            if len(row) < width and not lines.kept[lines.next - 1].endswith(("\n", "\r")):
                unread.append(self._cut_off(row, start, heading))
                continue
            if len(row) < needed:
                short.append(self._number)
            numbers.append(self._number)
            rows.append(row)
            spans.append((start, lines.next))
        if not rows and not unread and not first:
            return None
        gone = lines.leave(lines.next)
        if not self._typing.wants_next():
            return _UNWANTED

        def as_sent(index: int) -> str:
            return "".join(gone[slice(*spans[index])]).rstrip("\r\n")

        text_of = self._without_notes(heading, as_sent)
        return self._typed(heading, numbers, columns_of(rows, width), text_of, unread, short, first=first)

    def _without_notes(self, heading: Heading, text_of: Callable[[int], str]) -> Callable[[int], str]:
        """The text of rows without what stands in the sender's own notes; other texts as they were sent."""
        if heading.notes is None:
            return text_of
        return lambda index: self._blanked(text_of(index), heading)

    def _blanked(self, text: str, heading: Heading) -> str:
        row = next(csv.reader(text.splitlines(keepends=True), delimiter=self._delimiter), [])
        if heading.notes is None or heading.notes >= len(row) or not row[heading.notes]:
            return text
        row[heading.notes] = ""
        out = io.StringIO()
        csv.writer(out, delimiter=self._delimiter, lineterminator="").writerow(row)
        return out.getvalue()

    def _typed(
        self,
        heading: Heading,
        numbers: list[int],
        columns: Sequence[Sequence[str]],
        text_of: Callable[[int], str],
        unread: Sequence[HeldRow] = (),
        short: Sequence[int] = (),
        *,
        first: bool,
    ) -> TypedBlock:
        self._typing.written.add_short(short)
        some = taken(self._typing, heading, numbers, columns)
        block = self._typing.block(
            some.rows,
            some.fields,
            text_of=some.text_of(text_of),
            is_plain=True,
            shapes=some.shapes,
            unread=some.unread(self._typing, text_of, unread),
            notes=self._notes(),
        )
        some.tell(block)
        self._tell(block, heading, some.columns, first=first)
        return finish(block)

    def _restart(self, start: int, unread: list[HeldRow]) -> list[str]:
        """Hold the line on which a record began that cannot be read, and go on with the next. Gives a blank row."""
        lines = self._lines
        text = lines.text(start, start + 1)
        lines.next, lines.row_length = start + 1, 0
        self._reader = csv.reader(iter(lines), delimiter=self._delimiter)
        unread.append(
            self._typing.unread(self._number, text, Check.SHAPE, _OPEN_QUOTE, self._key_in(self._split(text)))
        )
        return []

    def _is_unbalanced(self, row: list[str], start: int, width: int) -> bool:
        """Whether a record over several lines is an open quotation mark rather than a cell with line breaks: its shape
        is not that of the heading, or a line inside it is a whole row by itself."""
        if len(row) != width:
            return True
        inside = self._lines.kept[start + 1 : min(self._lines.next, start + 50)]
        return width > 2 and any(len(self._split(line)) == width for line in inside)

    def _split(self, line: str) -> list[str]:
        """One line as a row of its own."""
        try:
            return next(csv.reader([line], delimiter=self._delimiter), [])
        except csv.Error:
            return []

    def _key_in(self, row: list[str]) -> str | None:
        place = self._key_place
        return self._typing.key_of(row[place]) if place is not None and place < len(row) else None

    def _too_long(self, row: list[str], start: int, heading: Heading) -> HeldRow:
        text = self._blanked(self._lines.text(start, self._lines.next), heading)
        return too_wide(self._typing, self._number, text, len(row), heading.width, self._key_in(row))

    def _cut_off(self, row: list[str], start: int, heading: Heading) -> HeldRow:
        text = self._blanked(self._lines.text(start, self._lines.next), heading)
        # of the cell within which the file ends, nobody knows how it goes on
        return cut_off(self._typing, self._number, text, len(row), heading.width, self._key_in(row[:-1]))

    def _notes(self) -> tuple[str, ...]:
        if not self._lines.is_mixed or self._told_mixed:
            return ()
        self._told_mixed = True
        return (MIXED,)

    def _tell(self, block: TypedBlock, heading: Heading, columns: Sequence[Sequence[str]], *, first: bool) -> None:
        """What is wrong with rows beyond their fields: unknown and nameless columns, characters that cannot be read."""
        if first:
            tell_heading(self._typing, block, heading, self._header_row)
        tell_columns(self._typing, block, heading, columns)
        if self._lines.is_broken:
            for index, text in enumerate(block.originals):
                if "\ufffd" in text:
                    self._typing.add(block, Check.ENCODING, index, None, None)


def _score(lines: list[str], mark: str, typing: Typing) -> tuple[int, int]:
    """How much sense a delimiter makes of a heading: the fields that it shows, then the columns."""
    try:
        cells = next(csv.reader(lines, delimiter=mark), [])
    except csv.Error:
        return 0, 0
    return sum(typing.knows(cell) for cell in cells), len(cells)
