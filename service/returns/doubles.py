"""Which rows of a file stand in it twice, in eight bytes a row: what is remembered of each is a hash.

The first pass keeps hashes alone; where two are alike, the file is read once more, and only rows with such a hash are
looked at: those that are truly the same are named, and a chance likeness of hashes is forgotten. So a file of a million
rows needs eight megabytes, and a file without doubles is read once.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, cast

from service.contract.findings import Finding, found
from service.contract.model import Contract, Field, Part, Role
from service.contract.values import Check, Value
from service.returns.readers.block import TypedBlock

_DRAWERS: Final = 256
"""Hashes lie apart by their last bits, so that few are looked through at a time."""


class Hashes:
    """Hashes in drawers."""

    def __init__(self) -> None:
        self.drawers = [array("q") for _ in range(_DRAWERS)]

    def add(self, values: Iterable[Any]) -> None:
        drawers = self.drawers
        for value in map(hash, values):
            drawers[value % _DRAWERS].append(value)

    def join(self, other: Hashes) -> None:
        """Take in those of another, made in the same process or in one that was forked from it."""
        for drawer, its in zip(self.drawers, other.drawers, strict=True):
            drawer.extend(its)

    def twice(self) -> Iterator[int]:
        """Those that were added more than once."""
        for drawer in self.drawers:
            if len(set(drawer)) < len(drawer):
                yield from (value for value, times in Counter(drawer).items() if times > 1)

    def shared(self, other: Hashes) -> Iterator[int]:
        """Those that were added to both."""
        for drawer, its in zip(self.drawers, other.drawers, strict=True):
            if its:
                yield from set(its).intersection(drawer)


class Doubles:
    """Rows that stand twice in one file: all of them are told, because nobody knows which is right. And former
    references that are those of another row."""

    def __init__(self, contract: Contract, part: Part) -> None:
        self._contract, self._part = contract, part
        self._key = part.by_role.get(Role.KEY)
        self._former = part.by_role.get(Role.FORMER_KEY)
        dimensions = [field.name for field in part.fields if field.dimension or field.required]
        self._names = [self._key.name] if self._key is not None else dimensions
        self._hashes, self._formers = Hashes(), Hashes()

    def take(self, block: TypedBlock, held: Collection[int]) -> None:
        """Remember a block. Of cells only those that can be accepted count; a reference counts wherever it is read."""
        self._hashes.add(value for value, _ in self._of(block, held))
        self._formers.add(former for former, _, _ in self._formers_of(block))

    @property
    def remembered(self) -> tuple[Hashes, Hashes]:
        """What is remembered of the blocks so far."""
        return self._hashes, self._formers

    def join(self, remembered: tuple[Hashes, Hashes]) -> None:
        """Remember what another one does, of other blocks."""
        for own, other in zip(self.remembered, remembered, strict=True):
            own.join(other)

    def findings(self, again: Callable[[], Iterable[TypedBlock]], held: Collection[int]) -> list[Finding]:
        """What is found of the whole file; ``again`` gives the same blocks once more, ``held`` are the rows held so
        far."""
        alike = {*self._hashes.twice(), *self._formers.shared(self._hashes)}
        if not alike:
            return []
        first: dict[Any, int] = {}
        twice: dict[Any, list[int]] = {}
        formers: list[tuple[str, str | None, int]] = []
        for block in again():
            for value, row in self._of(block, held):
                if hash(value) in alike and first.setdefault(value, row) != row:
                    twice.setdefault(value, []).append(row)
            formers += [each for each in self._formers_of(block) if hash(each[0]) in alike]
        return list(self._found(first, twice, formers))

    def _of(self, block: TypedBlock, held: Collection[int]) -> Iterator[tuple[Any, int]]:
        """What makes a row the same as another, and the row; of rows that have it."""
        nothing: list[Value] = [None] * len(block.rows)
        columns = [block.values.get(name, nothing) for name in self._names]
        if self._key is not None:
            return ((key, row) for key, row in zip(columns[0], block.rows, strict=True) if key is not None)
        cells: Iterable[tuple[Value, ...]] = zip(*columns, strict=True)
        return ((cell, row) for cell, row in zip(cells, block.rows, strict=True) if row not in held)

    def _formers_of(self, block: TypedBlock) -> Iterator[tuple[str, str | None, int]]:
        """Former references, each with the reference and the number of its row."""
        if self._former is None or self._former.name not in block.values:
            return
        nothing: Sequence[Value] = [None] * len(block.rows)
        keys = block.values.get(self._names[0], nothing)
        for former, key, row in zip(block.values[self._former.name], keys, block.rows, strict=True):
            if former is not None:
                yield cast("str", former), cast("str | None", key), row

    def _found(
        self, first: dict[Any, int], twice: dict[Any, list[int]], formers: Sequence[tuple[str, str | None, int]]
    ) -> Iterator[Finding]:
        check = Check.DUPLICATE_KEY if self._key is not None else Check.DUPLICATE_CELL
        for value, rows in twice.items():
            for row in (first[value], *rows):
                yield self._finding(check, row, self._key, value if self._key is not None else "", value)
        for former, key, row in formers:
            if former in twice or first.get(former, row) != row:
                yield self._finding(Check.FORMER_IN_USE, row, self._key, key, key)

    def _finding(self, check: Check, row: int, field: Field | None, value: str | None, key: Any) -> Finding:
        name = field.name if field is not None else None
        return found(self._contract, self._part.name, check, row, name, value, key if field is not None else None)
