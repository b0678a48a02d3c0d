"""The barest workbook that spreadsheets open: one sheet, text and numbers.

Not that of ``service/contract/workbook.py``, which is for people: nothing is compressed here, so the same rows give the
same bytes on every machine, whatever its zlib, and the hash of the kit is the same everywhere.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_STORED, ZipFile, ZipInfo

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FIXED: Final = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of an archive of ours: an archive of the same content is the same archive."""


def as_book(sheet: str, columns: Sequence[str], rows: Iterable[Sequence[str | int | Decimal | None]]) -> bytes:
    """Rows under a heading."""
    book = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    names = [_name(place) for place in range(len(columns))]
    lines = [_row(1, columns, names)] + [_row(number, cells, names) for number, cells in enumerate(rows, 2)]
    data = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_STORED) as archive:
        for name, text in {**_FIXED, "xl/workbook.xml": book, "xl/worksheets/sheet1.xml": data}.items():
            archive.writestr(ZipInfo(name, EPOCH), _XML + text)
    return content.getvalue()


def _row(number: int, cells: Sequence[str | int | Decimal | None], names: Sequence[str]) -> str:
    inside = [_cell(f"{name}{number}", cell) for name, cell in zip(names, cells, strict=True) if cell is not None]
    return f'<row r="{number}">{"".join(inside)}</row>'


def _cell(place: str, cell: str | int | Decimal) -> str:
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell}</v></c>'


def _name(place: int) -> str:
    """The letters of a column: A, Z, AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
