"""The rows of one sheet, as they come out of the archive: never the sheet whole, however long it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final

from msgspec import Struct

from service.contract.sheet import MOST_ROWS
from service.returns.readers.block import LONGEST_ROW, MOST_COLUMNS
from service.returns.readers.source import row_too_long
from service.returns.readers.xlsx_book import Book, Sheet, Texts, is_true
from service.returns.readers.xlsx_cells import NOT_CALCULATED, Cells, Odd
from service.returns.readers.xlsx_package import Package, Walk, bad_workbook, local, too_large
from service.returns.readers.xlsx_plain import (
    END,
    LAST_COLUMN,
    LAST_ROW,
    MARK,
    SHEET_DATA,
    PlainRows,
    SheetRow,
    column_number,
    is_closed,
    last_of,
)

MOST_CELLS: Final = 10_000_000
_IN_DATA: Final = 2
"""How deep one is inside of the element that holds the rows."""
_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class Seen(Struct):
    """What is to be told of a sheet as a whole: how many, and the first row of each."""

    formulas: int = 0
    first_formula: int = 0
    hidden_rows: int = 0
    first_hidden: int = 0
    hidden_columns: int = 0
    merged: int = 0


class SheetReader:
    """One reading of one sheet."""

    def __init__(self, package: Package, book: Book, sheet: Sheet) -> None:
        self.seen = Seen()
        self._chunks = package.chunks(sheet.part)
        self._cells, self._texts = Cells(book), Texts()
        self._done: list[SheetRow] = []
        self._row = SheetRow(0, {})
        self._hidden = False
        self._column, self._style, self._kind = -1, "", ""
        self._value: list[str] = []
        self._in_value = self._in_cell = self._has_formula = False
        self._length = self._rows = self._all_cells = 0
        self._in_data = self._in_row = self._is_plain = False
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "c": self._open_cell,
            "v": self._open_value,
            "row": self._open_row,
            "f": self._open_formula,
            "t": lambda _: self._texts.start("t"),
            "rPh": lambda _: self._texts.start("rPh"),
            "mergeCell": self._merge,
            "col": self._open_columns,
            "sheetData": self._open_data,
        }
        self._ends: dict[str, Callable[[], None]] = {
            "c": self._close_cell,
            "v": self._close_value,
            "row": self._close_row,
            "t": lambda: self._texts.end("t"),
            "rPh": lambda: self._texts.end("rPh"),
            "sheetData": self._close_data,
        }
        self._plain_rows = PlainRows(self._cells)
        self.odd = self._plain_rows.odd
        """The columns in which a cell was ``Odd``, so far."""

    def spread(self, width: int, days: frozenset[int]) -> None:
        """From here on, rows of the plain form come spread over the columns of a heading; ``days`` are those of
        dates."""
        self._plain_rows.spread(width, days)

    def rows(self) -> Iterator[SheetRow]:
        """The rows that have a value, in order; ``Malformed`` or ``TooLarge`` where that ends."""
        self._walk = Walk(self._start, self._end, self._text)
        kept = b""
        for chunk in self._chunks:
            kept = yield from self._take(kept + chunk)
        yield from self._parsed(kept)
        self._walk.feed(b"", last=True)

    def _take(self, content: bytes) -> Generator[SheetRow, None, bytes]:
        """Read as much of the content as can be; what is left stands at the beginning of the next."""
        if not self._in_data:
            content = self._begin(content)
        if self._is_plain and MARK not in content:
            *pieces, content = content.split(END)
            place = yield from self._plain(pieces, 0)
            while place < len(pieces):
                piece = pieces[place]
                yield from self._parsed(piece + END)
                place += 1
                if self._walk.depth != _IN_DATA or not is_closed(piece):
                    self._is_plain = False
                    content = END.join([*pieces[place:], content])
                    break
                place = yield from self._plain(pieces, place)
            if self._is_plain and len(content) <= LONGEST_ROW:
                return content
        self._is_plain = False
        yield from self._parsed(content)
        return b""

    def _parsed(self, content: bytes) -> Iterator[SheetRow]:
        self._walk.feed(content)
        done, self._done = self._done, []
        return iter(done)

    def _plain(self, pieces: Sequence[bytes], place: int) -> Generator[SheetRow, None, int]:
        """Rows of the plain form, from ``place`` up to the first that is none; where that is."""
        for row in self._plain_rows.read(pieces, place, self._row.number):
            self._row = row
            place += 1
            self._all_cells += row.written
            self._rows += row.last >= 0
            self._refuse_many()
            if row.last >= 0:
                yield row
        return place

    def _begin(self, content: bytes) -> bytes:
        """Go up to the first row. Rows are of the plain form only where the parser sees them begin exactly there."""
        head, mark, rest = content.partition(SHEET_DATA)
        self._walk.feed(head)
        if not mark or self._rows_began():
            return mark + rest
        self._walk.feed(mark)
        self._is_plain = self._rows_began() and self._walk.depth == _IN_DATA
        return rest

    def _rows_began(self) -> bool:
        return self._in_data

    def _refuse_many(self) -> None:
        if self._all_cells > MOST_CELLS:
            raise too_large(f"it may have {MOST_CELLS:,} cells")
        if self._rows > MOST_ROWS:
            raise too_large(f"it may have {MOST_ROWS:,} rows")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        handle = self._starts.get(tag) or self._starts.get(local(tag))
        if handle is not None:
            handle(attributes)

    def _end(self, tag: str) -> None:
        handle = self._ends.get(tag) or self._ends.get(local(tag))
        if handle is not None:
            handle()

    def _open_data(self, _: object) -> None:
        self._in_data = True

    def _close_data(self) -> None:
        self._in_data = False

    def _open_value(self, _: object) -> None:
        self._in_value = self._in_cell

    def _close_value(self) -> None:
        self._in_value = False

    def _open_formula(self, _: object) -> None:
        self._has_formula = True

    def _merge(self, _: object) -> None:
        self.seen.merged += 1

    def _open_columns(self, attributes: dict[str, str]) -> None:
        first, last = attributes.get("min", "1")[:6], attributes.get("max", "1")[:6]
        if is_true(attributes.get("hidden")) and first.isdecimal() and last.isdecimal():
            self.seen.hidden_columns += max(0, min(int(last), MOST_COLUMNS) - int(first) + 1)

    def _text(self, piece: str) -> None:
        if self._in_value:
            self._length += len(piece)
            if self._length > LONGEST_ROW:
                raise row_too_long()
            self._value.append(piece)
        elif self._in_cell:
            self._texts.text(piece)

    def _open_row(self, attributes: dict[str, str]) -> None:
        if not self._in_data or self._in_row:
            raise bad_workbook()
        number = attributes.get("r")
        place = self._row.number + 1 if number is None else int(number) if number.isdecimal() else 0
        if not self._row.number < place <= LAST_ROW:
            raise bad_workbook()
        self._row, self._length, self._column = SheetRow(place, {}), 0, -1
        self._hidden, self._in_row = is_true(attributes.get("hidden")), True

    def _close_row(self) -> None:
        self._in_row = False
        if not self._row.cells:
            return
        if self._hidden:
            self.seen.hidden_rows += 1
            self.seen.first_hidden = self.seen.first_hidden or self._row.number
        self._row.last = last_of(self._row.cells)
        if self._row.last >= 0:
            self._rows += 1
            self._refuse_many()
            self._done.append(self._row)

    def _open_cell(self, attributes: dict[str, str]) -> None:
        if not self._in_row or self._in_cell:
            return
        self._all_cells += 1
        self._refuse_many()
        column = self._column + 1 if "r" not in attributes else column_of(attributes["r"], self._row.number)
        if not self._column < column < LAST_COLUMN or not self._row.number:
            raise bad_workbook()
        self._column = column
        self._style, self._kind = attributes.get("s", ""), attributes.get("t", "")
        self._in_cell, self._has_formula = True, False
        self._value.clear()
        self._texts.take()

    def _close_cell(self) -> None:
        if not self._in_cell:
            return
        self._in_cell = self._in_value = False
        text = "".join(self._value)
        own = self._kind == "inlineStr"
        found = self._texts.take() if own else self._cells.read(self._kind, self._style, text)
        if self._has_formula:
            self.seen.formulas += 1
            self.seen.first_formula = self.seen.first_formula or self._row.number
            if not found and self._kind != "str":
                found = Odd(NOT_CALCULATED)
        if found:
            self._length += len(found)
            if self._length > LONGEST_ROW:
                raise row_too_long()
            self._row.cells[self._column] = found
            if isinstance(found, Odd):
                self.odd.add(self._column)
            self._row.length = self._length


def column_of(place: str, row: int) -> int:
    """The column of a cell, from 0, by its name: ``AB12``; ``Malformed`` where it is in another row."""
    found = _PLACE.fullmatch(place)
    if found is None or int(found[2]) != row:
        raise bad_workbook()
    return column_number(found[1])
