"""Adds up what the statement of a simulation gave. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from service.contract.model import CodeList
from service.criteria.ruling import excluded_by, unmarked
from service.picture.national import Dimension
from service.picture.simulate.model import Counted, Flip, RuleFlip, ValueFlip
from service.scope.verdict import Verdict, verdict_of
from service.tally.model import dimension_of, places_of, totals_of

Move = tuple[Verdict, Verdict]
_ORDER: Final = tuple(Verdict)


class Judged(Struct, frozen=True):
    """Rows of one force with these rulings; ``alone``: the rule that puts them out after is the only one not true."""

    force: int
    before: int
    after: int
    alone: bool
    weight: int
    open_cells: int

    @property
    def move(self) -> Move:
        return verdict_of(self.before), verdict_of(self.after)

    @property
    def is_flip(self) -> bool:
        return self.move[0] is not self.move[1]


class Valued(Struct, frozen=True):
    """Rows of all forces with these rulings and one value of a breakdown: a bit mask of codes, or a year."""

    before: int
    after: int
    value: int | None
    weight: int

    @property
    def move(self) -> Move:
        return verdict_of(self.before), verdict_of(self.after)


def read(force: int, before: int, marked: int, weight: int, open_cells: int) -> Judged:
    """One line of the statement; its later ruling is marked."""
    after, alone = unmarked(marked)
    return Judged(force, before, after, alone, weight, open_cells)


def fold(
    judged: Sequence[Judged],
    valued: Mapping[Dimension, Sequence[Valued]],
    lists: Mapping[Dimension, CodeList],
    *,
    by_force: bool,
) -> Counted:
    """Everything that is asked. ``lists`` are those of the breakdowns by code."""
    open_before = sum(each.open_cells for each in judged if each.before >= 0)
    open_after = sum(each.open_cells for each in judged if each.after >= 0)
    again = [each for each in judged if each.weight and each.after > 0 and each.before <= 0]
    by = {dimension: _by_value(found, lists.get(dimension)) for dimension, found in valued.items()}
    if by_force:
        by = {Dimension.FORCE: _values((each.force, each.move, each.weight) for each in judged), **by}
    return Counted(
        before=totals_of(((each.before, each.weight) for each in judged), open_before),
        after=totals_of(((each.after, each.weight) for each in judged), open_after),
        open_before=open_before,
        open_after=open_after,
        flips=_flips(judged),
        rules=_rules(judged),
        by=by,
        missing=_values((attribute, each.move, each.weight) for each in judged for attribute in places_of(each.after)),
        alone=_summed((-each.after - 1, each.weight) for each in judged if each.alone),
        one_away=_summed(
            (each.after.bit_length() - 1, each.weight)
            for each in judged
            if each.after > 0 and each.after.bit_count() == 1
        ),
        look_again=_summed((each.force, each.weight) for each in again),
        to_supply=_to_supply(again),
    )


def _flips(judged: Iterable[Judged]) -> tuple[Flip, ...]:
    cases: Counter[Move] = Counter()
    forces: defaultdict[Move, set[int]] = defaultdict(set)
    for each in judged:
        if each.is_flip and each.weight:
            cases[each.move] += each.weight
            forces[each.move].add(each.force)
    return tuple(
        Flip(before=move[0], after=move[1], cases=cases[move], forces=len(forces[move]))
        for move in sorted(cases, key=_placed)
    )


def _rules(judged: Iterable[Judged]) -> tuple[RuleFlip, ...]:
    cases: Counter[tuple[int | None, int | None, Move]] = Counter()
    for each in judged:
        if each.is_flip and each.weight:
            cases[excluded_by(each.before), excluded_by(each.after), each.move] += each.weight
    return tuple(
        RuleFlip(rule_before=before, rule_after=after, before=move[0], after=move[1], cases=cases[before, after, move])
        for before, after, move in sorted(cases, key=lambda key: (_last(key[0]), _last(key[1]), _placed(key[2])))
    )


def _by_value(found: Iterable[Valued], codes: CodeList | None) -> tuple[ValueFlip, ...]:
    return _values(
        (each.value if codes is None else dimension_of(each.value, codes), each.move, each.weight) for each in found
    )


def _values(found: Iterable[tuple[int | None, Move, int]]) -> tuple[ValueFlip, ...]:
    """The flips among these, by value; what is not known comes last."""
    cases: Counter[tuple[int | None, Move]] = Counter()
    for value, move, weight in found:
        if weight and move[0] is not move[1]:
            cases[value, move] += weight
    return tuple(
        ValueFlip(value=value, before=move[0], after=move[1], cases=cases[value, move])
        for value, move in sorted(cases, key=lambda key: (_last(key[0]), _placed(key[1])))
    )


def _to_supply(again: Iterable[Judged]) -> Mapping[int, Mapping[int, int]]:
    found: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for each in again:
        for attribute in places_of(each.after):
            found[each.force][attribute] += each.weight
    return {force: dict(sorted(attributes.items())) for force, attributes in found.items()}


def _summed(found: Iterable[tuple[int, int]]) -> Mapping[int, int]:
    """What is counted by place, in order; nothing that weighs nothing."""
    cases: Counter[int] = Counter()
    for place, weight in found:
        cases[place] += weight
    return {place: cases[place] for place in sorted(cases) if cases[place]}


def _placed(move: Move) -> tuple[int, int]:
    return _ORDER.index(move[0]), _ORDER.index(move[1])


def _last(value: int | None) -> tuple[bool, int]:
    return value is None, value or 0
