"""Workbooks (XLSX) that people open: rows of typed cells, of which none is ever a formula or a link.

Written by XlsxWriter a row at a time: of however many rows, one is in memory. What it writes on its way lies in a
folder that is only ours and goes with the workbook.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from math import ceil
from pathlib import Path
from textwrap import wrap
from typing import IO, Any, Final, Self

import xlsxwriter
from msgspec import Struct

from service.contract.sheet import MOST_ROWS, may_run
from service.errors import NotAcceptable

LONGEST_CELL: Final = 32_767
"""In characters: a spreadsheet takes no more."""

_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_MADE: Final = datetime(2025, 11, 1)  # noqa: DTZ001  a workbook's moments have no time zone
"""Every workbook says that it was made at this moment: the same rows are the same bytes."""
_FOLDER: Final = "case-returns-workbook-"
LAST_ROW: Final = 1_048_576
"""No spreadsheet has more rows."""
_MARKS: Final = {
    True: {"num_format": "@", "bg_color": "#F9D7D3", "border": 1, "border_color": "#D4351C"},
    False: {"num_format": "@", "bg_color": "#FFF2CC", "border": 1, "border_color": "#F47738"},
}
"""By whether what is wrong with the cell holds its row."""
_ASKED: Final = {"bg_color": "#DCEBF7", "border": 1, "border_color": "#1D70B8"}
_QUOTED: Final = {"num_format": "@", "quote_prefix": True}
"""Of a text that begins like a formula: it stays a text when its cell is edited."""
_FITS_A_PAGE: Final = 200
"""In characters: so wide a sheet still can be read when it is printed on the width of one page."""
_A4: Final = 9
_LINE: Final = 15.0
_TALLEST: Final = 405.0
"""Heights in points of a line, and of the tallest row; a spreadsheet has none over 409."""


class TooManyRows(NotAcceptable):
    """More rows than a workbook may have that is to be sent back."""

    code = "too-many-rows"

    def __init__(self) -> None:
        super().__init__(f"A workbook has at most {MOST_ROWS - 1:,} rows here.", "Ask for CSV.")


class Column(Struct, frozen=True, kw_only=True):
    """One column under its heading. ``text``: what is typed into it stays as it is typed, whatever it looks like.
    ``aside``: it is for a program; what is longer than the cell is cut off."""

    name: str
    width: int = 16
    text: bool = True
    wraps: bool = False
    aside: bool = False

    def form(self, *, on_top: bool) -> dict[str, Any]:
        """The format of its cells; ``on_top``: as they stand beside cells of several lines."""
        said: dict[str, Any] = {"num_format": "@"} if self.text else {}
        said |= {"valign": "top"} if on_top else {}
        said |= {"text_wrap": True} if self.wraps else {}
        return said | ({"align": "fill", "font_color": "#6F777B"} if self.aside else {})


class Mark(Struct, frozen=True):
    """What is wrong with a cell: it is coloured, and its comment says it."""

    says: str
    holds: bool


class Choice(Struct, frozen=True, kw_only=True):
    """What a spreadsheet offers for a column: a hint, and codes out of another sheet. ``only``: nothing else is
    taken."""

    title: str
    hint: str
    source: str | None = None
    only: bool = False


class Workbook:
    """A workbook under way. Use it as a context manager; ``finished`` gives the file, which has no name.

    ``most`` rows a sheet, its heading counted; otherwise as many as are read of one that is sent back.
    """

    def __init__(self, most: int | None = None) -> None:
        _sweep()
        self.most = most
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  it is given away
        self._book = xlsxwriter.Workbook(self._file, {**_OPTIONS, "tmpdir": str(self._folder)})
        self._book.set_properties({"created": _MADE, "comments": "Case Returns"})
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._sheets: list[Sheet] = []
        self._is_given = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_given:
            self._file.close()
            for sheet in self._book.worksheets():
                with suppress(OSError):
                    sheet.row_data_fh.close()
        self._book.fileclosed = True
        shutil.rmtree(self._folder, ignore_errors=True)

    def sheet(self, name: str, columns: Sequence[Column], *, filters: bool = False) -> Sheet:
        """A new sheet with its heading, which stays in sight."""
        made = Sheet(self, self._book.add_worksheet(name), columns, filters=filters)
        self._sheets.append(made)
        return made

    def format(self, **said: Any) -> Any:
        """A format, made once."""
        key = tuple(sorted(said.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(said)
        return self._formats[key]

    def finished(self) -> IO[bytes]:
        """The workbook as a file at its beginning; whoever has it closes it."""
        for sheet in self._sheets:
            sheet.close()
        self._book.close()
        self._is_given = True
        self._file.seek(0)
        return self._file

    def content(self) -> bytes:
        """The workbook whole, of one that is small."""
        with self.finished() as file:
            return file.read()


class Sheet:
    """One sheet of rows; row 1 is the heading."""

    def __init__(self, book: Workbook, sheet: Any, columns: Sequence[Column], *, filters: bool) -> None:
        self._book, self._sheet, self._columns = book, sheet, columns
        self._row = 0
        head = book.format(bold=True, num_format="@", bottom=1, text_wrap=True, valign="top")
        self._wrapped = {place: column.width for place, column in enumerate(columns) if column.wraps}
        on_top = bool(self._wrapped)
        self._forms = [column.form(on_top=on_top) for column in columns]
        self._plain = [book.format(**form) if form else None for form in self._forms]
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width, self._plain[place])
            sheet.write_string(0, place, column.name, head)
        sheet.freeze_panes(1, 0)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self._filters = filters
        self._lay_out()

    def _lay_out(self) -> None:
        """How it is printed: each page with the heading, and with the first column where one page is not wide
        enough."""
        self._sheet.set_landscape()
        self._sheet.set_paper(_A4)
        self._sheet.repeat_rows(0)
        pages = ceil(sum(column.width for column in self._printed) / _FITS_A_PAGE)
        self._sheet.fit_to_pages(pages, 0)
        if pages > 1:
            self._sheet.repeat_columns(0)

    @property
    def _printed(self) -> Sequence[Column]:
        """Its columns up to those that are for a program, which stand last."""
        return [column for column in self._columns if not column.aside]

    def add(
        self,
        values: Sequence[object],
        marks: Mapping[int, Mark] | None = None,
        *,
        asked: Collection[int] = (),
        number: int | None = None,
    ) -> None:
        """The next row, a value a column, or the row of that number, with those before it left blank; the cells in the
        places that are ``asked`` have a colour. TooManyRows after the last."""
        self._row = self._row + 1 if number is None else number - 1
        if self._row >= (self._book.most or MOST_ROWS):
            raise TooManyRows
        marks = marks or {}
        if self._wrapped:
            self._make_room(values)
        for place, value in enumerate(values):
            if value is not None and value != "":
                self._write(place, value, marks.get(place), is_asked=place in asked)
            elif place in marks or place in asked:
                self._sheet.write_blank(self._row, place, None, self._form(place, marks.get(place), is_asked=True))
        for place, mark in marks.items():
            self._comment(self._row, place, mark.says)

    def _make_room(self, values: Sequence[object]) -> None:
        """Make the row as high as its texts are: LibreOffice gives every row that does not say it the height of one
        line, in which several lie upon each other."""
        lines = max(
            _lines(str(values[place] or ""), width) for place, width in self._wrapped.items() if place < len(values)
        )
        if lines > 1:
            self._sheet.set_row(self._row, min(lines * _LINE, _TALLEST))

    def remark(self, place: int, says: str) -> None:
        """A comment on the heading of a column."""
        self._comment(0, place, says)

    @property
    def is_full(self) -> bool:
        """Whether no further row has room."""
        return self._row + 1 >= (self._book.most or MOST_ROWS)

    def _comment(self, row: int, place: int, says: str) -> None:
        self._sheet.write_comment(row, place, says[:LONGEST_CELL], {"x_scale": 2.5, "y_scale": 1.5})

    def add_all(self, rows: Iterable[Sequence[object]]) -> None:
        """The next rows."""
        for values in rows:
            self.add(values)

    def close(self) -> None:
        """There are no more rows."""
        if self._filters and self._row:
            self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)
        self._sheet.print_area(0, 0, self._row, len(self._printed) - 1)

    def offer(self, place: int, choice: Choice) -> None:
        """What a spreadsheet offers in a column to whoever fills it in."""
        said: dict[str, Any] = {
            "validate": "any" if choice.source is None else "list",
            "input_title": choice.title[:32],
            "input_message": choice.hint[:255],
        }
        if choice.source is not None:
            said |= {"source": choice.source, "error_type": "stop" if choice.only else "warning"}
            said |= {"error_title": "Not in the list", "error_message": "Choose one of the list, or see the guidance."}
        self._sheet.data_validation(1, place, MOST_ROWS - 1, place, said)

    def _form(self, place: int, mark: Mark | None, *, is_asked: bool = False, **more: Any) -> Any:
        """The format of a cell; none, where it has none of its own."""
        if mark is not None:
            return self._book.format(**{**_MARKS[mark.holds], **more})
        if not (is_asked or more):
            return self._plain[place]
        return self._book.format(**{**self._forms[place], **(_ASKED if is_asked else {}), **more})

    def _write(self, place: int, value: object, mark: Mark | None, *, is_asked: bool = False) -> None:
        form = self._form(place, mark, is_asked=is_asked)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._sheet.write_number(self._row, place, value, form)
            return
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        if may_run(shown):
            form = self._form(place, mark, is_asked=is_asked, **_QUOTED)
        self._sheet.write_string(self._row, place, shown, form)


@lru_cache(maxsize=4_096)
def _lines(text: str, width: int) -> int:
    """Over how many lines a text is spread in a column of a usual font."""
    return sum(max(1, len(wrap(line, width))) for line in text.split("\n"))


def _sweep() -> None:
    """Take away what a process left behind that was ended in the middle: rows may be in it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        owner = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if owner.isdecimal() and not _runs(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
