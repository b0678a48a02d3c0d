"""Runs the judging SQL over the rows of one transaction and folds what comes back into a tally."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import CodeList, PartName, Role
from service.scope.edition import Edition
from service.storage.remembered import Statements
from service.tally.judge import Source, judged_after, margins_sql
from service.tally.model import Cell, Margin, Tally, dimension_of, with_headline

_STATEMENTS: Final = Statements()


class Years(Struct, frozen=True, kw_only=True):
    """The years that a return's case part covers: all of them, or those listed, ``unknown`` being one of its own."""

    listed: tuple[int, ...] | None
    unknown: bool

    @property
    def parameters(self) -> dict[str, Any]:
        """What ``margins_sql`` asks for: nothing where all years are covered."""
        return {} if self.listed is None else {"years": list(self.listed), "unknown_year": self.unknown}

    def covers(self, year: int | None) -> bool:
        """Whether cases of a year, or (None) of an unknown one, count (semantics 27)."""
        return self.listed is None or (self.unknown if year is None else year in self.listed)


class Group(Struct, frozen=True, array_like=True):
    """Rows alike in what a margin looks at. ``dimension`` is an ordinal or a year, None where it is not known."""

    margin: Margin
    ruling: int
    dimension: int | None
    counted: bool
    is_case: bool
    weight: int
    open_cells: int
    rows: int


_MOST_AT_ONCE: Final = 4
"""Editions that are judged in one statement: PostgreSQL tells 31 columns apart by which it groups."""


class Asked(Struct, frozen=True):
    """An edition to judge by, and the one against which its flips are counted, if any."""

    edition: Edition
    before: Edition | None = None


async def judge(
    tx: AsyncConnection,
    library: Library,
    edition: Edition,
    sources: Sequence[Source],
    years: Years,
    types: Mapping[str, str],
    parameters: Mapping[str, Any],
) -> tuple[Group, ...]:
    """Judge every row of the sources under an edition, in one pass, and count by each margin."""
    (groups,) = await judge_under(tx, library, [Asked(edition)], sources, years, types, parameters)
    return groups


async def judge_under(
    tx: AsyncConnection,
    library: Library,
    asked: Sequence[Asked],
    sources: Sequence[Source],
    years: Years,
    types: Mapping[str, str],
    parameters: Mapping[str, Any],
) -> list[tuple[Group, ...]]:
    """As ``judge``, under several editions in one pass; their groups in the same order."""
    found = await _judge(tx, library, asked, sources, years, types, parameters, by_line=False)
    return [_groups(spans.get(_NO_LINES, {})) for spans in found]


async def judge_lines(
    tx: AsyncConnection,
    library: Library,
    asked: Sequence[Asked],
    sources: Sequence[Source],
    years: Years,
    types: Mapping[str, str],
    parameters: Mapping[str, Any],
    lines: Sequence[int],
) -> list[dict[int, tuple[Group, ...]]]:
    """As ``judge_under``, over rows that hold for some numbers of a line each: what the stock with each of these
    ``lines`` comes to, in one pass over all rows. A number's groups are those of the one before and what changed."""
    found = await _judge(tx, library, asked, sources, years, types, parameters, by_line=True)
    return [_at_lines(spans, lines) for spans in found]


def _at_lines(spans: Mapping[_Span, _Folded], lines: Sequence[int]) -> dict[int, tuple[Group, ...]]:
    steps: list[tuple[int, int, _Folded]] = []
    for (begin, end), folded in spans.items():
        steps += ((begin, 1, folded), (end, -1, folded))
    steps.sort(key=lambda step: step[0])
    stock: _Folded = {}
    found, place = {}, 0
    for line in sorted(lines):
        while place < len(steps) and steps[place][0] <= line:
            _, sign, folded = steps[place]
            for key, numbers in folded.items():
                _add(stock, key, [sign * number for number in numbers])
            place += 1
        found[line] = _groups(stock)
    return found


async def _judge(
    tx: AsyncConnection,
    library: Library,
    asked: Sequence[Asked],
    sources: Sequence[Source],
    years: Years,
    types: Mapping[str, str],
    parameters: Mapping[str, Any],
    *,
    by_line: bool,
) -> list[dict[_Span, _Folded]]:
    found: list[dict[_Span, _Folded]] = []
    for start in range(0, len(asked), _MOST_AT_ONCE):
        some = asked[start : start + _MOST_AT_ONCE]
        expressions = [judged_after(library, each.edition, each.before) for each in some]
        grouping = margins_sql(expressions, sources, types, all_years=years.listed is None, by_line=by_line)
        statement = _STATEMENTS.get(grouping.sql, partial(str, grouping.sql))
        rows = (await tx.execute(statement, {**parameters, **years.parameters})).all()
        lists = [dimension_lists(library, each.edition.vocabulary) for each in some]
        folded: list[dict[_Span, _Folded]] = [{} for _ in some]
        for which, mark, raw, is_case, weight, open_cells, count, *span in rows:
            for place, margin in grouping.about[which]:
                codes = lists[place].get(margin)
                dimension = raw if codes is None else dimension_of(raw, codes)
                key = (margin, mark >> 1, dimension, bool(mark & 1), is_case)
                _add(folded[place].setdefault(tuple(span), {}), key, (weight, open_cells, count))
        found += folded
    return found


def moved(before: Iterable[Group], change: Iterable[Group]) -> tuple[Group, ...]:
    """The groups of a stock from those before and what was added (and, with negative numbers, taken away) since."""
    folded: dict[_Key, list[int]] = {}
    for group in (*before, *change):
        key = (group.margin, group.ruling, group.dimension, group.counted, group.is_case)
        _add(folded, key, (group.weight, group.open_cells, group.rows))
    return _groups(folded)


_Key = tuple[Margin, int, int | None, bool, bool]
_Folded = dict[_Key, list[int]]
_Span = tuple[int, ...]
"""The first number of the line for which rows hold, and the first for which they do not; or nothing."""
_NO_LINES: Final[_Span] = ()


def _add(folded: dict[_Key, list[int]], key: _Key, numbers: Sequence[int]) -> None:
    sums = folded.setdefault(key, [0, 0, 0])
    for place, number in enumerate(numbers):
        sums[place] += number


def _groups(folded: Mapping[_Key, Sequence[int]]) -> tuple[Group, ...]:
    """A group of no rows is none; one whose rows weigh nothing is one."""
    return tuple(Group(*key, *numbers) for key, numbers in folded.items() if any(numbers))


def dimension_lists(library: Library, version: str) -> Mapping[Margin, CodeList]:
    """The code lists behind the two dimensions by code, in one contract version, as far as it has them."""
    roles = library.contracts[version].parts[PartName.CASE].by_role
    by_code = ((Margin.STAGE, Role.STAGE), (Margin.SETTING, Role.SETTING))
    lists = {margin: roles[role].list for margin, role in by_code if role in roles}
    return {margin: codes for margin, codes in lists.items() if codes is not None}


def tally_of(groups: Iterable[Group]) -> Tally:
    """The tally that these groups make: what counts, by margin; what doesn't, beside."""
    cells: Counter[tuple[Margin, int, int | None]] = Counter()
    counted = not_counted = open_cells = 0
    for group in groups:
        if group.counted and group.margin is not Margin.FLIP:
            cells[group.margin, group.ruling, group.dimension] += group.weight
        if group.margin is Margin.STAGE:
            counted += group.weight if group.counted else 0
            not_counted += 0 if group.counted else group.weight
            # a cell that is out of scope, whatever its number, leaves nothing open
            open_cells += group.open_cells if group.counted and group.ruling >= 0 else 0
    return Tally(counted, not_counted, open_cells, with_headline(Cell(*key, weight) for key, weight in cells.items()))


def flips_of(groups: Iterable[Group]) -> Mapping[tuple[int, int], int]:
    """Weight by the rulings under the edition that is followed and under this one; what weighs nothing is left out."""
    flips: Counter[tuple[int, int]] = Counter()
    for group in groups:
        if group.margin is Margin.FLIP and group.counted and group.dimension is not None:
            flips[group.ruling, group.dimension] += group.weight
    return {pair: weight for pair, weight in flips.items() if weight}
