"""Tables of figures as CSV and as a workbook. Pure.

They are made to be pivoted: one table at a time, one header line, one row a cell, and on every row what the figure is
of, so that a line copied somewhere else still says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from service.contract.sheet import harmless
from service.contract.workbook import Column, Workbook

Value = int | str | None


class Tabled(Struct, frozen=True):
    """One table: what its sheet is called, its headings, and its rows by heading."""

    title: str
    heads: Sequence[str]
    rows: Iterable[Mapping[str, object]]


def title_of(table: str) -> str:
    """What the sheet of a table is called."""
    return table.replace("_", " ").capitalize()


def written_csv(table: Tabled, stamp: Mapping[str, Value]) -> str:
    """One table as CSV (RFC 4180), with a line of headings; ``stamp`` is what stands on every row of it."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([*table.heads, *stamp])
    for row in table.rows:
        writer.writerow([*(harmless(row.get(head)) for head in table.heads), *map(harmless, stamp.values())])
    return written.getvalue()


def tables_as_xlsx(tables: Iterable[Tabled], stamp: Mapping[str, Value]) -> bytes:
    """The tables as a workbook, each in a sheet of its own, with the rows of the CSV."""
    with Workbook() as book:
        for table in tables:
            columns = [Column(name=name, text=False) for name in (*table.heads, *stamp)]
            sheet = book.sheet(table.title, columns, filters=True)
            sheet.add_all([*map(row.get, table.heads), *stamp.values()] for row in table.rows)
        return book.content()
