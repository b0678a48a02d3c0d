"""Counts what was read although it is written otherwise than the standard has it, and says so: a note for each column.

Nothing is counted row by row but the texts that differ: which those are is looked up once for each distinct text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from service.contract.model import Field
from service.contract.spreadsheets import habits
from service.contract.values import Otherwise

Differing = Mapping[str, frozenset[Otherwise]]
"""Texts that are taken, and in what each differs."""


class Written:
    """What was counted of one file, by field."""

    def __init__(self) -> None:
        self._cells = Counter[str]()
        self._found: dict[str, Counter[Otherwise]] = {}
        self._short = self._first_short = 0

    def count(self, field: Field, cells: Iterable[str], differing: Differing) -> None:
        """Count the cells of a column that differ."""
        for text, times in Counter(cell for cell in cells if cell in differing).items():
            self.add(field, differing[text], times)

    def add(self, field: Field, found: Iterable[Otherwise], times: int) -> None:
        """So many cells more of a field, and in what they differ."""
        if times:
            self._cells[field.name] += times
            self._found.setdefault(field.name, Counter()).update(dict.fromkeys(found, times))

    def add_short(self, rows: Sequence[int]) -> None:
        """Rows more, in order, that have fewer cells than the heading has fields."""
        if rows:
            self._short += len(rows)
            self._first_short = min(self._first_short or rows[0], rows[0])

    def join(self, other: Written) -> None:
        """Take in what was counted of other cells of the file."""
        if other._short:
            self._short += other._short
            self._first_short = min(self._first_short or other._first_short, other._first_short)
        self._cells += other._cells
        for name, found in other._found.items():
            self._found.setdefault(name, Counter()).update(found)

    def notes(self, fields: Sequence[Field]) -> tuple[str, ...]:
        """A sentence for each column that has any: ``setting: 812 cells are written otherwise, and were read: ...``;
        and one of rows that are too short."""
        told = [self._note(field.name) for field in fields if field.name in self._cells]
        return (*told, *([self._note_of_short()] if self._short else []))

    def _note_of_short(self) -> str:
        first = f"{self._first_short:,}"
        if self._short == 1:
            return f"1 row has fewer cells than the heading: what it lacks was read as not known, in row {first}."
        rows = f"{self._short:,} rows have fewer cells than the heading"
        return f"{rows}: what they lack was read as not known, first in row {first}."

    def _note(self, name: str) -> str:
        cells, found, taken = self._cells[name], self._found[name], habits().taken
        how = ", ".join(f"{found[one]:,} {taken[one].noted}" for one in Otherwise if found[one])
        are, were = ("cell is", "was") if cells == 1 else ("cells are", "were")
        return f"{name}: {cells:,} {are} written otherwise, and {were} read: {how}."
