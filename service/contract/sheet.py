"""Rows as CSV that a person opens in a spreadsheet: nothing in a cell may run there. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

Shown: TypeAlias = int | str | None


def harmless(value: object) -> Shown:
    """A value that no spreadsheet takes for a formula; numbers stay numbers, nothing stays an empty cell."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{shown}" if shown.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else shown


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
