"""Runs the judging SQL over the rows of one transaction and folds what comes back into a tally."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.library import Library
from service.contract.model import CodeList, PartName, Role
from service.scope.edition import Edition
from service.tally.judge import Source, judged, margins_sql
from service.tally.model import Cell, Margin, Tally, dimension_of, with_headline


class Years(Struct, frozen=True, kw_only=True):
    """The years that a return's case part covers: all of them, or those listed, ``unknown`` being one of its own."""

    listed: tuple[int, ...] | None
    unknown: bool

    @property
    def parameters(self) -> dict[str, Any]:
        """What ``margins_sql`` asks for: nothing where all years are covered."""
        return {} if self.listed is None else {"years": list(self.listed), "unknown_year": self.unknown}


class Group(Struct, frozen=True):
    """Rows alike in what a margin looks at. ``dimension`` is an ordinal or a year, None where it is not known."""

    margin: Margin
    ruling: int
    dimension: int | None
    counted: bool
    is_case: bool
    weight: int
    open_cells: int


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
    statement = margins_sql(judged(library, edition), sources, types, all_years=years.listed is None)
    rows = (await tx.execute(text(statement), {**parameters, **years.parameters})).all()
    lists = dimension_lists(library, edition.vocabulary)
    folded: Counter[tuple[Margin, int, int | None, bool, bool]] = Counter()
    open_cells: Counter[tuple[Margin, int, int | None, bool, bool]] = Counter()
    for margin, mark, raw, is_case, weight, missing in rows:
        kind = Margin(margin)
        dimension = raw if kind is Margin.YEAR else dimension_of(raw, lists[kind])
        key = (kind, mark >> 1, dimension, bool(mark & 1), is_case)
        folded[key] += weight
        open_cells[key] += missing
    return tuple(Group(*key, weight, open_cells[key]) for key, weight in folded.items())


def dimension_lists(library: Library, version: str) -> Mapping[Margin, CodeList]:
    """The code lists behind the two dimensions by code, in one contract version."""
    roles = library.contracts[version].parts[PartName.CASE].by_role
    stage, setting = roles[Role.STAGE].list, roles[Role.SETTING].list
    if stage is None or setting is None:
        raise TypeError(f"contract {version}: stage and setting need code lists")
    return {Margin.STAGE: stage, Margin.SETTING: setting}


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
