"""Parts of one ``and`` that can never all be true: ``suspect_count >= 2 and suspect_count < 2`` is a slip of the pen.

The parts are read one after the other, each narrowing what its field may still be; the part that leaves nothing is the
one to point at. Only what a single field says about itself is looked at: bounds, codes, and whether it is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from service.criteria.rewrites import OPPOSITE
from service.criteria.tree import Between, Compare, CompareFields, Criterion, IsNull, Literal, Not, OneOf, Op, fields_of
from service.criteria.vocabulary import FieldType, Vocabulary

_Bounds = tuple[Literal | None, Literal | None]


class _Left:
    """What one field may still be, after the parts read so far."""

    def __init__(self, field: FieldType) -> None:
        self.field = field
        self.low: Literal | None = None
        self.high: Literal | None = None
        self.excluded: set[Literal] = set()
        self.mask = sum(1 << ordinal for ordinal, code in enumerate(field.codes) if code)
        self.recorded: bool | None = None

    def take(self, part: Criterion) -> bool:
        """Narrow by one part; False where nothing is left."""
        match part:
            case IsNull():
                return self._record(recorded=False)
            case Not(IsNull()):
                return self._record(recorded=True)
            case Compare(_, op, value):
                self._narrow(op, value)
            case Not(Compare(_, op, value)):
                self._narrow(OPPOSITE[op], value)
            case Between(_, low, high):
                self._narrow(Op.AT_LEAST, low)
                self._narrow(Op.AT_MOST, high)
            case OneOf(_, mask):
                self.mask &= mask
            case Not(OneOf(_, mask)):
                self.mask &= ~mask
        return self._record(recorded=True) and not self._is_empty()

    def _record(self, *, recorded: bool) -> bool:
        if self.recorded is None:
            self.recorded = recorded
        return self.recorded is recorded

    def _narrow(self, op: Op, value: Literal) -> None:
        step = 0 if op in (Op.EQUAL, Op.AT_LEAST, Op.AT_MOST) else 1
        if op in (Op.EQUAL, Op.AT_LEAST, Op.ABOVE):
            low = next_value(value, step)
            self.low = low if self.low is None or low > self.low else self.low  # type: ignore[operator]
        if op in (Op.EQUAL, Op.AT_MOST, Op.BELOW):
            high = next_value(value, -step)
            self.high = high if self.high is None or high < self.high else self.high  # type: ignore[operator]
        if op is Op.UNEQUAL:
            self.excluded.add(value)

    def _is_empty(self) -> bool:
        if self.field.kind.is_mask:
            return self.mask == 0
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and self.low in self.excluded)  # type: ignore[operator]


def next_value(value: Literal, steps: int) -> Literal:
    """The next value above or below: a whole number, a hundredth, a day."""
    if isinstance(value, date):
        return value + timedelta(days=steps)
    return value + steps * Decimal("0.01") if isinstance(value, Decimal) else value + steps


def contradiction(parts: Iterable[tuple[Criterion, int]], vocabulary: Vocabulary) -> tuple[str, int] | None:
    """The field and the column of the first part that leaves its field nothing to be; None where all can be true."""
    left: dict[str, _Left] = {}
    for part, column in parts:
        inner = part.part if isinstance(part, Not) else part
        if not isinstance(inner, Compare | Between | OneOf | IsNull | CompareFields):
            continue
        for name in fields_of(inner):
            field = vocabulary.fields[name]
            if not left.setdefault(name, _Left(field)).take(part):
                return name, column
    return None
