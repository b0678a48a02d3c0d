"""The same condition in a shape that is easier to compile. Each rewrite has a name, changes one thing and no answer.

sqlglot's optimizer is not used: it thinks in two values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, IsNull, Not, OneOf, Op, Or

OPPOSITE: Mapping[Op, Op] = {
    Op.EQUAL: Op.UNEQUAL,
    Op.UNEQUAL: Op.EQUAL,
    Op.BELOW: Op.AT_LEAST,
    Op.AT_LEAST: Op.BELOW,
    Op.ABOVE: Op.AT_MOST,
    Op.AT_MOST: Op.ABOVE,
}
"""What ``not`` makes of a comparison; over ranges too, where both are unknown together."""


def not_moves_to_the_leaves(criterion: Criterion) -> Criterion:
    """De Morgan's laws, which hold in three values: ``not`` is left only before ``in``, ``between`` and ``is null``."""
    match criterion:
        case And(parts):
            return And(tuple(not_moves_to_the_leaves(part) for part in parts))
        case Or(parts):
            return Or(tuple(not_moves_to_the_leaves(part) for part in parts))
        case Not(And(parts)):
            return Or(tuple(not_moves_to_the_leaves(Not(part)) for part in parts))
        case Not(Or(parts)):
            return And(tuple(not_moves_to_the_leaves(Not(part)) for part in parts))
        case Not(Not(part)):
            return not_moves_to_the_leaves(part)
        case Not(Compare(field, op, value)):
            return Compare(field, OPPOSITE[op], value)
        case Not(CompareFields(left, op, right)):
            return CompareFields(left, OPPOSITE[op], right)
        case _:
            return criterion


def nested_chains_become_one(criterion: Criterion) -> Criterion:
    """``a and (b and c)`` is ``a and b and c``; a chain of one is its only part."""
    match criterion:
        case And(parts) | Or(parts):
            kind = type(criterion)
            flat: list[Criterion] = []
            for part in map(nested_chains_become_one, parts):
                flat += part.parts if isinstance(part, kind) else [part]
            return flat[0] if len(flat) == 1 else kind(tuple(flat))
        case _:
            return criterion


def renamed(criterion: Criterion, names: Mapping[str, str]) -> Criterion:
    """The condition with some fields under new names: how a rename between contract versions reads a condition."""
    match criterion:
        case And(parts):
            return And(tuple(renamed(part, names) for part in parts))
        case Or(parts):
            return Or(tuple(renamed(part, names) for part in parts))
        case Not(part):
            return Not(renamed(part, names))
        case CompareFields(left, op, right):
            return CompareFields(names.get(left, left), op, names.get(right, right))
        case Compare(field, op, value):
            return Compare(names.get(field, field), op, value)
        case Between(field, low, high):
            return Between(names.get(field, field), low, high)
        case OneOf(field, mask, codes, set_name):
            return OneOf(names.get(field, field), mask, codes, set_name)
        case IsNull(field):
            return IsNull(names.get(field, field))


FOR_SQL: tuple[Callable[[Criterion], Criterion], ...] = (
    not_moves_to_the_leaves,
    nested_chains_become_one,  # after it: taking a not away can bring two chains of one kind together
)


def rewritten(criterion: Criterion, rewrites: tuple[Callable[[Criterion], Criterion], ...] = FOR_SQL) -> Criterion:
    """One rewrite after the other, in the listed order."""
    for rewrite in rewrites:
        criterion = rewrite(criterion)
    return criterion
