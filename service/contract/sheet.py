"""Rows as CSV that a person opens in a spreadsheet: nothing in a cell may run there. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

Shown: TypeAlias = int | str | None

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 200_000
"""Of a workbook, its heading counted: what is read of one that is sent, and written of one that may come back."""

NOTES: Final = "notes"
"""The column of a sheet that is for whoever fills it in: not read, not kept, unless the contract has such a field."""

HANDED_OUT: Final = "handed_out"
"""The column of a sheet in which stands what each row said when the service made it: by it an upload knows what nobody
touched."""


def may_run(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula where it is typed or opened."""
    return text.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(value: object) -> Shown:
    """A value that no spreadsheet takes for a formula; numbers stay numbers, nothing stays an empty cell."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{shown}" if may_run(shown.lstrip("'")) else shown


def as_written(text: str) -> str:
    """The text that ``harmless`` made this of."""
    return text[1:] if text.startswith("'") and may_run(text.lstrip("'")) else text


def csv_block(names: Sequence[str], rows: Iterable[Mapping[str, Any]], *, heading: bool) -> bytes:
    """Rows as lines of CSV (RFC 4180), with the heading where it is asked for.

    A cell that a spreadsheet would take for a formula gets an apostrophe. It never stands before a value that the
    service accepts: references begin with a letter or digit, dates and numbers with a digit or a point, codes with a
    letter or digit. So an export of accepted rows can be sent again as it is.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    if heading:
        writer.writerow(names)
    writer.writerows([harmless(row.get(name)) for name in names] for row in rows)
    return text.getvalue().encode()
