"""Workbooks as forces send them, made by a program that forces use; and such as no program would make."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from html import escape, unescape
from typing import Any, Final

import xlsxwriter

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CELL: Final = re.compile(
    r'<c r="([A-Z]+)\d+"[^>]*?(?:/>|><is><t[^>]*>([^<]*)</t></is></c>|><v>([^<]*)</v></c>)', re.DOTALL
)
SHEET: Final = "xl/worksheets/sheet1.xml"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD: Final = f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{_MAIN}"><sheetData>'


class Shown:
    """A value with the format in which a person sees it."""

    def __init__(self, value: Any, form: str) -> None:
        self.value, self.form = value, form


class Formula:
    """A formula with what it came to."""

    def __init__(self, words: str, value: Any = 0) -> None:
        self.words, self.value = words, value


def a_workbook(
    records: Sequence[Mapping[str, Any]] = (),
    *,
    sheets: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    more: Callable[[Any, Any], None] | None = None,
    top: int = 0,
    **options: Any,
) -> bytes:
    """Records under the fields of the first, in one sheet or in several by name. ``more`` is given the book and its
    first sheet; ``top``: so many rows stand blank above the heading; ``options`` are those of XlsxWriter."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, **options})
    for name, listed in (sheets if sheets is not None else {"cases": records}).items():
        sheet = book.add_worksheet(name)
        if listed:
            sheet.write_row(top, 0, list(listed[0]))
        for row, record in enumerate(listed, top + 1):
            for column, value in enumerate(record.values()):
                _write(book, sheet, row, column, value)
    if more is not None:
        more(book, book.worksheets()[0])
    book.close()
    return content.getvalue()


def _write(book: Any, sheet: Any, row: int, column: int, value: Any) -> None:
    form = None
    if isinstance(value, Shown):
        value, form = value.value, book.add_format({"num_format": value.form})
    if isinstance(value, Formula):
        sheet.write_formula(row, column, value.words, None, value.value)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, form)
    elif isinstance(value, date | datetime):
        sheet.write_datetime(row, column, value, form or book.add_format({"num_format": "yyyy-mm-dd"}))
    elif value not in (None, ""):
        sheet.write_string(row, column, str(value), form)


def parts_of(workbook: bytes) -> dict[str, bytes]:
    """What is inside."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(parts: Mapping[str, bytes | str]) -> bytes:
    """The parts as one file again."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def changed(good: bytes, /, **parts: bytes | str | None) -> bytes:
    """The workbook with parts of other content, by the last word of their name (``sheet1``), or without them."""
    found: dict[str, bytes | str] = dict(parts_of(good))
    for word, content in parts.items():
        name = next(name for name in found if name.rpartition("/")[2].partition(".")[0] == word)
        if content is None:
            del found[name]
        else:
            found[name] = content
    return archive_of(found)


def a_sheet_of(rows: str, shared: str | None = None) -> bytes:
    """A workbook of one sheet with these rows of XML, after the heading ``case_ref``, ``stage``, ``suspect_count``;
    with these shared texts in XML. Its styles: 0 a number, 1 a day, 2 a month, 3 with leading zeros."""
    head = "".join(
        f'<c r="{place}1" t="inlineStr"><is><t>{name}</t></is></c>'
        for place, name in zip("ABC", ("case_ref", "stage", "suspect_count"), strict=True)
    )
    whole = f'{HEAD}<row r="1">{head}</row>{rows}</sheetData></worksheet>'
    styled = [Shown(1, form) for form in ("yyyy-mm-dd", "mmm-yy", "00000")]
    good = a_workbook([{"case_ref": "K/1"}, *({"case_ref": each} for each in styled)])
    parts: dict[str, bytes | str | None] = {"sheet1": whole}
    if shared is not None:
        parts["sharedStrings"] = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<sst xmlns="{_MAIN}" count="9">{shared}</sst>'
        )
    return changed(good, **parts)


def sheets_of(workbook: bytes) -> dict[str, list[dict[str, str]]]:
    """The cells of every sheet by its name: a row at a time, by column (``A``), as they are kept."""
    parts = parts_of(workbook)
    found = {}
    for number, name in enumerate(re.findall(r'<sheet name="([^"]+)"', parts["xl/workbook.xml"].decode()), 1):
        xml = parts[f"xl/worksheets/sheet{number}.xml"].decode()
        found[unescape(name)] = [
            {column: unescape(text or number_of) for column, text, number_of in _CELL.findall(row)}
            for row in re.findall(r"<row [^>]*>(.*?)</row>", xml, re.DOTALL)
        ]
    return found


def records_of(workbook: bytes, sheet: str) -> list[dict[str, str]]:
    """The rows of a sheet under its heading; what is empty has no entry."""
    head, *rows = sheets_of(workbook)[sheet]
    return [{head[column]: text for column, text in row.items() if text} for row in rows]


def coloured_in(workbook: bytes) -> list[list[str]]:
    """Of each row below the heading of the first sheet, the columns in which its cell has a colour."""
    parts = parts_of(workbook)
    styles, xml = parts["xl/styles.xml"].decode(), parts["xl/worksheets/sheet1.xml"].decode()
    formats = re.findall(r"<xf [^>]*>", styles.partition("<cellXfs")[2].partition("</cellXfs>")[0])
    filled = {str(place) for place, form in enumerate(formats) if 'applyFill="1"' in form}
    head = {column: unescape(text) for column, text, _ in _CELL.findall(_row_of(xml, 1))}
    return [
        [head[column] for column, style in re.findall(r'<c r="([A-Z]+)\d+" s="(\d+)"', row) if style in filled]
        for row in re.findall(r"<row [^>]*>(.*?)</row>", xml, re.DOTALL)[1:]
    ]


def typed_into(workbook: bytes, row: int, typed: Mapping[str, str]) -> bytes:
    """The workbook as a person saves it after typing into cells of its first sheet, by the names in the heading.

    A cell keeps the format that it has, or that of its column; so a text stays one only where that format says so.
    """
    xml = parts_of(workbook)["xl/worksheets/sheet1.xml"].decode()
    styles = _styles_of_columns(xml)
    head = {unescape(text): column for column, text, _ in _CELL.findall(_row_of(xml, 1))}
    inside = _row_of(xml, row)
    cells = {found[1]: found[0] for found in re.finditer(rf'<c r="([A-Z]+){row}"[^>]*?(?:/>|>.*?</c>)', inside)}
    for name, text in typed.items():
        column = head[name]
        style = re.search(r' s="(\d+)"', cells.get(column, ""))
        kept = style[1] if style else styles.get(_number(column))
        assert kept is not None, f"a spreadsheet would make something else of what is typed into {name}"
        cells[column] = f'<c r="{column}{row}" s="{kept}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
    written = "".join(cells[column] for column in sorted(cells, key=_number))
    whole = f'<row r="{row}">{written}</row>'
    found = re.search(rf'<row r="{row}"[^>]*>.*?</row>', xml, re.DOTALL)
    mended = xml.replace(found[0], whole) if found else xml.replace("</sheetData>", f"{whole}</sheetData>")
    return changed(workbook, sheet1=mended)


def _row_of(xml: str, row: int) -> str:
    found = re.search(rf'<row r="{row}"[^>]*>(.*?)</row>', xml, re.DOTALL)
    return found[1] if found else ""


def _styles_of_columns(xml: str) -> dict[int, str]:
    return {
        place: style
        for first, last, style in re.findall(r'<col min="(\d+)" max="(\d+)" [^>]*style="(\d+)"', xml)
        for place in range(int(first), int(last) + 1)
    }


def _number(column: str) -> int:
    number = 0
    for letter in column:
        number = number * 26 + ord(letter) - 64
    return number
