"""Rows of a sheet that is no part of a return, by the names in its heading: CSV or a workbook, as texts.

For sheets that the service itself gave and that come back with something filled in. Of the columns only those asked
for are read. Rows are numbered as the person sees them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from service.contract.mapping import fold
from service.contract.sheet import XLSX, as_written
from service.contract.values import BLANKS
from service.errors import Malformed, UnsupportedMedia
from service.returns.readers.block import storable
from service.returns.readers.csv_lines import Lines, RowTooLong
from service.returns.readers.source import Source, open_source, refuse_long_lines
from service.returns.readers.xlsx_book import Book, Sheet, read_book
from service.returns.readers.xlsx_file import WhichSheet
from service.returns.readers.xlsx_package import Package
from service.returns.readers.xlsx_sheet import SheetReader

TABLES: Final = ("text/csv", XLSX)
"""The media types of such sheets."""

_DELIMITERS: Final = (",", ";", "\t")
_LOOKED_THROUGH: Final = 200


class TableRow(Struct, frozen=True):
    """``cells`` are the texts of the columns asked for, in their order, without blanks around; None where the row
    cannot be split as its heading says."""

    number: int
    cells: tuple[str, ...] | None


def read_table(source: Source, media: str, names: Sequence[str]) -> Iterator[TableRow]:
    """The rows below the heading that has all of these names; blank ones are left out.

    What concerns the whole file is a ``CaseReturnsError``, raised before the first row is given.
    """
    if media == XLSX:
        return _workbook_rows(source, names)
    if media == "text/csv":
        return _csv_rows(source, names)
    raise UnsupportedMedia("Such a sheet is not taken in this media type.", f"Send one of: {', '.join(TABLES)}.")


def _csv_rows(source: Source, names: Sequence[str]) -> Iterator[TableRow]:
    text = open_source(source)
    refuse_long_lines(text)
    lines = Lines(text)
    ahead = lines.ahead(_LOOKED_THROUGH, 1 << 20)
    delimiter = max(_DELIMITERS, key=lambda mark: len(_found(_split(ahead, mark), names)))
    reader, number = csv.reader(iter(lines), delimiter=delimiter, strict=True), 0
    places: list[int] | None = None
    width = 0
    while True:
        lines.row_length = 0
        try:
            row = next(reader, None)
        except (csv.Error, RowTooLong):
            says = f"The file cannot be read from row {number + 1:,} on: a quotation mark stands where none can be."
            raise Malformed(says, "Save the sheet anew from a spreadsheet, and send it again.") from None
        if row is None:
            break
        number += 1
        lines.leave(lines.next)
        if not "".join(row).strip(BLANKS):
            continue
        if places is None:
            places, width = _places(row, names), len(row)
            continue
        fits = len(row) <= width or not "".join(row[width:]).strip(BLANKS)
        cells = [row[place] if place < len(row) else "" for place in places]
        yield TableRow(number, tuple(as_written(_clean(cell)) for cell in cells) if fits else None)
    if places is None:
        raise Malformed("There is no heading: the file is blank.", "Send the file again.", code="empty-upload")


def _split(lines: Sequence[str], mark: str) -> list[str]:
    """The first row that is not blank."""
    try:
        return next((row for row in csv.reader(lines, delimiter=mark) if "".join(row).strip(BLANKS)), [])
    except csv.Error:
        return []


def _workbook_rows(source: Source, names: Sequence[str]) -> Iterator[TableRow]:
    with Package(source) as package:
        book = read_book(package)
        sheet = _sheet_with(package, book, names)
        places: list[int] | None = None
        for row in SheetReader(package, book, sheet).rows():
            if places is None:
                places = _places(_names(row.cells), names)
                continue
            yield TableRow(row.number, tuple(_clean(row.cells.get(place, "")) for place in places))


def _sheet_with(package: Package, book: Book, names: Sequence[str]) -> Sheet:
    """The one visible sheet whose heading has all of the names."""
    visible = [sheet for sheet in book.sheets if not sheet.is_hidden and sheet.part in package]
    fitting = [sheet for sheet in visible if len(_found(_heading_of(package, book, sheet), names)) == len(names)]
    if len(fitting) != 1:
        how_many = "No sheet" if not fitting else f"{len(fitting)} sheets"
        says = f"{how_many} of the workbook has the columns {', '.join(names)}."
        raise WhichSheet(says, fitting or visible)
    return fitting[0]


def _heading_of(package: Package, book: Book, sheet: Sheet) -> list[str]:
    rows = islice(SheetReader(package, book, sheet).rows(), _LOOKED_THROUGH)
    return next((_names(row.cells) for row in rows), [])


def _names(cells: dict[int, str]) -> list[str]:
    return [str(cells.get(place, "")) for place in range(max(cells, default=-1) + 1)]


def _found(heading: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    """The place of each name that a heading has; of one that it has twice the first."""
    folded = [fold(cell) for cell in heading]
    return {name: folded.index(fold(name)) for name in names if fold(name) in folded}


def _places(heading: Sequence[str], names: Sequence[str]) -> list[int]:
    found = _found(heading, names)
    missing = [name for name in names if name not in found]
    if missing:
        says = f"There is no column {', '.join(missing)} in the heading."
        raise Malformed(says, f"Send a sheet with the columns {', '.join(names)}.", code="no-required-column")
    return [found[name] for name in names]


def _clean(cell: str) -> str:
    return storable(str(cell)).replace("\r\n", "\n").strip(BLANKS)
