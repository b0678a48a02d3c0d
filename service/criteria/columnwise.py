"""Conditions over many observations at once: the same answers as ``evaluate``, leaf by leaf instead of row by row.

What a leaf says of one field is asked of ``evaluate`` once for each different value, and few values differ. The answers
of all observations are the bits of one number, the first observation its highest bit, so that ``and``, ``or`` and
``not`` over thousands of them are single operations on numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from service.criteria.evaluate import Value, compiled
from service.criteria.memory import Memory
from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, IsNull, Not, OneOf, Op, Or

_CODE_OF: Final = {None: 0, True: 1, False: 2}
_IS_TRUE: Final = bytes.maketrans(b"\0\1\2", b"010")
_IS_FALSE: Final = bytes.maketrans(b"\0\1\2", b"001")


_Answers = Memory[Value, int]
"""What one leaf says, by the value of its field."""


class Columnwise:
    """Evaluates conditions over one block of observations after the other, and remembers what leaves say."""

    def __init__(self) -> None:
        self._answers: dict[Compare | Between | OneOf, _Answers] = {}

    def over(self, count: int, columns: Mapping[str, Sequence[Any]]) -> Observations:
        """A block of ``count`` observations by field. Of a field that is not there nothing is known."""
        return Observations(count, columns, self.answers)

    def answers(self, leaf: Compare | Between | OneOf) -> _Answers:
        """The memory of one leaf."""
        found = self._answers.get(leaf)
        if found is None:
            test, field = compiled(leaf), leaf.field
            found = self._answers[leaf] = Memory(lambda value: _CODE_OF[test({field: value})])
        return found


class Observations:
    """One block. What was asked once is not asked again, so leaves that conditions share are free."""

    def __init__(
        self,
        count: int,
        columns: Mapping[str, Sequence[Any]],
        answers: Callable[[Compare | Between | OneOf], _Answers],
    ) -> None:
        self.count, self._columns, self._answers = count, columns, answers
        self._all = (1 << count) - 1
        self._said: dict[Criterion, tuple[int, int]] = {}
        self._known: dict[str, int] = {}
        self._ends: dict[str, tuple[list[Any], list[Any]]] = {}

    def true(self, criterion: Criterion) -> int:
        """The observations of which a condition is true."""
        match criterion:
            case And(parts):
                return self._every(parts, self.true)
            case Or(parts):
                return self._any(parts, self.true)
            case Not(part):
                return self.false(part)
            case _:
                return self._leaf(criterion)[0]

    def false(self, criterion: Criterion) -> int:
        """The observations of which a condition is false."""
        match criterion:
            case And(parts):
                return self._any(parts, self.false)
            case Or(parts):
                return self._every(parts, self.false)
            case Not(part):
                return self.true(part)
            case _:
                return self._leaf(criterion)[1]

    def known(self, field: str) -> int:
        """The observations of which anything is known in a field."""
        found = self._known.get(field)
        if found is None:
            found = self._known[field] = self._recorded(self._columns.get(field))
        return found

    def _recorded(self, column: Sequence[Any] | None) -> int:
        """Where a column has anything; most have it everywhere or nowhere, and counting is quicker than looking."""
        nothing = self.count if column is None else column.count(None)
        if column is None or nothing == self.count:
            return 0
        return bits(map(operator.is_not, column, repeat(None))) if nothing else self._all

    def ends(self, field: str) -> tuple[list[Any], list[Any]]:
        """The lowest and the highest values of a field of ranges of which something is known; where an observation does
        not have it, the values of another."""
        found = self._ends.get(field)
        if found is None:
            column = self._columns[field]
            other = next(value for value in column if value is not None)
            whole = [other if value is None else value for value in column]
            found = self._ends[field] = [value[0] for value in whole], [value[1] for value in whole]
        return found

    def exact(self, field: str) -> int:
        """The observations of which a field of ranges is exactly known."""
        return self.known(field) and self.known(field) & bits(map(operator.eq, *self.ends(field)))

    def least(self, field: str) -> list[Any]:
        """The lowest values of a field of numbers; 0 where nothing is known."""
        return [0 if value is None else value[0] for value in self._columns[field]]

    def places(self, chosen: int) -> list[int]:
        """The places of chosen observations, from 0."""
        if not chosen:
            return []
        text = f"{chosen:0{self.count}b}"
        found = [text.find("1")]
        while (place := text.find("1", found[-1] + 1)) >= 0:
            found.append(place)
        return found

    def _every(self, parts: Iterable[Criterion], ask: Callable[[Criterion], int]) -> int:
        found = self._all
        for part in parts:
            found &= ask(part)
            if not found:
                break
        return found

    def _any(self, parts: Iterable[Criterion], ask: Callable[[Criterion], int]) -> int:
        found = 0
        for part in parts:
            found |= ask(part)
        return found

    def _leaf(self, leaf: Compare | Between | OneOf | IsNull | CompareFields) -> tuple[int, int]:
        """Where a leaf is true, and where it is false."""
        found = self._said.get(leaf)
        if found is None:
            found = self._said[leaf] = self._asked(leaf)
        return found

    def _asked(self, leaf: Compare | Between | OneOf | IsNull | CompareFields) -> tuple[int, int]:
        match leaf:
            case IsNull(field):
                return self._all ^ self.known(field), self.known(field)
            case CompareFields(left, op, right):
                return self._compared(left, op, right)
            case _:
                if not self.known(leaf.field):
                    return 0, 0
                said = bytes(map(self._answers(leaf).__getitem__, self._columns[leaf.field]))
                return int(said.translate(_IS_TRUE), 2), int(said.translate(_IS_FALSE), 2)

    def _compared(self, left: str, op: Op, right: str) -> tuple[int, int]:
        """Two fields against each other, by the lowest and the highest that each can be, as ``COMPARISONS`` has it."""
        known = self.known(left) & self.known(right)
        if not known:
            return 0, 0
        (low, high), (other_low, other_high) = self.ends(left), self.ends(right)
        match op:
            case Op.BELOW | Op.AT_LEAST:
                one = bits(map(operator.lt, high, other_low))
                other = bits(map(operator.ge, low, other_high))
            case Op.AT_MOST | Op.ABOVE:
                one = bits(map(operator.le, high, other_low))
                other = bits(map(operator.gt, low, other_high))
            case Op.EQUAL | Op.UNEQUAL:
                exact = bits(map(operator.eq, low, high)) & bits(map(operator.eq, other_low, other_high))
                one = exact & bits(map(operator.eq, low, other_low))
                other = bits(map(operator.lt, high, other_low)) | bits(map(operator.gt, low, other_high))
        one, other = one & known, other & known
        return (one, other) if op in (Op.BELOW, Op.AT_MOST, Op.EQUAL) else (other, one)


def bits(answers: Iterable[bool]) -> int:
    """Yes or no for each observation as one number."""
    said = bytes(answers).translate(_IS_TRUE)
    return int(said, 2) if said else 0
