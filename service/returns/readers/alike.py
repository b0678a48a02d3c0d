"""JSON objects that all have the same keys, and no values but texts, whole numbers and null, decoded without a dict.

That is what a program writes. A type is made of the keys of the first object; an object that does not fit it, or that
may have a key twice, leaves the whole block to the careful way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import msgspec

SPACED_COLONS: Final = (b" :", b"\t:", b"\r:", b"\n:")

_MOST_SHAPES: Final = 20
"""A file whose objects have ever other keys is none of a program; a type for each would not pay."""

_Decode = Callable[[bytes], Any]


class Alike:
    """Decodes blocks of objects whose keys are among ``names``."""

    def __init__(self, names: Collection[str], decode: Callable[[bytes], dict[str, Any]]) -> None:
        """``decode`` reads one object of texts, whole numbers and null, or raises."""
        self._names, self._decode_first = names, decode
        self._decoders: dict[tuple[str, ...], _Decode] = {}

    def columns(self, texts: Sequence[bytes]) -> dict[str, Sequence[Any]] | None:
        """The values by key, or None where the objects are not all of one kind."""
        try:
            keys = tuple(self._decode_first(texts[0]))
            decode = self._decoder(keys)
            if decode is None:
                return None
            values = list(map(msgspec.structs.astuple, map(decode, texts)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return None
        size = len(keys)
        if not all(has_each_once(text, size) for text in texts if text.count(b":") != size):
            return None
        return dict(zip(keys, zip(*values, strict=True), strict=True))

    def _decoder(self, keys: tuple[str, ...]) -> _Decode | None:
        """The decoder of objects that have these keys, all of them, and no other."""
        decode = self._decoders.get(keys)
        if decode is None and len(self._decoders) < _MOST_SHAPES and keys and all(key in self._names for key in keys):
            places = {f"at_{place}": key for place, key in enumerate(keys)}
            fields = [(place, str | int | None) for place in places]
            shape = msgspec.defstruct("Shape", fields, rename=places, forbid_unknown_fields=True, gc=False)
            decode = self._decoders[keys] = msgspec.json.Decoder(shape).decode
        return decode


def has_each_once(text: bytes, size: int) -> bool:
    """Whether an object that has ``size`` different keys has surely none of them twice: as many colons as keys are a
    proof, those inside of texts left out, before which the quotation mark would have a backslash."""
    if text.count(b":") == size:
        return True
    return text.count(b'":') == size and not any(mark in text for mark in SPACED_COLONS)
