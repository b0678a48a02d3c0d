"""Rows as files: CSV as a well-behaved spreadsheet writes it, and NDJSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from msgspec.json import Encoder

from service.demo.fields import NUMBERS


def write_csv(rows: Iterable[Mapping[str, str]], fields: Sequence[str]) -> bytes:
    """UTF-8, commas, CRLF, a header: one line a row, one cell a field."""
    text = io.StringIO(newline="")
    sheet = csv.writer(text)
    sheet.writerow(fields)
    sheet.writerows([row[field] for field in fields] for row in rows)
    return text.getvalue().encode()


def write_ndjson(rows: Iterable[Mapping[str, str]], fields: Sequence[str]) -> bytes:
    """One JSON object a line: blank is null, an exact number an integer, everything else a string."""
    numbers = NUMBERS.intersection(fields)
    encode = Encoder().encode
    lines = bytearray()
    for row in rows:
        record: dict[str, str | int | None] = {field: row[field] or None for field in fields}
        for field in numbers:
            if row[field].isdigit():
                record[field] = int(row[field])
        lines += encode(record) + b"\n"
    return bytes(lines)
