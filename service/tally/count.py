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
from service.tally.judge import Source, judged, margins_sql
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


_MOST_AT_ONCE: Final = 6
"""Editions that are judged in one statement: PostgreSQL tells 31 columns apart by which it groups."""


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
    (groups,) = await judge_under(tx, library, [edition], sources, years, types, parameters)
    return groups


async def judge_under(
    tx: AsyncConnection,
    library: Library,
    editions: Sequence[Edition],
    sources: Sequence[Source],
    years: Years,
    types: Mapping[str, str],
    parameters: Mapping[str, Any],
) -> list[tuple[Group, ...]]:
    """As ``judge``, under several editions in one pass; their groups in the same order."""
    found: list[tuple[Group, ...]] = []
    for start in range(0, len(editions), _MOST_AT_ONCE):
        some = editions[start : start + _MOST_AT_ONCE]
        expressions = [judged(library, edition) for edition in some]
        grouping = margins_sql(expressions, sources, types, all_years=years.listed is None)
        statement = _STATEMENTS.get(grouping.sql, partial(str, grouping.sql))
        rows = (await tx.execute(statement, {**parameters, **years.parameters})).all()
        lists = [dimension_lists(library, edition.vocabulary) for edition in some]
        folded: list[dict[_Key, list[int]]] = [{} for _ in some]
        for which, mark, raw, is_case, *numbers in rows:
            for place, margin in grouping.about[which]:
                codes = lists[place].get(margin)
                dimension = raw if codes is None else dimension_of(raw, codes)
                _add(folded[place], (margin, mark >> 1, dimension, bool(mark & 1), is_case), numbers)
        found += (_groups(each) for each in folded)
    return found


def moved(before: Iterable[Group], change: Iterable[Group]) -> tuple[Group, ...]:
    """The groups of a stock from those before and what was added (and, with negative numbers, taken away) since."""
    folded: dict[_Key, list[int]] = {}
    for group in (*before, *change):
        key = (group.margin, group.ruling, group.dimension, group.counted, group.is_case)
        _add(folded, key, (group.weight, group.open_cells, group.rows))
    return _groups(folded)


_Key = tuple[Margin, int, int | None, bool, bool]


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
        if group.counted:
            cells[group.margin, group.ruling, group.dimension] += group.weight
        if group.margin is Margin.STAGE:
            counted += group.weight if group.counted else 0
            not_counted += 0 if group.counted else group.weight
            # a cell that is out of scope, whatever its number, leaves nothing open
            open_cells += group.open_cells if group.counted and group.ruling >= 0 else 0
    return Tally(counted, not_counted, open_cells, with_headline(Cell(*key, weight) for key, weight in cells.items()))
