"""The rows of one sheet, as they come out of the archive: never the sheet whole, however long it is."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from service.contract.sheet import MOST_ROWS
from service.returns.readers.block import LONGEST_ROW, MOST_COLUMNS
from service.returns.readers.source import row_too_long
from service.returns.readers.xlsx_book import Book, Sheet, Texts, is_true, unescaped
from service.returns.readers.xlsx_cells import NOT_CALCULATED, Cells, Odd
from service.returns.readers.xlsx_package import Package, Walk, bad_workbook, local, too_large
from service.returns.readers.xlsx_plain import END, SHEET_DATA, is_closed, plain_row

MOST_CELLS: Final = 10_000_000
LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384

_REMEMBERED: Final = 50_000
_IN_DATA: Final = 2
"""How deep one is inside of the element that holds the rows."""
_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class SheetRow(Struct):
    """``number`` is that which the person sees beside it; ``cells`` by column from 0, without those that are empty."""

    number: int
    cells: dict[int, str]
    length: int = 0
    """Of all its texts, at least roughly."""


class Seen(Struct):
    """What is to be told of a sheet as a whole: how many, and the first row of each."""

    formulas: int = 0
    first_formula: int = 0
    hidden_rows: int = 0
    first_hidden: int = 0
    hidden_columns: int = 0
    merged: int = 0


class _NotPlain(Exception):
    """The type of a cell and its content do not agree."""


class _Known(dict[tuple[bytes, bytes, bytes], str]):
    """What cells of the plain form say, by their attributes, value and own text. Remembered, and not for ever."""

    def __init__(self, cells: Cells) -> None:
        super().__init__()
        self._cells = cells
        self._forms: dict[bytes, tuple[str, str]] = {}

    def __missing__(self, key: tuple[bytes, bytes, bytes]) -> str:
        form, value, text = key
        style, kind = self._forms.get(form) or self._form(form)
        if kind == "inlineStr":
            if value:
                raise _NotPlain
            return unescaped(text.decode())
        if text:
            raise _NotPlain
        said = self._cells.read(kind, style, value.decode() if kind == "str" else value.decode().strip())
        if len(self) >= _REMEMBERED:
            self.clear()
        self[key] = said
        return said

    def _form(self, form: bytes) -> tuple[str, str]:
        """Style and type, as they stand: `` s="3" t="s"``."""
        said = dict(item.split("=") for item in form.decode().split())
        if len(self._forms) >= _REMEMBERED:
            self._forms.clear()
        found = self._forms[form] = (said.get("s", "").strip('"'), said.get("t", "").strip('"'))
        return found


class _Columns(dict[bytes, int]):
    """Places of columns by their letters."""

    def __missing__(self, letters: bytes) -> int:
        place = self[letters] = column_of(f"{letters.decode()}1", 1)
        return place


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
        self._known, self._columns = _Known(self._cells), _Columns()

    def rows(self) -> Iterator[SheetRow]:
        """The rows that have anything in them, in order; ``Malformed`` or ``TooLarge`` where that ends."""
        self._walk = Walk(self._start, self._end, self._text)
        kept = b""
        for chunk in self._chunks:
            kept = self._take(kept + chunk)
            done, self._done = self._done, []
            yield from done
        self._walk.feed(kept)
        self._walk.feed(b"", last=True)
        yield from self._done

    def _take(self, content: bytes) -> bytes:
        """Read as much of the content as can be; what is left stands at the beginning of the next."""
        if not self._in_data:
            content = self._begin(content)
        if self._is_plain:
            *pieces, content = content.split(END)
            for place, piece in enumerate(pieces):
                if not self._plain(piece):
                    self._walk.feed(piece + END)
                    if self._walk.depth != _IN_DATA or not is_closed(piece):
                        self._is_plain = False
                        content = END.join([*pieces[place + 1 :], content])
                        break
            if self._is_plain and len(content) <= LONGEST_ROW:
                return content
        self._is_plain = False
        self._walk.feed(content)
        return b""

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

    def _plain(self, piece: bytes) -> bool:
        """Take a row of the plain form; False where it is none, and then nothing is taken."""
        found = plain_row(piece)
        if found is None:
            return False
        name, cells = found
        number, row = int(name), dict[int, str]()
        if not self._row.number < number <= LAST_ROW:
            return False
        if cells:
            letters, own_rows, forms, values, texts = zip(*cells, strict=True)
            places = [*map(self._columns.__getitem__, letters)]
            if own_rows.count(name) != len(places) or not _ascend(places):
                return False
            try:
                said = [*map(self._known.__getitem__, zip(forms, values, texts, strict=True))]
            except _NotPlain:
                return False
            row = dict(zip(places, said, strict=True))
            if "" in said:
                row = {place: text for place, text in row.items() if text}
        self._count_cells(len(cells))
        self._row, self._hidden = SheetRow(number, row, len(piece) + sum(map(len, row.values()))), False
        self._close_row()
        return True

    def _count_cells(self, count: int) -> None:
        self._all_cells += count
        if self._all_cells > MOST_CELLS:
            raise too_large(f"it may have {MOST_CELLS:,} cells")

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
        self._rows += 1
        if self._rows > MOST_ROWS:
            raise too_large(f"it may have {MOST_ROWS:,} rows")
        if self._hidden:
            self.seen.hidden_rows += 1
            self.seen.first_hidden = self.seen.first_hidden or self._row.number
        self._done.append(self._row)

    def _open_cell(self, attributes: dict[str, str]) -> None:
        if not self._in_row or self._in_cell:
            return
        self._count_cells(1)
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
        if self._kind == "inlineStr":
            text = self._texts.take()
        elif self._kind != "str":
            text = text.strip()
        found = self._cells.read(self._kind, self._style, text)
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
            self._row.length = self._length


def column_of(place: str, row: int) -> int:
    """The column of a cell, from 0, by its name: ``AB12``; ``Malformed`` where it is in another row."""
    found = _PLACE.fullmatch(place)
    if found is None or int(found[2]) != row:
        raise bad_workbook()
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _ascend(places: list[int]) -> bool:
    return places[-1] < LAST_COLUMN and all(map(operator.lt, places, places[1:]))
