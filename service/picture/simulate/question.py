"""What a simulation asks of the rows, as one statement: each row is judged under both editions, once. Pure.

The stored cases are read in pieces, as many at once as the database has processes for; in each, rows are counted by
what each table is about, and only what they come to leaves the piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct

from service.contract.library import Library
from service.contract.model import PartName, Role
from service.contract.source import closest
from service.contract.upgrade import reading_sql
from service.criteria.ruling import define
from service.criteria.sql import ruling_sql
from service.criteria.tree import sets_of
from service.errors import Invalid
from service.picture.national import Dimension
from service.picture.question import shown
from service.register.columns import OPEN_END, stored_types
from service.scope.edition import Edition
from service.tally.judge import judged

POSITION: Final = -1

_COLUMN: Final = re.compile(r"\bo\.(\w+)")
VALUES: Final[Mapping[Dimension, str]] = MappingProxyType(
    {Dimension.STAGE: "stage", Dimension.SETTING: "setting", Dimension.YEAR: "year"}
)


class SimulationRefused(Invalid):
    """A simulation that cannot be asked for: ``pointer`` says which member of the question is wrong."""

    code = "simulation-refused"

    def __init__(self, pointer: str, says: str, fix: str) -> None:
        super().__init__(says, fix)
        self.errors: tuple[Mapping[str, str], ...] = ({"pointer": pointer, "says": says, "fix": fix},)


def without(edition: Edition, rules_off: Sequence[str]) -> Edition:
    """The edition without some of its rules, the others in their order. ``SimulationRefused`` for a rule that it has
    not, and where no rule would be left."""
    for place, name in enumerate(rules_off):
        if name not in edition.rule_ids:
            says = f"{edition.name} has no rule {shown(name)}."
            fix = f"{closest(name, edition.rule_ids)} Its rules are: {', '.join(edition.rule_ids)}.".strip()
            raise SimulationRefused(f"/rules_off/{place}", says, fix)
    rules = tuple(rule for rule in edition.rules if rule.id not in rules_off)
    if not rules:
        says = "With all its rules off the edition asks nothing, and every case would be in scope."
        raise SimulationRefused("/rules_off", says, "Leave at least one rule on.")
    used = {name for rule in rules for name in sets_of(rule.criterion)}
    return msgspec.structs.replace(
        edition,
        rules=rules,
        definition=define(rule.criterion for rule in rules),
        codes_left_out={name: codes for name, codes in edition.codes_left_out.items() if name in used},
    )


class Statement(Struct, frozen=True):
    """The statement, and what its rows are about, by the number in the column ``which``: breakdowns; none of them, of
    the rulings by force. ``POSITION``: what it is all of. Parameters: ``forces``, and those of ``pieces_of``."""

    sql: str
    about: Mapping[int, tuple[Dimension, ...]]


def statement_of(library: Library, before: Edition, after: Edition, by: Iterable[Dimension]) -> Statement:
    """The statement for two editions. Its rows: ``which``, ``force``, ``before`` and ``after`` (rulings, the later one
    marked), stage, setting and year, ``weight``, ``open_cells``, ``at``; of the position: its number as the weight, and
    its moment.

    Year, stage and setting are as the later edition reads them.
    """
    marked = ruling_sql(after.definition, reading_sql(library, after.vocabulary, "o"), marked=True)
    margins, wanted = judged(library, after), frozenset(by)
    values = (judged(library, before).ruling, marked, margins.stage, margins.setting, margins.year)
    asked = tuple(dimension for dimension in VALUES if dimension in wanted)
    return _statement(library, after.vocabulary, values, asked)


@lru_cache(maxsize=64)
def _statement(library: Library, vocabulary: str, values: tuple[str, ...], asked: tuple[Dimension, ...]) -> Statement:
    """Remembered: writing it takes longer than asking it of a small country."""
    codes = tuple(dimension for dimension in asked if dimension is not Dimension.YEAR)
    about = [(), *([codes] if codes else []), *((each,) for each in asked if each is Dimension.YEAR)]
    sets = [[VALUES[each] for each in some] or ["force"] for some in about]
    columns = [name for each in sets for name in each]
    cases = [_cases_sql(library, values, piece) for piece in range(PIECES)]
    counted = " union all ".join(
        _counted_sql(rows, columns, sets) for rows in (*cases, _cells_sql(library, vocabulary, values))
    )
    sql = (
        f"select c.which, c.force, c.before, c.after, {listed('c', VALUES.values())}, "
        "sum(c.weight)::bigint as weight, sum(c.open_cells)::bigint as open_cells, null::timestamptz as at "
        f"from ({counted}) c group by 1, 2, 3, 4, 5, 6, 7 "
        f"union all select {POSITION}, null, null, null, null, null, null, p.value, 0, p.at from position p"
    )
    meant = {_which(columns, each): some for each, some in zip(sets, about, strict=True)}
    return Statement(sql, MappingProxyType(meant))


PIECES: Final = 3
"""Two processes beside the one that was asked are what PostgreSQL gives a statement where nobody says otherwise."""
_HEADS: Final = (
    "from force_line l join case_return r on r.force = l.force and r.id = l.return_id where r.case_years is not null"
)
_COVERED: Final = (
    f"case when j.force not in (select l.force {_HEADS}) then true "
    f"when j.year is null then j.force in (select l.force {_HEADS} and r.case_year_unknown) "
    f"else (j.force, j.year) in (select l.force, unnest(r.case_years) {_HEADS}) end"
)
"""Whether the case part of its return covers the year of a row (semantics 27); asked of sets, as joining every row with
its return takes a fifth of the time."""


def pieces_of(pages: int) -> Mapping[str, str]:
    """The parameters that say where each piece but the first begins, of so many pages of stored cases."""
    return {f"piece_{piece}": f"({pages * piece // PIECES},0)" for piece in range(1, PIECES)}


def listed(alias: str, names: Iterable[str]) -> str:
    """Columns of one table, with commas between."""
    return ", ".join(f"{alias}.{name}" for name in names)


def _which(columns: Sequence[str], grouped: Sequence[str]) -> int:
    """What ``grouping`` says of one of the sets: a bit for each column that is not in it."""
    return sum(1 << bit for bit, name in enumerate(reversed(columns)) if name not in grouped)


_AS: Final = ("before", "after", "stage", "setting", "year")
_ASKED: Final = "v.force = any(:forces)"


class _Rows(Struct, frozen=True):
    """Rows to be judged: what stands behind FROM, whether they are cases, and what they weigh."""

    rows: str
    values: str
    is_case: bool
    counts: str


def _counted_sql(rows: _Rows, columns: Sequence[str], sets: Iterable[Sequence[str]]) -> str:
    """What rows come to, in groups: both rulings by each of these sets of columns."""
    values = ", ".join(f"j.{name}" if name in columns else f"null::bigint as {name}" for name in VALUES.values())
    grouped = ", ".join(f"({listed('j', ('before', 'after', *each))})" for each in sets)
    return (
        f"select grouping({listed('j', columns)}) as which, j.force, j.before, j.after, {values}, {rows.counts} "
        f"from (select o.force, {rows.values} from {rows.rows}) j "
        f"where {'' if rows.is_case else 'not '}({_COVERED}) group by grouping sets ({grouped})"
    )


def _cases_sql(library: Library, values: Sequence[str], piece: int) -> _Rows:
    """Every case that holds and lies in this piece of what is stored."""
    types = stored_types(library, PartName.CASE)
    given = [f"v.{name}" for name in _read(values) if name in types]
    held = [_ASKED, f"v.line_to = {OPEN_END}"]
    if piece:
        held.append(f"v.ctid >= cast(cast(:piece_{piece} as text) as tid)")
    if piece + 1 < PIECES:
        held.append(f"v.ctid < cast(cast(:piece_{piece + 1} as text) as tid)")
    return _Rows(
        rows=f"(select {', '.join(['v.force', *given])} from case_version v where {' and '.join(held)}) o",
        values=_said(values),
        is_case=True,
        counts="count(*) as weight, 0::bigint as open_cells",
    )


def _cells_sql(library: Library, vocabulary: str, values: Sequence[str]) -> _Rows:
    """Every cell of the returns at the end of their lines: what it weighs, and how many have no number."""
    types, held = stored_types(library, PartName.CASE), stored_types(library, PartName.AGGREGATE)
    given = [
        f"v.{name}" if name in held else f"null::{types[name]} as {name}"
        for name in _read(values)
        if name in types or name in held
    ]
    part = library.contracts[vocabulary].parts.get(PartName.AGGREGATE)
    weight = "null" if part is None else f"v.{part.by_role[Role.WEIGHT].name}_lo"
    return _Rows(
        rows=f"(select {', '.join(['v.force', *given])}, {weight}::bigint as weight from aggregate_cell v "
        f"join force_line l on l.force = v.force and l.return_id = v.return_id where {_ASKED}) o",
        values=f"{_said(values)}, o.weight",
        is_case=False,
        counts="coalesce(sum(j.weight), 0)::bigint as weight, count(*) - count(j.weight) as open_cells",
    )


def _said(values: Sequence[str]) -> str:
    return ", ".join(f"{text} as {name}" for text, name in zip(values, _AS, strict=True))


def _read(values: Sequence[str]) -> list[str]:
    """The columns of a row that the expressions read."""
    return list(dict.fromkeys(name for text in values for name in _COLUMN.findall(text)))
