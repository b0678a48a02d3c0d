"""A criteria tree as the text of a condition, in the language that ``parse`` reads: reading it gives the tree again."""

from __future__ import annotations

from datetime import date

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
    Or,
)


def written(criterion: Criterion) -> str:
    """The text of a condition; brackets stand only where one of ``and`` and ``or`` is inside the other, or negated."""
    match criterion:
        case And(parts):
            return " and ".join(_wrapped(part) for part in parts)
        case Or(parts):
            return " or ".join(_wrapped(part) for part in parts)
        case Not(OneOf() | IsNull() as leaf):
            return _leaf(leaf, " not", "<>")
        case Not(part):
            return f"not {_wrapped(part)}"
        case _:
            return _leaf(criterion, "", "=")


def _leaf(leaf: Criterion, negation: str, equals: str) -> str:
    match leaf:
        case OneOf(field, _, (code,), None):
            return f"{field} {equals} '{code}'"
        case OneOf(field, _, codes, None):
            return f"{field}{negation} in ({', '.join(repr(code) for code in codes)})"
        case OneOf(field, _, _, named):
            return f"{field}{negation} in {named}"
        case IsNull(field):
            return f"{field} is{negation} null"
        case Compare(field, op, value):
            return f"{field} {op} {_value(value)}"
        case Between(field, low, high):
            return f"{field} between {_value(low)} and {_value(high)}"
        case CompareFields(left, op, right):
            return f"{left} {op} {right}"
    raise TypeError(leaf)


def _wrapped(part: Criterion) -> str:
    return f"({written(part)})" if isinstance(part, And | Or) else written(part)


def _value(value: Literal) -> str:
    return f"'{value.isoformat()}'" if isinstance(value, date) else str(value)
