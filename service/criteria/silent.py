"""Whether a condition could be true at all where some fields are known in no observation. Pure."""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from itertools import product

from service.criteria.tree import And, Criterion, IsNull, Not, Or, fields_of

_ANY = frozenset[bool | None]({True, False, None})


def can_be_true(criterion: Criterion, unknown: Collection[str]) -> bool:
    """Whether any observation in which nothing is known of these fields makes it true, as far as its form tells."""
    return True in _outcomes(criterion, unknown)


def _outcomes(criterion: Criterion, unknown: Collection[str]) -> frozenset[bool | None]:
    """What it may come to: Kleene's logic over every combination of its parts."""
    match criterion:
        case And(parts):
            return reduce(_both, (_outcomes(part, unknown) for part in parts))
        case Or(parts):
            return reduce(_either, (_outcomes(part, unknown) for part in parts))
        case Not(part):
            return frozenset(None if found is None else not found for found in _outcomes(part, unknown))
        case IsNull(field):
            return frozenset[bool | None]({True} if field in unknown else {True, False})
        case _:
            return frozenset[bool | None]({None}) if set(fields_of(criterion)) & set(unknown) else _ANY


def _both(left: frozenset[bool | None], right: frozenset[bool | None]) -> frozenset[bool | None]:
    pairs = product(left, right)
    return frozenset(False if False in pair else None if None in pair else True for pair in pairs)


def _either(left: frozenset[bool | None], right: frozenset[bool | None]) -> frozenset[bool | None]:
    pairs = product(left, right)
    return frozenset(True if True in pair else None if None in pair else False for pair in pairs)
