"""Comparisons that the bounds of their field decide: ``suspect_count >= 1000`` of a number that ends at 999. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from service.criteria.tree import And, Between, Compare, Criterion, Literal, Not, Op, Or

Bounds = tuple[Literal | None, Literal | None]
"""The least and the most that a field may be; None where it has no such bound."""


class Decided(Struct, frozen=True):
    """A comparison that is the same whatever is recorded: true of every value (``always``), or of none. Where nothing
    is recorded it is unknown all the same (semantics 4): all that one does which is always true is to leave cases
    undetermined that it could never put out."""

    part: Compare | Between
    always: bool


def decided_by_bounds(criterion: Criterion, bounds: Mapping[str, Bounds]) -> Iterator[Decided]:
    """Every comparison that asks nothing, in the order in which they stand."""
    match criterion:
        case And(parts) | Or(parts):
            for part in parts:
                yield from decided_by_bounds(part, bounds)
        case Not(part):
            yield from decided_by_bounds(part, bounds)
        case Compare(field, op, value):
            answer = _compared(op, value, bounds.get(field, (None, None)))
            if answer is not None:
                yield Decided(criterion, answer)
        case Between(field, low, high):
            of_field = bounds.get(field, (None, None))
            answers = {_compared(Op.AT_LEAST, low, of_field), _compared(Op.AT_MOST, high, of_field)}
            if False in answers or answers == {True}:
                yield Decided(criterion, False not in answers)


def _compared(op: Op, value: Literal, bounds: Bounds) -> bool | None:
    """What a comparison with a value is of everything between the bounds; None where that depends."""
    low, high = bounds
    is_below = high is not None and high < value  # type: ignore[operator]
    is_above = low is not None and low > value  # type: ignore[operator]
    answers = {
        Op.AT_LEAST: (is_above or low == value, is_below),
        Op.ABOVE: (is_above, is_below or high == value),
        Op.AT_MOST: (is_below or high == value, is_above),
        Op.BELOW: (is_below, is_above or low == value),
        Op.EQUAL: (low == value == high, is_below or is_above),
        Op.UNEQUAL: (is_below or is_above, low == value == high),
    }
    always, never = answers[op]
    return True if always else False if never else None
