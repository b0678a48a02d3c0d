"""Records of any contract version as an edition's vocabulary reads them: as sent, and as judged. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from service.contract.library import Library
from service.contract.upgrade import Record, new_names, reader
from service.criteria.memory import Memory


class Reading(Struct, frozen=True, kw_only=True):
    """One record under the names and codes of a vocabulary (semantics 12). ``sent``: what the force said; ``judged``:
    the same with what is derived filled in (semantics 8); ``empties``: why what is empty is so, where it was said."""

    sent: Record
    judged: Record
    empties: Mapping[str, str]

    def is_derived(self, field: str) -> bool:
        """Whether a value was not sent, and follows from others."""
        return self.sent[field] is None and self.judged[field] is not None


class Readings:
    """Makes the readings of many records; what each version asks for is made once."""

    def __init__(self, library: Library, vocabulary: str) -> None:
        self._sent: Memory[str, Callable[[Record], dict[str, Any]]] = Memory(
            lambda version: reader(library, version, vocabulary, derived=False)
        )
        self._names: Memory[str, Mapping[str, str]] = Memory(lambda version: new_names(library, version, vocabulary))
        self.derived = reader(library, vocabulary, vocabulary)
        """A record of the vocabulary with what is derived filled in."""

    def of(self, version: str, record: Record, empties: Mapping[str, str]) -> Reading:
        """The reading of one record of a contract version."""
        sent, names = self._sent[version](record), self._names[version]
        said = {names[name]: why for name, why in empties.items() if name in names}
        return Reading(sent=sent, judged=self.derived(sent), empties=said)
