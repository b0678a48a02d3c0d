"""The one way to write a value down: for people (``3-5``), and for digests (``name=3/5``).

``canonical_text`` is what findings and exports show, and reading it again gives the same value. ``canonical_row`` is
what a row's digest is over; the store computes the same from its columns, so the form is part of the standard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, cast

from service.contract.model import Field
from service.criteria.evaluate import Value
from service.criteria.memory import Memory
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, OPEN_NUMBER, Kind

SEPARATOR: Final = "\x1f"
"""Between the items of a canonical row; no value can hold it, because text is refused unless it can be printed."""

_DAY: Final = timedelta(days=1)


def canonical_text(field: Field, value: Value) -> str:
    """A value as people write it; ``""`` for nothing known. ``read_cell`` of it gives the value again."""
    if value is None:
        return ""
    if field.kind is Kind.TEXT:
        return cast("str", value)
    if field.kind.is_mask:
        codes = field.list.codes_of(cast("int", value)) if field.list is not None else ()
        return ("|" if field.kind is Kind.CODE else ";").join(codes)
    if field.kind is Kind.DATE:
        return _dates(*cast("tuple[date, date]", value))
    low, high = cast("tuple[int | Decimal, int | Decimal]", value)
    if low == high:
        return _plain(low)
    return f"{_plain(low)}+" if high == OPEN_NUMBER else f"{_plain(low)}-{_plain(high)}"


class Texts:
    """Values of the fields of a part as people write them, each worked out once."""

    def __init__(self) -> None:
        self._of: dict[str, Memory[Value, str]] = {}

    def of(self, field: Field) -> Memory[Value, str]:
        """``canonical_text`` of a field, by value."""
        found = self._of.get(field.name)
        if found is None:
            found = self._of[field.name] = Memory(partial(canonical_text, field))
        return found

    def row(self, fields: Mapping[str, Field], columns: Mapping[str, Sequence[Any]], index: int) -> str:
        """What one row says in these fields, each by the name of its column, with ``SEPARATOR`` between; a column that
        is not there says nothing."""
        return SEPARATOR.join(
            self.of(field)[columns[name][index]] if name in columns else "" for name, field in fields.items()
        )


def canonical_row(fields: Iterable[Field], record: Mapping[str, Value], empties: Mapping[str, str] | None) -> str:
    """The text that a row's digest is over: what is known, by field name, then why what is empty is empty."""
    known = ((field.name, _stored(field, record.get(field.name))) for field in _by_name(fields))
    items = [f"{name}={text}" for name, text in known if text is not None]
    items += [f"{name}!{empty}" for name, empty in sorted((empties or {}).items())]
    return SEPARATOR.join(items)


def row_digest(fields: Iterable[Field], record: Mapping[str, Value], empties: Mapping[str, str] | None) -> bytes:
    """SHA-256 of the canonical row, 32 bytes: equal where two rows say the same, whatever file they came in."""
    return hashlib.sha256(canonical_row(fields, record, empties).encode()).digest()


def from_stored(field: Field, text: str) -> Value:
    """The value that the store writes as ``text`` (``3/5``, ``3`` or ``3/3`` where it is exact, a mask, or the text
    itself); ``""`` is nothing known."""
    if not text:
        return None
    if field.kind is Kind.TEXT:
        return text
    if field.kind.is_mask:
        return int(text)
    low, _, high = text.partition("/")
    high = high or low
    if field.kind is Kind.DATE:
        return _stored_day(low), _stored_day(high)
    if field.kind is Kind.DECIMAL:
        return Decimal(low), Decimal(high)
    return int(low), int(high)


def _stored_day(text: str) -> date:
    if text == "infinity":
        return OPEN_ABOVE
    return OPEN_BELOW if text == "-infinity" else date.fromisoformat(text)


def _by_name(fields: Iterable[Field]) -> list[Field]:
    return sorted(fields, key=lambda field: field.name)


def _plain(number: int | Decimal) -> str:
    """``26.5`` for ``26.50``, ``4`` for ``4.00``, never an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _dates(low: date, high: date) -> str:
    """The shortest of ``2014``, ``2014-03``, ``2014-03-07``, or two of one kind with a slash between."""
    if low == high:
        return low.isoformat()
    if low == OPEN_BELOW:
        return f"../{_end(high)}"
    if high == OPEN_ABOVE:
        return f"{_start(low)}/.."
    next_day = high + _DAY
    if low.month == low.day == next_day.month == next_day.day == 1:
        return _pair(f"{low.year:04}", f"{high.year:04}")
    if low.day == next_day.day == 1:
        return _pair(low.isoformat()[:7], high.isoformat()[:7])
    return f"{low.isoformat()}/{high.isoformat()}"


def _pair(first: str, last: str) -> str:
    return first if first == last else f"{first}/{last}"


def _start(low: date) -> str:
    if low.day != 1:
        return low.isoformat()
    return f"{low.year:04}" if low.month == 1 else low.isoformat()[:7]


def _end(high: date) -> str:
    next_day = high + _DAY
    if next_day.day != 1:
        return high.isoformat()
    return f"{high.year:04}" if next_day.month == 1 else high.isoformat()[:7]


def _stored(field: Field, value: Value) -> str | None:
    """A value as it stands in a canonical row: ``low/high`` or, where it is exact, that one; a mask; or the text."""
    if value is None:
        return None
    if isinstance(value, tuple):
        low, high = _bound(field, value[0]), _bound(field, value[1])
        return low if low == high else f"{low}/{high}"
    return str(value)


def _bound(field: Field, bound: int | Decimal | date) -> str:
    if isinstance(bound, date):
        # the store holds an open end as its own infinity, and writes it so
        return "infinity" if bound == OPEN_ABOVE else "-infinity" if bound == OPEN_BELOW else bound.isoformat()
    return f"{Decimal(bound):.2f}" if field.kind is Kind.DECIMAL else str(bound)
