"""Values as PostgreSQL's binary COPY has them, each with its length before it, so that a row is its fields joined.

A value is written once for each text that says it, and not once for each row: that, and sending whole blocks, is what
makes bringing rows into the database cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import repeat
from struct import Struct, pack
from typing import Any, Final, cast

from service.contract.model import Field
from service.contract.values import Value
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, Kind

NULL: Final = pack(">i", -1)

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + pack(">ii", 0, 0)
_END: Final = pack(">h", -1)
_LENGTH: Final = Struct(">i").pack
_INTEGERS: Final = Struct(">iiii").pack
_BIGINT: Final = Struct(">iq").pack
_FIRST_DAY: Final = date(2000, 1, 1).toordinal()
_INFINITY: Final = 2_147_483_647
_TEXT_OID: Final = 25
_GROUP: Final = 10_000
"""A numeric is written in groups of four digits."""


def binary_of(field: Field) -> Callable[[Value], bytes]:
    """The function that writes values of a field as its columns: two where it may be a range, low before high."""
    return _WRITERS[field.kind]


def text(value: str) -> bytes:
    """A text. It holds no NUL, which no column could."""
    written = value.encode()
    return _LENGTH(len(written)) + written


def jsonb(document: str) -> bytes:
    """A JSON document."""
    written = document.encode()
    return pack(">ib", len(written) + 1, 1) + written


def texts(values: Sequence[str]) -> bytes:
    """An array of texts, at least one."""
    items = b"".join(map(text, values))
    return pack(">iiiiii", 20 + len(items), 1, 0, _TEXT_OID, len(values), 1) + items


def whole(numbers: Iterable[int]) -> list[bytes]:
    """A column of whole numbers (``integer``)."""
    return list(map(Struct(">ii").pack, repeat(4), numbers))


def truths(values: Iterable[bool]) -> list[bytes]:
    """A column of ``boolean``."""
    return [_TRUE if value else _FALSE for value in values]


_TRUE: Final = pack(">i?", 1, True)
_FALSE: Final = pack(">i?", 1, False)


def copied(columns: Sequence[Iterable[bytes]], width: int) -> bytes:
    """The content of a COPY: rows of ``width`` fields from columns, of which some may be two fields in one."""
    rows = zip(repeat(pack(">h", width)), *columns, strict=False)
    # row by row: one call for all would keep the interpreter from every other thread
    return b"".join((_SIGNATURE, *[b"".join(row) for row in rows], _END))


def _text(value: Value) -> bytes:
    return NULL if value is None else text(cast("str", value))


def _mask(value: Value) -> bytes:
    return NULL if value is None else _BIGINT(8, value)


def _number(value: Value) -> bytes:
    if value is None:
        return NULL + NULL
    low, high = cast("tuple[int, int]", value)
    return _INTEGERS(4, low, 4, high)


def _date(value: Value) -> bytes:
    if value is None:
        return NULL + NULL
    low, high = cast("tuple[date, date]", value)
    return _INTEGERS(4, _day(low), 4, _day(high))


def _day(day: date) -> int:
    """Days since the first one that the store counts from; an open end is its own infinity."""
    if day == OPEN_ABOVE:
        return _INFINITY
    return -_INFINITY - 1 if day == OPEN_BELOW else day.toordinal() - _FIRST_DAY


def _decimal(value: Value) -> bytes:
    if value is None:
        return NULL + NULL
    low, high = cast("tuple[Decimal, Decimal]", value)
    return _numeric(low) + _numeric(high)


def _numeric(number: Decimal) -> bytes:
    """A number of at most two decimal places."""
    units, cents = divmod(int(abs(number) * 100), 100)
    groups = [cents * 100]
    while units:
        units, group = divmod(units, _GROUP)
        groups.insert(0, group)
    weight = len(groups) - 2
    while groups and groups[-1] == 0:
        groups.pop()
    sign = 0x4000 if number < 0 else 0
    return pack(f">ihhHh{len(groups)}h", 8 + 2 * len(groups), len(groups), weight if groups else 0, sign, 2, *groups)


_WRITERS: Final[dict[Kind, Callable[[Any], bytes]]] = {
    Kind.TEXT: _text,
    Kind.CODE: _mask,
    Kind.CODES: _mask,
    Kind.NUMBER: _number,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _date,
}
