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

from service.returns.readers.columns import ABSENT

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

    def read(self, texts: Sequence[bytes]) -> Read | None:
        """What objects say, at least one; None where any of them is of another kind."""
        decode = self._decode
        try:
            # a loop of its own and not one within C, which would keep the interpreter from every other thread
            rows = [astuple(decode(text)) for text in texts]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return None
        columns: dict[str, Sequence[Any]] = {}
        partly: list[str] = []
        for name, column in zip(self._names, zip(*rows, strict=True), strict=True):
            lacking = column.count(ABSENT)
            if lacking < len(rows):
                columns[name] = column
                if lacking:
                    partly.append(name)
        # which of the fields that only some have each object lacks
        lacks = list(map(bytes, zip(*(map(is_, columns[name], repeat(ABSENT)) for name in partly), strict=True)))
        sizes = [len(columns) - sum(flags) for flags in lacks] if partly else repeat(len(columns), len(rows))
        if not all(map(has_each_once, texts, sizes)):
            return None
        return Read(columns, self._shapes_of(columns, partly, lacks) if partly else None)

    def _shapes_of(
        self, columns: Collection[str], partly: Sequence[str], lacks: Sequence[bytes]
    ) -> list[frozenset[str]]:
        """The fields that each object has."""
        everywhere = self._always | (set(columns) - set(partly))
        shapes = {
            flags: everywhere | {name for name, lacking in zip(partly, flags, strict=True) if not lacking}
            for flags in dict.fromkeys(lacks)
        }
        return list(map(shapes.__getitem__, lacks))


def has_each_once(text: bytes, size: int) -> bool:
    """Whether an object that has ``size`` different keys has surely none of them twice: as many colons as keys are a
    proof, those inside of texts left out, before which the quotation mark would have a backslash."""
    if text.count(b":") == size:
        return True
    return text.count(b'":') == size and not any(mark in text for mark in SPACED_COLONS)
