"""Random vocabularies, criteria, observations and narrowings, small enough that things often meet.

Values come from a few days and a few small numbers, so that ranges touch, overlap and miss the values of conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from service.criteria.evaluate import Observation, Value
from service.criteria.tree import (
    And,
    Between,
    Compare,
    CompareFields,
    Criterion,
    IsNull,
    Literal,
    Not,
    OneOf,
    Op,
    Or,
)
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, OPEN_NUMBER, FieldType, Kind, NamedSet, Vocabulary

POINTS: Mapping[Kind, tuple[Literal, ...]] = {
    Kind.NUMBER: tuple(range(6)),
    Kind.DECIMAL: tuple(Decimal(halves) / 2 for halves in range(6)),
    Kind.DATE: tuple(date(2010, 10, 29) + timedelta(days=days) for days in range(6)),
}
OPEN_ENDS: Mapping[Kind, tuple[Any, Any]] = {
    Kind.NUMBER: (0, OPEN_NUMBER),
    Kind.DECIMAL: (Decimal(0), Decimal(OPEN_NUMBER)),
    Kind.DATE: (OPEN_BELOW, OPEN_ABOVE),
}
LISTS: Mapping[str, tuple[str, ...]] = {
    "short": ("yes", "no"),
    "gaps": ("a", "", "b", "c", "", "d"),
    "long": tuple(f"c{ordinal}" for ordinal in range(63)),
}
SETS: Mapping[str, NamedSet] = {
    name: NamedSet(name, listed, codes)
    for name, listed, codes in [
        ("said", "short", ("yes", "no")),
        ("ends", "gaps", ("b", "d")),
        ("most", "gaps", ("a", "b", "c")),
        ("far_apart", "long", ("c1", "c62")),
    ]
}
LETTERS = "abcdefgh"


@st.composite
def vocabularies(draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind)) -> Vocabulary:
    """Three to eight fields of random kinds, two of them of one orderable kind, and the named sets."""
    ordered = draw(st.sampled_from([kind for kind in kinds if kind.is_range]))
    drawn = [ordered, ordered, *draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6))]
    fields = {}
    for letter, kind in zip(LETTERS, drawn, strict=False):
        listed = draw(st.sampled_from(sorted(LISTS))) if kind.is_mask else None
        fields[letter] = FieldType(letter, kind, listed, LISTS[listed] if listed else ())
    return Vocabulary("random", fields, SETS)


def criteria(vocabulary: Vocabulary, *, null_tests: bool) -> st.SearchStrategy[Criterion]:
    """Conditions that the grammar allows over a vocabulary, up to three levels deep."""
    leaf = st.one_of([_leaves(field, vocabulary) for field in vocabulary.fields.values() if _can_compare(field)])
    if null_tests:
        leaf = st.one_of(leaf, st.sampled_from(sorted(vocabulary.fields)).map(IsNull))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
            inner.map(Not),
        ),
        max_leaves=6,
    )


def _can_compare(field: FieldType) -> bool:
    return field.kind.is_range or field.kind is Kind.CODE


def _leaves(field: FieldType, vocabulary: Vocabulary) -> st.SearchStrategy[Criterion]:
    if field.kind is Kind.CODE:
        codes = [code for code in field.codes if code]
        few = list(dict.fromkeys([*codes[:3], *codes[-2:]]))
        listed = st.lists(st.sampled_from(few), min_size=1, max_size=3, unique=True).map(
            lambda chosen: OneOf(field.name, mask_of(field, tuple(chosen)), tuple(chosen))
        )
        sets = [named for named in vocabulary.sets.values() if named.list == field.list]
        if not sets:
            return listed
        by_name = st.sampled_from(sets).map(
            lambda named: OneOf(field.name, mask_of(field, named.codes), named.codes, named.name)
        )
        return st.one_of(listed, by_name)
    points = st.sampled_from(POINTS[field.kind])
    compare = st.builds(Compare, st.just(field.name), st.sampled_from(Op), points)
    between = st.tuples(points, points).map(lambda ends: Between(field.name, *sorted(ends)))
    others = [name for name, other in vocabulary.fields.items() if name != field.name and _same(field, other)]
    if not others:
        return st.one_of(compare, between)
    two = st.builds(CompareFields, st.just(field.name), st.sampled_from(Op), st.sampled_from(others))
    return st.one_of(compare, between, two)


def _same(one: FieldType, other: FieldType) -> bool:
    """Whether two fields can be compared with each other: a number with a decimal too."""
    return one.kind.is_range and other.kind.is_range and (one.kind is Kind.DATE) == (other.kind is Kind.DATE)


def mask_of(field: FieldType, codes: tuple[str, ...]) -> int:
    groups, mask = dict(field.groups), 0
    for code in codes:
        mask |= groups.get(code, 1 << field.codes.index(code))
    return mask


def observations(vocabulary: Vocabulary) -> st.SearchStrategy[Observation]:
    """Nulls, exact values, ranges open and closed, and sets of codes."""
    return st.fixed_dictionaries({name: values(field) for name, field in vocabulary.fields.items()})


def values(field: FieldType) -> st.SearchStrategy[Value]:
    """Nothing known in a fourth of all cases, and anything that can be known."""
    known = _known(field)
    return st.sampled_from([*known, *([None] * (len(known) // 3 + 1))])


def known_values(field: FieldType) -> st.SearchStrategy[Value]:
    return st.sampled_from(_known(field))


@lru_cache
def _known(field: FieldType) -> tuple[Value, ...]:
    """Every value that a random observation can have: exact ones as many as others."""
    if field.kind is Kind.TEXT:
        return ("x", "it is not said")
    if field.kind.is_mask:
        bits = [1 << ordinal for ordinal, code in enumerate(field.codes) if code]
        few = tuple(dict.fromkeys([*bits[:3], *bits[-2:]]))
        return (*few, *(sum(chosen) for size in (2, 3) for chosen in combinations(few, size)))
    points = POINTS[field.kind]
    least, most = OPEN_ENDS[field.kind]
    exact = [(point, point) for point in points]
    closed = list(combinations(points, 2))
    half_open = [(low, most) for low in points] + [(least, high) for high in points if least < high]
    return (*exact, *exact, *closed, *half_open)


@st.composite
def narrowings(draw: st.DrawFn, vocabulary: Vocabulary, observation: Observation) -> Observation:
    """The same observation with more known: each value stays what it was or becomes part of what it could be."""
    return {name: draw(_narrower(field, observation[name])) for name, field in vocabulary.fields.items()}


def _narrower(field: FieldType, value: Value) -> st.SearchStrategy[Value]:
    if value is None:
        return st.sampled_from([None, *_known(field)])
    if field.kind in (Kind.TEXT, Kind.CODES):
        return st.just(value)
    if isinstance(value, int):
        return st.sets(st.sampled_from(_bits(value)), min_size=1, max_size=3).map(sum)
    return st.sampled_from([value, *_inside(field, value)])


def _bits(mask: int) -> list[int]:
    return [1 << ordinal for ordinal in range(63) if mask >> ordinal & 1]


def _inside(field: FieldType, pair: Any) -> list[Any]:
    """The exact values and the ranges inside a range, of the points that random values are made of."""
    low, high = pair
    points = [point for point in POINTS[field.kind] if low <= point <= high]  # type: ignore[operator]
    return [*((point, point) for point in points), *combinations(points, 2)]


def settled(field: FieldType, value: Value) -> st.SearchStrategy[Value]:
    """One of the things that a value could be, exactly."""
    if value is None:
        return known_values(field).flatmap(lambda known: settled(field, known))
    if field.kind in (Kind.TEXT, Kind.CODES):
        return st.just(value)
    if isinstance(value, int):
        return st.sampled_from(_bits(value))
    return st.sampled_from([pair for pair in _inside(field, value) if pair[0] == pair[1]])
