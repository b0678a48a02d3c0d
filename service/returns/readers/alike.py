"""JSON objects with no keys but fields and no values but texts, whole numbers and null: decoded without dictionaries.

That is what a program writes. All fields of the part together make one type; an object that does not fit it, or that
may have a key twice, leaves its whole block to the careful way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import repeat
from operator import is_
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import astuple

from service.returns.readers.columns import ABSENT, REMEMBERED

SPACED_COLONS: Final = (b" :", b"\t:", b"\r:", b"\n:")


class Read(NamedTuple):
    """Values by field, ``ABSENT`` where an object lacks a key that others have, and for each object the fields that it
    has or must have, None where all have the same."""

    columns: dict[str, Sequence[Any]]
    shapes: list[frozenset[str]] | None


class Alike:
    """Decodes blocks of objects whose keys are among ``names``; some of them each object must have (``always``)."""

    def __init__(self, names: Sequence[str], always: Collection[str] = ()) -> None:
        places = {f"at_{place}": name for place, name in enumerate(names)}
        fields = [(place, str | int | None, ABSENT) for place in places]
        one = msgspec.defstruct("One", fields, rename=places, forbid_unknown_fields=True, gc=False)
        self._names, self._always = tuple(names), frozenset(always)
        self._decode = msgspec.json.Decoder(one).decode
        self._shapes: dict[bytes, frozenset[str]] = {}

    def read(self, texts: Sequence[bytes]) -> Read | None:
        """What objects say, at least one; None where any of them is of another kind."""
        try:
            rows = list(map(astuple, map(self._decode, texts)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return None
        size = len(self._names)
        sizes = [size - row.count(ABSENT) for row in rows]
        if not all(map(has_each_once, texts, sizes)):
            return None
        columns: dict[str, Sequence[Any]] = {
            name: column
            for name, column in zip(self._names, zip(*rows, strict=True), strict=True)
            if column[0] is not ABSENT or column.count(ABSENT) < len(rows)
        }
        is_uniform = sum(sizes) == len(columns) * len(rows)
        return Read(columns, None if is_uniform else list(map(self._shape, rows)))

    def _shape(self, row: tuple[Any, ...]) -> frozenset[str]:
        """The fields that an object has."""
        lacks = bytes(map(is_, row, repeat(ABSENT)))
        shape = self._shapes.get(lacks)
        if shape is None:
            if len(self._shapes) >= REMEMBERED:
                self._shapes.clear()
            has = {name for name, absent in zip(self._names, lacks, strict=True) if not absent}
            shape = self._shapes[lacks] = self._always | has
        return shape


def has_each_once(text: bytes, size: int) -> bool:
    """Whether an object that has ``size`` different keys has surely none of them twice: as many colons as keys are a
    proof, those inside of texts left out, before which the quotation mark would have a backslash."""
    if text.count(b":") == size:
        return True
    return text.count(b'":') == size and not any(mark in text for mark in SPACED_COLONS)
