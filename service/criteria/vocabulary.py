"""What a condition may speak of: fields with their kinds, code lists and named sets. No values, no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct

OPEN_NUMBER = 2_147_483_647
"""The upper end of a number that is open above (``2+``); never a value itself."""

OPEN_BELOW = date.min
"""The lower end of a date of which only *until when* is known."""

OPEN_ABOVE = date.max
"""The upper end of a date of which only *from when* is known."""


class Kind(StrEnum):
    """What sort of thing a field holds, and so what may be asked of it.

    ``code`` is one code of a list (or one of several, not known which); ``codes`` are several that all hold.
    """

    TEXT = "text"
    CODE = "code"
    CODES = "codes"
    NUMBER = "number"
    DECIMAL = "decimal"
    DATE = "date"

    @property
    def is_range(self) -> bool:
        """Whether a value is a pair (low, high)."""
        return self in (Kind.NUMBER, Kind.DECIMAL, Kind.DATE)

    @property
    def is_mask(self) -> bool:
        """Whether a value is a bit mask over the ordinals of a code list."""
        return self in (Kind.CODE, Kind.CODES)


class FieldType(Struct, frozen=True):
    """One field as conditions see it. ``codes`` stand in ordinal order, ``""`` for an ordinal that is not in use.

    ``groups`` are those of the codes that stand for several others, each with the bits of those.
    """

    name: str
    kind: Kind
    list: str | None = None
    codes: tuple[str, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()


class NamedSet(Struct, frozen=True):
    """Codes of one list under a name that conditions may use (``outcome in nfa_outcomes``).

    ``left_out`` are the codes of which the list itself says *depends*: they are not members (semantics 7), and are
    listed with every edition that uses the set.
    """

    name: str
    list: str
    codes: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    title: str = ""
    """What people call it, where the publisher says so; it changes no answer."""


class Vocabulary(Struct, frozen=True):
    """The fields and named sets of one version of a standard."""

    name: str
    fields: Mapping[str, FieldType]
    sets: Mapping[str, NamedSet]
