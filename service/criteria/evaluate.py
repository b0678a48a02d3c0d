"""The definition of right: what a condition says of one observation. Every other reader of the tree must agree.

An observation gives each field a value, or ``None`` (nothing is known):

- a number or a date is the pair (lowest, highest) that it can be, equal where it is exact;
- a code is a bit mask of the codes that it can be, one bit where it is exact.

A leaf is **true** if everything that the field can be satisfies it, **false** if nothing does, otherwise **unknown**
(``None``); over ``None`` it is unknown. ``and``, ``or`` and ``not`` are Kleene's, and nothing is completed: ``a or not
a`` over an unknown ``a`` is unknown. ``is null`` alone is always true or false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, IsNull, Not, OneOf, Op, Or, fields_of

Value: TypeAlias = tuple[int | Decimal, int | Decimal] | tuple[date, date] | int | str | None
Observation: TypeAlias = Mapping[str, Value]
Test: TypeAlias = Callable[[Observation], bool | None]
"""True, false, or unknown."""

NOTHING: frozenset[str] = frozenset()


def evaluate(criterion: Criterion, observation: Observation) -> bool | None:
    """True, false, or ``None`` for unknown. For many observations, ask ``compiled`` once and call what it gives."""
    return compiled(criterion)(observation)


def compiled(criterion: Criterion) -> Test:
    """The condition as one Python function, to be called for each observation."""
    match criterion:
        case And(parts):
            return _and([compiled(part) for part in parts])
        case Or(parts):
            return _or([compiled(part) for part in parts])
        case Not(part):
            return _not(compiled(part))
        case IsNull(field):
            return lambda observation: observation.get(field) is None
        case OneOf(field, mask):
            return _one_of(field, mask)
        case Between(field, low, high):
            return _between(field, low, high)
        case Compare(field, op, value):
            return _against_value(field, COMPARISONS[op], value)
        case CompareFields(left, op, right):
            return _against_field(left, COMPARISONS[op], right)


# --- leaves: two things are compared by the lowest and the highest that each can be --------------------------------


def _below(low: Any, high: Any, other_low: Any, other_high: Any) -> bool | None:
    return True if high < other_low else False if low >= other_high else None


def _at_most(low: Any, high: Any, other_low: Any, other_high: Any) -> bool | None:
    return True if high <= other_low else False if low > other_high else None


def _equal(low: Any, high: Any, other_low: Any, other_high: Any) -> bool | None:
    return True if low == high == other_low == other_high else False if high < other_low or low > other_high else None


def _opposite(compare: Callable[[Any, Any, Any, Any], bool | None]) -> Callable[[Any, Any, Any, Any], bool | None]:
    def opposite(low: Any, high: Any, other_low: Any, other_high: Any) -> bool | None:
        answer = compare(low, high, other_low, other_high)
        return None if answer is None else not answer

    return opposite


COMPARISONS: dict[Op, Callable[[Any, Any, Any, Any], bool | None]] = {
    Op.EQUAL: _equal,
    Op.UNEQUAL: _opposite(_equal),
    Op.BELOW: _below,
    Op.AT_LEAST: _opposite(_below),
    Op.AT_MOST: _at_most,
    Op.ABOVE: _opposite(_at_most),
}


def _against_value(field: str, compare: Callable[[Any, Any, Any, Any], bool | None], value: Any) -> Test:
    def test(observation: Observation) -> bool | None:
        pair: Any = observation.get(field)
        return None if pair is None else compare(pair[0], pair[1], value, value)

    return test


def _against_field(left: str, compare: Callable[[Any, Any, Any, Any], bool | None], right: str) -> Test:
    def test(observation: Observation) -> bool | None:
        one: Any = observation.get(left)
        other: Any = observation.get(right)
        return None if one is None or other is None else compare(one[0], one[1], other[0], other[1])

    return test


def _between(field: str, low: Any, high: Any) -> Test:
    def test(observation: Observation) -> bool | None:
        pair: Any = observation.get(field)
        if pair is None:
            return None
        return True if low <= pair[0] and pair[1] <= high else False if pair[1] < low or pair[0] > high else None

    return test


def _one_of(field: str, mask: int) -> Test:
    def test(observation: Observation) -> bool | None:
        can_be: Any = observation.get(field)
        if can_be is None:
            return None
        return True if not can_be & ~mask else False if not can_be & mask else None

    return test


# --- and, or, not --------------------------------------------------------------------------------------------------


def _and(parts: list[Test]) -> Test:
    def test(observation: Observation) -> bool | None:
        answer: bool | None = True
        for part in parts:
            said = part(observation)
            if said is False:
                return False
            if said is None:
                answer = None
        return answer

    return test


def _or(parts: list[Test]) -> Test:
    def test(observation: Observation) -> bool | None:
        answer: bool | None = False
        for part in parts:
            said = part(observation)
            if said is True:
                return True
            if said is None:
                answer = None
        return answer

    return test


def _not(part: Test) -> Test:
    def test(observation: Observation) -> bool | None:
        said = part(observation)
        return None if said is None else not said

    return test


# --- what is missing -----------------------------------------------------------------------------------------------


def is_exact(value: Value) -> bool:
    """Whether a value is one thing and no other: not null, not a range, not one of several codes."""
    if value is None:
        return False
    if isinstance(value, tuple):
        return value[0] == value[1]
    return not isinstance(value, int) or value.bit_count() == 1


def missing(criterion: Criterion, observation: Observation) -> frozenset[str]:
    """The fields whose absence leaves a condition unknown; none where it is true or false (semantics 11)."""
    return compiled_missing(criterion)(observation)


def compiled_missing(criterion: Criterion) -> Callable[[Observation], frozenset[str]]:
    """``missing`` as one function: go down into unknown parts only; at an unknown leaf, name what is not exact."""
    test = compiled(criterion)
    match criterion:
        case And(parts) | Or(parts):
            below = [compiled_missing(part) for part in parts]
        case Not(part):
            below = [compiled_missing(part)]
        case _:
            fields = fields_of(criterion)
            below = [lambda observation: frozenset(name for name in fields if not is_exact(observation.get(name)))]

    def named(observation: Observation) -> frozenset[str]:
        if test(observation) is not None:
            return NOTHING
        return NOTHING.union(*(names(observation) for names in below))

    return named
