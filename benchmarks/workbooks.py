"""A workbook read as typed rows, against the same rows as CSV: both with every cell looked at, nothing stored."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks.files import CASE, CONTRACT, clean_csv, rows_of
from benchmarks.harness import Bound, Figure, by_turns, ratio
from service.contract.template import PartSheet
from service.contract.workbook import Workbook
from service.returns.readers import XLSX, BytesSource, FileSource, Source, read

_ROWS: Final = 9_000


def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    rows = int(_ROWS * scale)
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "cases.xlsx"
        _written(book, rows)
        ours = _reading(FileSource(book), XLSX, rows)
        turns = by_turns(ours, _reading(BytesSource(clean_csv(rows)), "text/csv", rows), pairs)
    what = f"{rows:,} rows of a workbook made from the template, read as typed rows : the same rows as CSV"
    return [ratio(what, Bound(most=3), turns)]


def _reading(source: Source, media: str, rows: int) -> Callable[[], None]:
    def reading() -> None:
        blocks = list(read(source, media, CASE, CONTRACT))
        if sum(len(block.rows) for block in blocks) != rows or any(block.held for block in blocks):
            raise RuntimeError(f"{media}: not every row was read")

    return reading


def _written(file: Path, rows: int) -> None:
    """The rows in the sheet that a force is given, numbers as numbers."""
    made = rows_of(rows)
    with Workbook(most=rows + 1) as book:
        sheet = PartSheet(book, CONTRACT, CASE, list(made.fields), {})
        for number, row in zip(count(2), made.rows):
            cells = [row.get(name) or None for name in sheet.names]
            sheet.rows.add([int(cell) if cell and cell.isdigit() else cell for cell in cells], {}, number=number)
        sheet.guide()
        with book.finished() as done, file.open("wb") as out:
            while piece := done.read(1 << 16):
                out.write(piece)
