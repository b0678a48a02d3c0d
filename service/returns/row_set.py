"""Numbers of rows, a bit for each: of a million rows all may be held, and none of them cost what a number costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet


class RowSet(AbstractSet[int]):
    """A set of row numbers that only grows. It takes an eighth of a byte for each row of the file."""

    def __init__(self, rows: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        self._count = 0
        self.update(rows)

    def update(self, rows: Iterable[int]) -> None:
        """Take rows in."""
        for row in rows:
            place = row >> 3
            if place >= len(self._bits):
                self._bits += bytes(max(place + 1 - len(self._bits), len(self._bits)))
            mark = 1 << (row & 7)
            if not self._bits[place] & mark:
                self._bits[place] |= mark
                self._count += 1

    def __contains__(self, row: object) -> bool:
        if not isinstance(row, int) or row < 0:
            return False
        place = row >> 3
        return place < len(self._bits) and bool(self._bits[place] & 1 << (row & 7))

    def __iter__(self) -> Iterator[int]:
        for place, some in enumerate(self._bits):
            if some:
                yield from (place << 3 | bit for bit in range(8) if some & 1 << bit)

    def __len__(self) -> int:
        return self._count
