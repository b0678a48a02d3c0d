"""The text of a condition becomes the one tree, or an error that points at the place and says what to write instead.

sqlglot parses; nothing here does it by hand, and its optimizer never sees a condition. ``refusals`` has looked at the
words, so what is left to do is to accept the few shapes of the language and to check fields, codes and types.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from service.criteria.contradictions import contradiction
from service.criteria.problem import ConditionError, nearest
from service.criteria.refusals import words_of
from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, IsNull, Literal, Not, OneOf, Op, Or
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, OPEN_NUMBER, FieldType, Kind, Vocabulary

__all__ = ["ConditionError", "parse"]

_OPS: dict[type[exp.Expr], Op] = {
    exp.EQ: Op.EQUAL,
    exp.NEQ: Op.UNEQUAL,
    exp.LT: Op.BELOW,
    exp.LTE: Op.AT_MOST,
    exp.GT: Op.ABOVE,
    exp.GTE: Op.AT_LEAST,
}
_TURNED = {Op.BELOW: Op.ABOVE, Op.ABOVE: Op.BELOW, Op.AT_MOST: Op.AT_LEAST, Op.AT_LEAST: Op.AT_MOST}
"""``2 <= x`` is ``x >= 2``; equal and unequal stay as they are."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"-?[0-9]+")
_HUNDREDTHS = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")


def parse(text: str, vocabulary: Vocabulary, *, null_tests: bool) -> Criterion:
    """One condition over the fields of a vocabulary; raises ``ConditionError``.

    ``null_tests`` allows ``is [not] null``: in validation rules, not in scopes (semantics 5).
    """
    words_of(text, vocabulary)
    try:
        root = sqlglot.parse_one(text)
    except ParseError as error:
        raise _unreadable(text, error) from None
    return _Builder(vocabulary, null_tests=null_tests).build(root)


def _unreadable(text: str, error: ParseError) -> ConditionError:
    place = error.errors[0]
    lines = text.split("\n")
    line, column, word = place["line"], place["col"], place["highlight"] or ""
    end = sum(len(before) + 1 for before in lines[: line - 1]) + column
    says = f"The condition cannot be read at `{word}`."
    do = "Give every comparison, `and`, `or` and `not` what it needs on each side."
    return ConditionError(max(1, end - len(word) + 1), says, do)


def _column(node: exp.Expr) -> int:
    """Where a node begins, from 1: sqlglot marks names and values, and a node begins with the first of its own."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=0) + 1


def _name(node: exp.Column) -> str:
    """The name of a field, or of a measure with a point in it."""
    return ".".join(part.name for part in node.parts)


def _bare(node: exp.Expr) -> exp.Expr:
    """A node without the brackets around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


class _Builder:
    """One walk over sqlglot's tree: every node is one of the allowed shapes or an error."""

    def __init__(self, vocabulary: Vocabulary, *, null_tests: bool) -> None:
        self.vocabulary = vocabulary
        self.null_tests = null_tests

    def build(self, node: exp.Expr) -> Criterion:
        node = _bare(node)
        if type(node) in _OPS:
            return self._comparison(node, _OPS[type(node)])
        shapes: dict[type[exp.Expr], Callable[[exp.Expr], Criterion]] = {
            exp.And: self._and,
            exp.Or: self._or,
            exp.Not: lambda negated: Not(self.build(negated.this)),
            exp.Between: self._between,
            exp.In: self._in,
            exp.Is: self._is,
        }
        shape = shapes.get(type(node))
        if shape is None:
            raise self._not_a_condition(node)
        return shape(node)

    def _not_a_condition(self, node: exp.Expr) -> ConditionError:
        column = _column(node)
        if isinstance(node, exp.Column):
            field = self._field(node)
            return ConditionError(column, f"`{field.name}` alone is neither true nor false.", _what_to_ask(field))
        if isinstance(node, exp.Literal | exp.Neg):
            return ConditionError(column, "A value alone is neither true nor false.", "Compare a field with it.")
        return ConditionError(column, "This is not part of a condition.", "Use comparisons joined by `and` and `or`.")

    def _joined(self, node: exp.Expr, kind: type[exp.Connector]) -> list[tuple[Criterion, int]]:
        """The parts of a chain of one connective, brackets around a part of the same chain taken off."""
        assert isinstance(node, exp.Connector)  # noqa: S101
        found: list[tuple[Criterion, int]] = []
        for part in node.flatten():
            inner = _bare(part)
            found += self._joined(inner, kind) if isinstance(inner, kind) else [(self.build(inner), _column(inner))]
        return found

    def _and(self, node: exp.Expr) -> Criterion:
        parts = self._joined(node, exp.And)
        clash = contradiction(parts, self.vocabulary)
        if clash is not None:
            field, column = clash
            says = f"With what stands before it, this leaves no value that `{field}` could have: it is never true."
            raise ConditionError(column, says, "Correct one of the two, or join them with `or`.")
        return And(tuple(part for part, _ in parts))

    def _or(self, node: exp.Expr) -> Criterion:
        return Or(tuple(part for part, _ in self._joined(node, exp.Or)))

    def _comparison(self, node: exp.Expr, op: Op) -> Criterion:
        left, right = _bare(node.this), _bare(node.expression)
        for side in (left, right):
            if type(side) in _OPS:
                raise ConditionError(_column(side), "Two comparisons stand in a row.", "Write `between`, or use `and`.")
        if not isinstance(left, exp.Column):
            if not isinstance(right, exp.Column):
                raise _needs_field(left)
            left, right, op = right, left, _TURNED.get(op, op)
        field = self._field(left)
        _refuse_null_only(field, _column(left))
        if isinstance(right, exp.Column):
            return self._two_fields(field, op, right)
        if field.kind is not Kind.CODE:
            return Compare(field.name, op, _literal(field, right))
        if op not in (Op.EQUAL, Op.UNEQUAL):
            says = f"The codes of `{field.name}` have no order, so nothing is `{op}` one of them."
            raise ConditionError(_column(left), says, "Write `=`, `<>` or `in`.")
        code = self._code(field, right)
        one = OneOf(field.name, _mask(field, (code,)), (code,))
        return one if op is Op.EQUAL else Not(one)

    def _two_fields(self, left: FieldType, op: Op, node: exp.Column) -> Criterion:
        column = _column(node)
        name = _name(node)
        if name in self.vocabulary.sets and name not in self.vocabulary.fields:
            says = f"`{name}` is a named set, not a field."
            raise ConditionError(column, says, f"Write `{left.name} in {name}`.")
        right = self._field(node)
        _refuse_null_only(right, column)
        if left.name == right.name:
            raise ConditionError(column, f"`{left.name}` is compared with itself.", "Compare it with another field.")
        if Kind.CODE in (left.kind, right.kind) or (left.kind is Kind.DATE) != (right.kind is Kind.DATE):
            says = f"`{left.name}` is {_a(left.kind)} and `{right.name}` is {_a(right.kind)}."
            raise ConditionError(column, says, "Compare a number with a number, or a date with a date.")
        return CompareFields(left.name, op, right.name)

    def _between(self, node: exp.Expr) -> Criterion:
        target = _bare(node.this)
        if not isinstance(target, exp.Column):
            raise _needs_field(target)
        field = self._field(target)
        _refuse_null_only(field, _column(target))
        if field.kind is Kind.CODE:
            says = f"The codes of `{field.name}` have no order, so nothing is between two of them."
            raise ConditionError(_column(target), says, "List them: write `in (...)`.")
        low, high = _literal(field, _bare(node.args["low"])), _literal(field, _bare(node.args["high"]))
        if low > high:  # type: ignore[operator]
            column = _column(node.args["low"])
            raise ConditionError(column, "The lower end stands above the upper end.", "Write the lower value first.")
        return Between(field.name, low, high)

    def _in(self, node: exp.Expr) -> Criterion:
        target = _bare(node.this)
        if not isinstance(target, exp.Column):
            raise _needs_field(target)
        field, column = self._field(target), _column(target)
        _refuse_null_only(field, column)
        if field.kind is not Kind.CODE:
            raise ConditionError(
                column, f"`in` is for codes, and `{field.name}` is {_a(field.kind)}.", "Write between."
            )
        named = node.args.get("field")
        if named is not None:
            return self._in_set(field, named)
        members = node.expressions
        if not members:
            raise ConditionError(column, "The list of codes is empty.", "Name at least one code.")
        codes = tuple(dict.fromkeys(self._code(field, _bare(member)) for member in members))
        return OneOf(field.name, _mask(field, codes), codes)

    def _in_set(self, field: FieldType, node: exp.Expr) -> Criterion:
        column = _column(node)
        if not isinstance(node, exp.Column):
            raise ConditionError(column, "After `in` comes a list or a named set.", "Put brackets around the codes.")
        named = self.vocabulary.sets.get(_name(node))
        if named is None:
            fitting = [item.name for item in self.vocabulary.sets.values() if item.list == field.list]
            do = nearest(node.name, fitting) or f"Sets for `{field.name}`: {', '.join(fitting) or 'none'}."
            raise ConditionError(column, f"There is no named set `{node.name}`.", do)
        if named.list != field.list:
            says = f"`{named.name}` is a set of the list {named.list}; `{field.name}` has codes of {field.list}."
            raise ConditionError(column, says, "Use a set of the field's own list.")
        return OneOf(field.name, _mask(field, named.codes), named.codes, named.name)

    def _is(self, node: exp.Expr) -> Criterion:
        target = _bare(node.this)
        if not isinstance(target, exp.Column):
            raise _needs_field(target)
        field = self._field(target)
        if not self.null_tests:
            says = "Whether something is recorded is not asked here: what is not known stays undetermined."
            raise ConditionError(_column(target), says, "Leave the test out.")
        return IsNull(field.name)

    def _field(self, node: exp.Column) -> FieldType:
        name = _name(node)
        field = self.vocabulary.fields.get(name)
        if field is None:
            do = nearest(name, self.vocabulary.fields) or f"See the fields of {self.vocabulary.name}."
            raise ConditionError(_column(node), f"There is no field `{name}` in {self.vocabulary.name}.", do)
        return field

    def _code(self, field: FieldType, node: exp.Expr) -> str:
        column = _column(node)
        if isinstance(node, exp.Column) and node.name in self.vocabulary.sets:
            do = f"Write `{field.name} in {node.name}`, without brackets."
            raise ConditionError(column, f"`{node.name}` is a named set, not a code.", do)
        if not isinstance(node, exp.Literal) or not node.is_string:
            do = f"Write a code of {field.list} in quotes."
            raise ConditionError(column, f"`{field.name}` has codes, and this is none.", do)
        code = str(node.this)
        if not code or code not in field.codes:
            do = nearest(code, field.codes) or f"See the codes of {field.list}."
            raise ConditionError(column, f"There is no code '{code}' in {field.list}.", do)
        return code


def _mask(field: FieldType, codes: tuple[str, ...]) -> int:
    """The bits of some codes; of a code that stands for several others, theirs."""
    groups, mask = dict(field.groups), 0
    for ordinal, code in enumerate(field.codes):
        if code and code in codes:
            mask |= groups.get(code, 1 << ordinal)
    return mask


def _needs_field(node: exp.Expr) -> ConditionError:
    return ConditionError(_column(node), "No field is asked about here.", "Begin with the name of a field.")


def _refuse_null_only(field: FieldType, column: int) -> None:
    if field.kind in (Kind.TEXT, Kind.CODES):
        says = f"`{field.name}` is {_a(field.kind)}; only whether it is recorded can be asked."
        raise ConditionError(column, says, f"Write `{field.name} is null` or `is not null` (validation rules only).")


def _a(kind: Kind) -> str:
    return {
        Kind.TEXT: "a text",
        Kind.CODE: "a code",
        Kind.CODES: "a list of codes",
        Kind.NUMBER: "a whole number",
        Kind.DECIMAL: "a decimal number",
        Kind.DATE: "a date",
    }[kind]


def _what_to_ask(field: FieldType) -> str:
    examples = {
        Kind.CODE: f"{field.name} = '{next((code for code in field.codes if code), 'yes')}'",
        Kind.NUMBER: f"{field.name} >= 2",
        Kind.DECIMAL: f"{field.name} >= 0.5",
        Kind.DATE: f"{field.name} >= '2010-01-01'",
    }
    return f"Write for example `{examples.get(field.kind, f'{field.name} is not null')}`."


def _literal(field: FieldType, node: exp.Expr) -> Literal:
    """The value that a number or date is compared with: whole, and of the field's own type."""
    column = _column(node)
    negative = isinstance(node, exp.Neg)
    inner = _bare(node.this) if negative else node
    if not isinstance(inner, exp.Literal):
        raise ConditionError(
            column, f"`{field.name}` is compared with something that is no value.", _what_to_ask(field)
        )
    text = ("-" if negative else "") + str(inner.this)
    if field.kind is Kind.DATE:
        return _day(field, text, column, quoted=inner.is_string)
    if inner.is_string:
        says = f"`{field.name}` is {_a(field.kind)}, and this is a text in quotes."
        raise ConditionError(column, says, "Write the number without quotes.")
    return _number(field, text, column)


def _number(field: FieldType, text: str, column: int) -> int | Decimal:
    form = _WHOLE if field.kind is Kind.NUMBER else _HUNDREDTHS
    if not form.fullmatch(text):
        what = "a whole number" if field.kind is Kind.NUMBER else "a number with at most two decimal places"
        raise ConditionError(column, f"`{field.name}` is compared with {text}, which is not {what}.", f"Write {what}.")
    value = Decimal(text)  # an int of very many digits cannot be read
    most = OPEN_NUMBER - 1
    if not -most <= value <= most:
        raise ConditionError(column, f"{text} is beyond what a number can be.", f"Write {-most} to {most}.")
    return int(value) if field.kind is Kind.NUMBER else value


def _day(field: FieldType, text: str, column: int, *, quoted: bool) -> date:
    do = "Write a whole date in quotes: '2010-01-01'."
    if not quoted:
        raise ConditionError(column, f"`{field.name}` is a date, and {text} is a number.", do)
    if not _DAY.fullmatch(text):
        raise ConditionError(column, f"'{text}' is not a whole date.", do)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConditionError(column, f"There is no such date as '{text}'.", do) from None
    if day in (OPEN_BELOW, OPEN_ABOVE):
        raise ConditionError(column, f"'{text}' is beyond what a date can be.", do)
    return day
