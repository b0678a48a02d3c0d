"""What commands print: rows as a table, JSON or CSV, and the progress of long work."""

from __future__ import annotations

import csv
import io
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec

FORMATS = click.Choice(["table", "json", "csv"])
WIDEST = 48
"""Of a table's cell on a terminal; CSV and JSON have all of it."""

Cell = str | int | None
Advance = Callable[[int, int], None]


def as_json(document: Any) -> str:
    """A document for people and programs."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def json_pieces(document: Mapping[str, Any], name: str, items: Iterable[Any]) -> Iterator[str]:
    """What ``as_json`` makes of a document in which ``items`` stand under ``name``, an item at a time."""
    before, mark, after = as_json({**document, name: []}).partition(f'"{name}": []')
    yield before + mark[:-1]
    between, end = "\n", ""
    for item in items:
        yield between + textwrap.indent(as_json(item), "    ")
        between, end = ",\n", "\n  "
    yield f"{end}]{after}"


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """Rows with a heading; no cell that a spreadsheet would take for a formula."""
    return "".join(csv_pieces(columns, rows))


def csv_pieces(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> Iterator[str]:
    """The same a row at a time."""
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(columns)
    for row in rows:
        yield out.getvalue()
        out.seek(0)
        out.truncate()
        sheet.writerow([_harmless(row.get(column)) for column in columns])
    yield out.getvalue()


def as_table(columns: Sequence[str], rows: Sequence[Mapping[str, Cell]]) -> str:
    """Rows in columns of their own width, numbers to the right."""
    cells = [[_short(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[place]) for line in cells), 0) for place, column in enumerate(columns)]
    right = [bool(rows) and all(isinstance(row.get(column), int) for row in rows) for column in columns]
    lines = [list(columns), ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _short(value: Cell) -> str:
    text = "" if value is None else f"{value:,}" if isinstance(value, int) else " ".join(value.split())
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _harmless(value: Cell) -> Cell:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


@contextmanager
def progress(words: str, unit: str) -> Iterator[Advance]:
    """A bar on a terminal, now and then a plain line elsewhere; call what it gives with (done, of how many)."""
    if not sys.stderr.isatty():
        yield _plain(words, unit)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _plain(words: str, unit: str) -> Advance:
    last = -1

    def advance(done: int, total: int) -> None:
        nonlocal last
        tenth = done * 10 // total if total else 10
        if tenth != last:
            last = tenth
            click.echo(f"{words}: {done:,} of {total:,} {unit}", err=True)

    return advance
