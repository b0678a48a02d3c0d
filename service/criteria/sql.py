"""A condition, or a whole definition, as SQL: made as sqlglot expression trees and written in the asked dialect.

A condition has two questions in SQL, *does it surely hold* and *does it surely fail*, and neither needs three values:
each is made of comparisons joined by ``and`` and ``or`` alone, so a null anywhere can only keep it from being true,
which is what *surely* means. ``not`` is gone before (``rewrites``). Where nothing holds and nothing fails, it is
unknown. That keeps the ruling free of inner three-valued ``case``s, which are what costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum, auto
from functools import lru_cache, reduce

import sqlglot
from msgspec import Struct
from sqlglot import exp

from service.criteria.rewrites import rewritten
from service.criteria.ruling import ALONE, Definition
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
    fields_of,
)
from service.criteria.vocabulary import Kind

ALL_CODES = (1 << 63) - 1
"""Every bit that a mask can have in a signed eight-byte integer."""


class FieldSql(Struct, frozen=True):
    """Where a field stands, as SQL: ``low`` and ``high`` for numbers, decimals and dates, ``mask`` for codes, ``text``.

    Any SQL expression will do; a plain column is the fastest.
    """

    kind: Kind
    low: str | None = None
    high: str | None = None
    mask: str | None = None
    text: str | None = None


def condition_sql(criterion: Criterion, columns: Mapping[str, FieldSql], dialect: str = "postgres") -> str:
    """A boolean expression: true, false, or null for unknown."""
    maker = _Maker(columns, dialect)
    root = rewritten(criterion)
    answer = exp.Case().when(maker.holds(root), exp.true(), copy=False).when(maker.fails(root), exp.false(), copy=False)
    return answer.sql(dialect=dialect)


def holds_sql(criterion: Criterion, columns: Mapping[str, FieldSql], dialect: str = "postgres") -> str:
    """True where the condition is true; *not true* (false or null) elsewhere: the cheaper form for ``where``."""
    return _holds_sql(criterion, tuple((name, columns[name]) for name in fields_of(criterion)), dialect)


def ruling_sql(
    definition: Definition, columns: Mapping[str, FieldSql], dialect: str = "postgres", *, marked: bool = False
) -> str:
    """One integer: below zero the first false rule, zero in scope, above zero the bits of what is missing. ``marked``:
    with a mark where that rule is the only one that is not true (``ruling.unmarked`` reads it)."""
    return _ruling_sql(definition, tuple((name, columns[name]) for name in definition.attributes), dialect, marked)


_Columns = tuple[tuple[str, FieldSql], ...]


@lru_cache(maxsize=1024)
def _holds_sql(criterion: Criterion, columns: _Columns, dialect: str) -> str:
    """Remembered, because writing an expression takes longer than the database takes to answer it for a small file."""
    return _Maker(dict(columns), dialect).holds(rewritten(criterion)).sql(dialect=dialect)


@lru_cache(maxsize=64)
def _ruling_sql(definition: Definition, columns: _Columns, dialect: str, marked: bool) -> str:
    """Rule by rule, each asked once for as long as they hold, as most do of most rows. At the first that does not,
    those before it hold: only it and those after it are asked whether they fail, or what they miss."""
    maker = _Maker(dict(columns), dialect, {name: 1 << place for place, name in enumerate(definition.attributes)})
    answer: exp.Expr = _number(0)
    later: list[Criterion] = []
    for place, rule in reversed(list(enumerate(map(rewritten, definition.rules)))):
        charge: exp.Expr = _number(-(place + 1))
        if marked and later:  # the rules before it hold, so it is alone where those after it hold
            alone = _all([maker.holds(other) for other in later])
            charge = exp.Case().when(alone, _number(-(place + 1) - ALONE), copy=False).else_(charge, copy=False)
        elif marked:
            charge = _number(-(place + 1) - ALONE)
        step = exp.Case().when(maker.holds(rule), answer, copy=False).when(maker.fails(rule), charge, copy=False)
        for after, other in enumerate(later, place + 1):
            step = step.when(maker.fails(other), _number(-(after + 1)), copy=False)
        missing = [maker.undecided(rule), *(maker.missing(each, _Known.NOT_FALSE) for each in later)]
        answer = step.else_(_any_bits(missing), copy=False)
        later = [rule, *later]
    return answer.sql(dialect=dialect)


class _Known(Enum):
    """What is known of a condition where its missing attributes are asked for."""

    NOT_FALSE = auto()
    NOT_TRUE = auto()


class _Maker:
    """Makes the expressions of one query: the columns, the dialect, and the bit of each attribute."""

    def __init__(self, columns: Mapping[str, FieldSql], dialect: str, bits: Mapping[str, int] | None = None) -> None:
        self.columns = columns
        self.dialect = dialect
        self.bits = bits or {}

    def holds(self, node: Criterion) -> exp.Expr:
        """An expression that is true exactly where the condition is."""
        match node:
            case And(parts):
                return _all([self.holds(part) for part in parts])
            case Or(parts):
                return _any([self.holds(part) for part in parts])
            case Not(leaf):
                return self.leaf(leaf)[1]
            case _:
                return self.leaf(node)[0]

    def fails(self, node: Criterion) -> exp.Expr:
        """An expression that is true exactly where the condition is false."""
        match node:
            case And(parts):
                return _any([self.fails(part) for part in parts])
            case Or(parts):
                return _all([self.fails(part) for part in parts])
            case Not(leaf):
                return self.leaf(leaf)[0]
            case _:
                return self.leaf(node)[1]

    def leaf(self, node: Criterion) -> tuple[exp.Expr, exp.Expr]:
        """Where a leaf surely holds, and where it surely fails (semantics 1-4)."""
        match node:
            case Compare(field, op, value):
                low, high = self.pair(field)
                return COMPARED[op](low, high, _literal(value), _literal(value))
            case CompareFields(left, op, right):
                return COMPARED[op](*self.pair(left), *self.pair(right))
            case Between(field, least, most):
                low, high = self.pair(field)
                inside = _all([_is(exp.GTE, low, least), _is(exp.LTE, high, most)])
                outside = _any([_is(exp.LT, high, least), _is(exp.GT, low, most)])
                return inside, outside
            case OneOf(field, mask):
                return self.one_of(field, mask)
            case IsNull(field):
                unrecorded = exp.Is(this=self.recorded(field), expression=exp.null())
                return unrecorded, exp.Not(this=unrecorded.copy())
            case _:
                raise TypeError(node)

    def one_of(self, field: str, mask: int) -> tuple[exp.Expr, exp.Expr]:
        can_be = self.sql(self.columns[field].mask)
        if mask.bit_count() == 1:  # what is only that code is that bit
            inside: exp.Expr = exp.EQ(this=can_be, expression=_number(mask))
        else:
            inside = exp.EQ(this=_bits(can_be, ALL_CODES ^ mask), expression=_number(0))
        return inside, exp.EQ(this=_bits(can_be, mask), expression=_number(0))

    def missing(self, node: Criterion, known: _Known) -> exp.Expr:
        """The bits of the attributes that leave a condition unknown, zero where it is not (semantics 11)."""
        not_false = known is _Known.NOT_FALSE
        match node:
            case And(_) if not_false:  # then no part is false either, and a true part adds nothing
                return self.undecided(node)
            case Or(_) if not not_false:
                return self.undecided(node)
            case _:
                settled = self.holds(node) if not_false else self.fails(node)
                return exp.Case().when(settled, _number(0), copy=False).else_(self.undecided(node), copy=False)

    def undecided(self, node: Criterion) -> exp.Expr:
        """The same of a condition that neither holds nor fails."""
        match node:
            case And(parts):
                return _any_bits([self.missing(part, _Known.NOT_FALSE) for part in parts])
            case Or(parts):
                return _any_bits([self.missing(part, _Known.NOT_TRUE) for part in parts])
            case _:
                return _any_bits(self.inexact(node))

    def inexact(self, leaf: Criterion) -> list[exp.Expr]:
        """The bits of an unknown leaf: of its one field, or of those of its two that are not exact."""
        names = fields_of(leaf)
        if len(names) == 1:  # a leaf over one field is unknown only because of it
            return [_number(self.bits[names[0]])]
        found: list[exp.Expr] = []
        for name in names:
            low, high = self.pair(name)
            exact = exp.EQ(this=low, expression=high)
            found.append(exp.Case().when(exact, _number(0), copy=False).else_(_number(self.bits[name]), copy=False))
        return found

    def pair(self, field: str) -> tuple[exp.Expr, exp.Expr]:
        where = self.columns[field]
        return self.sql(where.low), self.sql(where.high)

    def recorded(self, field: str) -> exp.Expr:
        """What is null exactly where nothing is recorded."""
        where = self.columns[field]
        return self.sql(where.low if where.kind.is_range else where.mask if where.kind.is_mask else where.text)

    def sql(self, text: str | None) -> exp.Expr:
        assert text is not None  # noqa: S101
        return _expression(text, self.dialect)


Halves = tuple[exp.Expr, exp.Expr]


def _below(low: exp.Expr, high: exp.Expr, other_low: exp.Expr, other_high: exp.Expr) -> Halves:
    return exp.LT(this=high, expression=other_low), exp.GTE(this=low, expression=other_high)


def _at_most(low: exp.Expr, high: exp.Expr, other_low: exp.Expr, other_high: exp.Expr) -> Halves:
    return exp.LTE(this=high, expression=other_low), exp.GT(this=low, expression=other_high)


def _equal(low: exp.Expr, high: exp.Expr, other_low: exp.Expr, other_high: exp.Expr) -> Halves:
    # Everything between the two ends is one value if and only if each lowest is the other's highest.
    same = _all([exp.EQ(this=low, expression=other_high), exp.EQ(this=high, expression=other_low)])
    apart = _any([exp.LT(this=high, expression=other_low), exp.GT(this=low, expression=other_high)])
    return same, apart


def _turned(compared: Callable[..., Halves]) -> Callable[..., Halves]:
    def turned(*ends: exp.Expr) -> Halves:
        holds, fails = compared(*ends)
        return fails, holds

    return turned


COMPARED: Mapping[Op, Callable[..., Halves]] = {
    Op.EQUAL: _equal,
    Op.UNEQUAL: _turned(_equal),
    Op.BELOW: _below,
    Op.AT_LEAST: _turned(_below),
    Op.AT_MOST: _at_most,
    Op.ABOVE: _turned(_at_most),
}
"""The same six comparisons as in ``evaluate``: where each surely holds, where it surely fails."""


@lru_cache(maxsize=4096)
def _parsed(text: str, dialect: str) -> exp.Expr:
    parsed = sqlglot.parse_one(text, read=dialect)
    whole = isinstance(parsed, exp.Column | exp.Case | exp.Cast | exp.Coalesce)
    return parsed if whole else exp.Paren(this=parsed)


def _expression(text: str, dialect: str) -> exp.Expr:
    """A column's SQL as a tree of its own: sqlglot's trees know their parent, so one is never used twice."""
    return _parsed(text, dialect).copy()


def _all(parts: list[exp.Expr]) -> exp.Expr:
    return exp.and_(*parts, copy=False)


def _any(parts: list[exp.Expr]) -> exp.Expr:
    return exp.or_(*parts, copy=False)


def _any_bits(parts: list[exp.Expr]) -> exp.Expr:
    if not parts:
        return _number(0)
    return reduce(lambda one, other: exp.BitwiseOr(this=one, expression=other), parts)


def _is(compared: type[exp.Binary], end: exp.Expr, value: Literal) -> exp.Expr:
    return compared(this=end, expression=_literal(value))


def _bits(mask: exp.Expr, of: int) -> exp.Expr:
    return exp.Paren(this=exp.BitwiseAnd(this=mask, expression=_number(of)))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _literal(value: Literal) -> exp.Expr:
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    return exp.Literal.number(value)
