"""CSV as people have it: a good file made messy in known places, so that a test can ask for each of them.

Some of it a reader must take without a word (a byte order mark, semicolons, blank lines, a header in capitals), some
it must report. ``Mess.check`` names the reading check that must find it, or is None where nothing must be found.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from service.demo.fields import CASE_FIELDS
from service.demo.odds import Draw, draw_from, pick


class MessKind(StrEnum):
    """What was done to a file or a row."""

    BYTE_ORDER_MARK = "byte_order_mark"
    CP1252 = "cp1252"
    SEMICOLONS = "semicolons"
    LINE_FEEDS = "line_feeds"
    HEADER_CASE = "header_case"
    EMPTY_UNKNOWN_COLUMN = "empty_unknown_column"
    BLANK_LINE = "blank_line"
    PADDED = "padded"
    QUOTED_NEWLINE = "quoted_newline"
    NOT_KNOWN_IN_WORDS = "not_known_in_words"
    UNKNOWN_COLUMN = "unknown_column"
    NUMBER_IN_WORDS = "number_in_words"
    NUMBER_TOO_LARGE = "number_too_large"
    NEGATIVE = "negative"
    NO_SUCH_DATE = "no_such_date"
    CODE_TYPO = "code_typo"
    NO_REFERENCE = "no_reference"
    NO_STAGE = "no_stage"
    NAME_IN_REFERENCE = "name_in_reference"
    NUL = "nul"
    TOO_MANY_CELLS = "too_many_cells"
    DUPLICATE_REFERENCE = "duplicate_reference"


class Mess(Struct, frozen=True):
    """One thing that was put into the file. ``row``: as a spreadsheet counts (the header is 1, blank lines count)."""

    row: int
    field: str | None
    kind: MessKind

    @property
    def check(self) -> str | None:
        """The reading check that must find it."""
        return _CHECKS.get(self.kind)


class Messy(Struct, frozen=True):
    """The file, and everything that is the matter with it, in order of rows."""

    body: bytes
    planted: tuple[Mess, ...]


_CHECKS: Mapping[MessKind, str] = {
    MessKind.EMPTY_UNKNOWN_COLUMN: "unknown_column",
    MessKind.UNKNOWN_COLUMN: "unknown_column",
    MessKind.NUMBER_IN_WORDS: "number",
    MessKind.NUMBER_TOO_LARGE: "number",
    MessKind.NEGATIVE: "bounds",
    MessKind.NO_SUCH_DATE: "date",
    MessKind.CODE_TYPO: "code",
    MessKind.NO_REFERENCE: "required",
    MessKind.NO_STAGE: "required",
    MessKind.NAME_IN_REFERENCE: "personal",
    MessKind.NUL: "text",
    MessKind.TOO_MANY_CELLS: "shape",
    MessKind.DUPLICATE_REFERENCE: "duplicate_key",
}

_UNKNOWN_COLUMN = "suspect_cuont"
_EMPTY_COLUMN = "Officer’s notes"
_STREETS = ("14 Mill Lane Ashford", "J Smith 07700 900123", "anna.jones@example.org 3", "AB123456C")

_Cells = dict[str, str]
_CELLS: Mapping[MessKind, tuple[str, Callable[[str, Draw], str]]] = {
    MessKind.PADDED: ("setting", lambda cell, _: f"  {cell} "),
    MessKind.QUOTED_NEWLINE: ("outcome", lambda cell, _: f"{cell}\n"),
    MessKind.NOT_KNOWN_IN_WORDS: (
        "youngest_victim_age",
        lambda _, draw: pick(("not known", "NOT_KNOWN", "Not-known"), draw),
    ),
    MessKind.NUMBER_IN_WORDS: ("suspect_count", lambda _, draw: pick(("two", "a few", "3 or 4", "2,5"), draw)),
    MessKind.NUMBER_TOO_LARGE: ("victim_count", lambda _, draw: pick(("1e400", "NaN", "٣"), draw)),
    MessKind.NEGATIVE: ("suspect_count", lambda _, draw: pick(("-1", "-12"), draw)),
    MessKind.NO_SUCH_DATE: (
        "nfa_date",
        lambda _, draw: pick(("31/02/2014", "2014-02-31", "2014-13-01", "last year"), draw),
    ),
    MessKind.CODE_TYPO: (
        "setting",
        lambda _, draw: pick(("orgnised", "gangs", "intra familial abuse", "sinlge-incident"), draw),
    ),
    MessKind.NO_REFERENCE: ("case_ref", lambda _, __: ""),
    MessKind.NO_STAGE: ("stage", lambda _, __: ""),
    MessKind.NAME_IN_REFERENCE: ("case_ref", lambda _, draw: pick(_STREETS, draw)),
    MessKind.NUL: ("case_ref", lambda cell, _: f"{cell}\x00"),
    MessKind.UNKNOWN_COLUMN: (_UNKNOWN_COLUMN, lambda _, __: "3"),
}
"""What is done to one cell of a row, by kind."""

_ROW_KINDS = (*_CELLS, MessKind.TOO_MANY_CELLS, MessKind.DUPLICATE_REFERENCE, MessKind.BLANK_LINE)


def messy(rows: Iterable[Mapping[str, str]], seed: int, fields: Sequence[str] = CASE_FIELDS) -> Messy:
    """The rows as a messy CSV file with every kind of row mess once (as far as the rows reach: one row each)."""
    draw = draw_from(seed, "mess")
    cells = [dict(row) for row in rows]
    columns = [*fields, _UNKNOWN_COLUMN, _EMPTY_COLUMN]
    planted = [Mess(1, _EMPTY_COLUMN, MessKind.EMPTY_UNKNOWN_COLUMN)]
    lines: list[list[str]] = []
    spots = _spots(len(cells), draw)
    for number, row in enumerate(cells):
        kind = spots.get(number)
        if kind is MessKind.BLANK_LINE:
            lines.append([])
            planted.append(Mess(len(lines) + 1, None, kind))
        line = _line(row, columns, kind, draw, cells[number - 1]["case_ref"])
        lines.append(line)
        if kind is not None and kind is not MessKind.BLANK_LINE:
            planted.extend(_planted(kind, len(lines) + 1))
    return _file(columns, lines, planted, draw)


def _spots(count: int, draw: Draw) -> dict[int, MessKind]:
    """Which row gets which mess: every second row at most, so that a double never doubles a messy reference."""
    free = [number for _, number in sorted((draw(), number) for number in range(1, count, 2))]
    return dict(zip(free, _ROW_KINDS, strict=False))


def _line(row: _Cells, columns: Sequence[str], kind: MessKind | None, draw: Draw, before: str) -> list[str]:
    if kind is not None and kind in _CELLS:
        field, change = _CELLS[kind]
        row[field] = change(row.get(field, ""), draw)
    elif kind is MessKind.DUPLICATE_REFERENCE:
        row["case_ref"] = before
    line = [row.get(column, "") for column in columns]
    return [*line, "and", "more"] if kind is MessKind.TOO_MANY_CELLS else line


def _planted(kind: MessKind, row: int) -> Iterable[Mess]:
    if kind is MessKind.DUPLICATE_REFERENCE:
        yield Mess(row - 1, "case_ref", kind)
        yield Mess(row, "case_ref", kind)
    else:
        yield Mess(row, _CELLS[kind][0] if kind in _CELLS else None, kind)


def _file(columns: Sequence[str], lines: Iterable[Sequence[str]], planted: list[Mess], draw: Draw) -> Messy:
    """Write the lines with a delimiter, line ends, a header and an encoding by lot."""
    semicolons, line_feeds = draw() < 0.5, draw() < 0.4
    cased = [column.replace("_", " ").title() if draw() < 0.3 else f" {column} " for column in columns]
    text = io.StringIO(newline="")
    sheet = csv.writer(text, delimiter=";" if semicolons else ",", lineterminator="\n" if line_feeds else "\r\n")
    sheet.writerow(cased)
    sheet.writerows(lines)
    chance = draw()
    whole = text.getvalue()
    form = [
        (MessKind.HEADER_CASE, True),
        (MessKind.SEMICOLONS, semicolons),
        (MessKind.LINE_FEEDS, line_feeds),
        (MessKind.CP1252, chance < 0.4),
        (MessKind.BYTE_ORDER_MARK, chance > 0.7),
    ]
    body = (
        whole.replace("٣", "³").encode("cp1252")
        if chance < 0.4
        else whole.encode("utf-8-sig" if chance > 0.7 else "utf-8")
    )
    planted += [Mess(1, None, kind) for kind, here in form if here]
    return Messy(body=body, planted=tuple(sorted(planted, key=lambda mess: (mess.row, mess.kind, mess.field or ""))))
