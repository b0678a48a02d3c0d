"""A condition as data: one frozen tree, made by ``parse``, read by the evaluator, the SQL compiler and the wording."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct


class Op(StrEnum):
    """How two orderable things are compared."""

    EQUAL = "="
    UNEQUAL = "<>"
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="


Literal: TypeAlias = int | Decimal | date
"""A whole number, a decimal of at most two places, or a day."""


class Compare(Struct, frozen=True, tag="compare"):
    """A number or date against one value."""

    field: str
    op: Op
    value: Literal


class Between(Struct, frozen=True, tag="between"):
    """A number or date between two values, both ends included."""

    field: str
    low: Literal
    high: Literal


class OneOf(Struct, frozen=True, tag="one_of"):
    """A code field against a set of codes; ``mask`` has their bits. ``=`` is a set of one; ``<>`` and ``not in`` are
    ``Not`` of this. ``set_name`` is there where the condition named the set instead of listing codes."""

    field: str
    mask: int
    codes: tuple[str, ...]
    set_name: str | None = None


class CompareFields(Struct, frozen=True, tag="compare_fields"):
    """Two numbers or two dates of one observation against each other."""

    left: str
    op: Op
    right: str


class IsNull(Struct, frozen=True, tag="is_null"):
    """Whether nothing is recorded; the one question that is never answered with *unknown*."""

    field: str


class And(Struct, frozen=True, tag="and"):
    """True if all parts are, false if any is false (Kleene)."""

    parts: tuple[Criterion, ...]


class Or(Struct, frozen=True, tag="or"):
    """True if any part is, false if all are false (Kleene)."""

    parts: tuple[Criterion, ...]


class Not(Struct, frozen=True, tag="not"):
    """The other way round; unknown stays unknown."""

    part: Criterion


Criterion: TypeAlias = Compare | Between | OneOf | CompareFields | IsNull | And | Or | Not


def fields_of(criterion: Criterion) -> tuple[str, ...]:
    """The fields that a condition speaks of, in order of first appearance."""
    match criterion:
        case And(parts) | Or(parts):
            found = [name for part in parts for name in fields_of(part)]
        case Not(part):
            found = list(fields_of(part))
        case CompareFields(left, _, right):
            found = [left, right]
        case Compare() | Between() | OneOf() | IsNull():
            found = [criterion.field]
    return tuple(dict.fromkeys(found))


def sets_of(criterion: Criterion) -> tuple[str, ...]:
    """The named sets that a condition uses, in order of first appearance."""
    match criterion:
        case And(parts) | Or(parts):
            return tuple(dict.fromkeys(name for part in parts for name in sets_of(part)))
        case Not(part):
            return sets_of(part)
        case OneOf(set_name=str(name)):
            return (name,)
        case _:
            return ()
