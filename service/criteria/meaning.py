"""The meaning of a condition in a form of its own: two conditions that differ in their writing alone have the same.

Alike are: the order of the parts of a chain, a part said twice, ``> 1`` and ``>= 2`` of whole numbers, two bounds and
``between``, a set by its name and its codes one by one. Each of these holds over ranges and sets of values too, so
conditions of the same meaning answer alike on every observation; two that answer alike may still differ here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from service.criteria.contradictions import next_value
from service.criteria.rewrites import rewritten
from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, IsNull, Literal, Not, OneOf, Op, Or

_MIRRORED = {Op.BELOW: Op.ABOVE, Op.ABOVE: Op.BELOW, Op.AT_MOST: Op.AT_LEAST, Op.AT_LEAST: Op.AT_MOST}


class Interval(Struct, frozen=True, tag="interval"):
    """A number or date from ``low`` to ``high``, both included, None without end; ``inside`` False: outside of it."""

    field: str
    low: Literal | None
    high: Literal | None
    inside: bool = True


class Codes(Struct, frozen=True, tag="codes"):
    """A code among those of a mask; ``inside`` False: none of them."""

    field: str
    mask: int
    inside: bool = True


class Fields(Struct, frozen=True, tag="fields"):
    """Two fields against each other, the one first whose name comes first."""

    left: str
    op: Op
    right: str


class Recorded(Struct, frozen=True, tag="recorded"):
    """Whether something is recorded."""

    field: str
    inside: bool = True


class Chain(Struct, frozen=True, tag="chain"):
    """Parts that must all be true (``every``), or one of them."""

    every: bool
    parts: frozenset[Meaning]


Meaning: TypeAlias = Interval | Codes | Fields | Recorded | Chain


class Part(Struct, frozen=True):
    """One part of a chain: what it means, and a condition that says it."""

    meaning: Meaning
    criterion: Criterion


def meaning(criterion: Criterion) -> Meaning:
    """What a condition means."""
    return _meaning(rewritten(criterion))


def parts_of(criterion: Criterion, *, every: bool) -> tuple[Part, ...]:
    """The parts of a condition read as a chain: all of them must be true (``every``), or one; a condition that is no
    such chain is its only part. Bounds of one field are one part, and nothing is said twice."""
    criterion = rewritten(criterion)
    kind: type[And | Or] = And if every else Or
    parts = criterion.parts if isinstance(criterion, kind) else (criterion,)
    found = [Part(_meaning(part), part) for part in parts]
    if every:
        found = _bounds_together(found)
    return tuple({part.meaning: part for part in found}.values())


def _meaning(criterion: Criterion) -> Meaning:
    match criterion:
        case And() | Or():
            every = isinstance(criterion, And)
            parts = parts_of(criterion, every=every)
            return parts[0].meaning if len(parts) == 1 else Chain(every, frozenset(part.meaning for part in parts))
        case Not(inner):
            return _turned(_meaning(inner))
        case Compare(field, op, value):
            return _interval(field, op, value)
        case Between(field, low, high):
            return Interval(field, low, high)
        case OneOf(field, mask):
            return Codes(field, mask)
        case IsNull(field):
            return Recorded(field, inside=False)
        case CompareFields(left, op, right):
            return Fields(left, op, right) if left <= right else Fields(right, _MIRRORED.get(op, op), left)


def _turned(found: Meaning) -> Meaning:
    """``not`` stands only before a comparison after the rewrites."""
    match found:
        case Interval(field, low, high, inside):
            return Interval(field, low, high, not inside)
        case Codes(field, mask, inside):
            return Codes(field, mask, not inside)
        case Recorded(field, inside):
            return Recorded(field, not inside)
    raise TypeError(found)


def _interval(field: str, op: Op, value: Literal) -> Interval:
    match op:
        case Op.EQUAL | Op.UNEQUAL:
            return Interval(field, value, value, op is Op.EQUAL)
        case Op.AT_LEAST | Op.ABOVE:
            return Interval(field, next_value(value, 1) if op is Op.ABOVE else value, None)
        case Op.AT_MOST | Op.BELOW:
            return Interval(field, None, next_value(value, -1) if op is Op.BELOW else value)


def _bounds_together(parts: Iterable[Part]) -> list[Part]:
    """Parts of one ``and``, with all bounds of a field as one where the first of them stands: exact over ranges too,
    because what lies above a lower end and below an upper end lies between them. Bounds that leave nothing between them
    stay as they are: over a range that has some of each, they are unknown and not false."""
    listed = tuple(parts)
    bounds: dict[str, list[Interval]] = {}
    for part in listed:
        if isinstance(part.meaning, Interval) and part.meaning.inside:
            bounds.setdefault(part.meaning.field, []).append(part.meaning)
    overlaps = {field: _overlap(found) for field, found in bounds.items()}
    return [_bound(part, overlaps) for part in listed]


def _bound(part: Part, overlaps: Mapping[str, Interval | None]) -> Part:
    own = part.meaning
    if not isinstance(own, Interval) or not own.inside:
        return part
    both = overlaps[own.field]
    return part if both is None or both == own else Part(both, _between(both))


def _overlap(found: Sequence[Interval]) -> Interval | None:
    low = max((item.low for item in found if item.low is not None), default=None)
    high = min((item.high for item in found if item.high is not None), default=None)
    empty = low is not None and high is not None and low > high  # type: ignore[operator]
    return None if empty else Interval(found[0].field, low, high)


def _between(found: Interval) -> Criterion:
    if found.low is None or found.high is None:
        op = Op.AT_LEAST if found.high is None else Op.AT_MOST
        value = found.low if found.high is None else found.high
        assert value is not None  # noqa: S101
        return Compare(found.field, op, value)
    return Between(found.field, found.low, found.high)
