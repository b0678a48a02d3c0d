"""What a simulation asks of the rows, as one statement: each row is judged under both editions, once. Pure.

Rows that are alike in all that is asked are grouped first, where several processes can do it at once; whether a group
counts is decided for it, and not for its rows. Then the groups are added up by what each table is about.
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

RULINGS: Final = "rulings"
POSITION: Final = "position"

_COLUMN: Final = re.compile(r"\bo\.(\w+)")
_VALUES: Final[Mapping[Dimension, str]] = MappingProxyType(
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
    """The statement, and what its rows are about: by the number in the column ``which``, ``RULINGS``, ``POSITION`` or a
    breakdown. Parameter: ``forces``."""

    sql: str
    about: Mapping[int, str]


def statement_of(library: Library, before: Edition, after: Edition, by: Iterable[Dimension]) -> Statement:
    """The statement for two editions. Its rows: ``which``, ``force``, ``before`` and ``after`` (rulings, the later one
    marked), ``move`` (``moved`` reads it), ``value``, ``weight``, ``open_cells``, ``at``; of the position: its number
    as the weight, and its moment.

    Year, stage and setting are as the later edition reads them.
    """
    marked = ruling_sql(after.definition, reading_sql(library, after.vocabulary, "o"), marked=True)
    margins, wanted = judged(library, after), frozenset(by)
    values = (judged(library, before).ruling, marked, margins.stage, margins.setting, margins.year)
    asked = tuple(dimension for dimension in _VALUES if dimension in wanted)
    return _statement(library, after.vocabulary, values, asked)


@lru_cache(maxsize=64)
def _statement(library: Library, vocabulary: str, values: tuple[str, ...], asked: tuple[Dimension, ...]) -> Statement:
    """Remembered: writing it takes longer than asking it of a small country."""
    names = [_VALUES[dimension] for dimension in asked]
    columns = ["force", "before", "after", *(["move"] if names else []), *names]
    sets = [("force", "before", "after"), *(("move", name) for name in names)]
    about = {_which(columns, each): what for each, what in zip(sets, (RULINGS, *asked), strict=True)}
    grouped = ", ".join(f"({listed('c', each)})" for each in sets)
    move, value = "null::integer", "null::bigint"
    if names:
        move, value = "c.move", f"coalesce({', '.join(f'c.{name}::bigint' for name in names)})"
    sql = (
        "with head as materialized (select l.force, r.case_years, r.case_year_unknown from force_line l "
        "join case_return r on r.force = l.force and r.id = l.return_id where l.force = any(:forces)), "
        "counted as (select g.*, ((sign(g.before) + 1) * 3 + sign(g.after) + 1)::integer as move "
        f"from ({_cases_sql(library, values)} union all {_cells_sql(library, vocabulary, values)}) g "
        f"join head h on h.force = g.force where g.is_case = {_COVERED}) "
        f"select grouping({listed('c', columns)}) as which, c.force, c.before, c.after, {move} as move, "
        f"{value} as value, sum(c.weight)::bigint as weight, sum(c.open_cells)::bigint as open_cells, "
        f"null::timestamptz as at from counted c group by grouping sets ({grouped}) "
        f"union all select {_NO_GROUP}, null, null, null, null, null, p.value, 0, p.at from position p"
    )
    return Statement(sql, MappingProxyType({**about, _NO_GROUP: POSITION}))


_NO_GROUP: Final = -1
_COVERED: Final = (
    "case when h.case_years is null then true when g.year is null then h.case_year_unknown "
    "else g.year = any(h.case_years) end"
)
"""Whether the case part of its return covers the year of a group (semantics 27)."""


def moved(move: int) -> tuple[int, int]:
    """The signs of the two rulings: below zero out of scope, zero in scope, above it undetermined."""
    return move // 3 - 1, move % 3 - 1


def listed(alias: str, names: Iterable[str]) -> str:
    """Columns of one table, with commas between."""
    return ", ".join(f"{alias}.{name}" for name in names)


def _which(columns: Sequence[str], grouped: Sequence[str]) -> int:
    """What ``grouping`` says of one of the sets: a bit for each column that is not in it."""
    return sum(1 << bit for bit, name in enumerate(reversed(columns)) if name not in grouped)


_AS: Final = ("before", "after", "stage", "setting", "year")
_GROUPED: Final = f"group by {', '.join(str(place) for place in range(1, len(_AS) + 2))}"  # names may be columns too


def _cases_sql(library: Library, values: Sequence[str]) -> str:
    """Every case that holds, in groups."""
    types = stored_types(library, PartName.CASE)
    given = [f"v.{name}" for name in _read(values) if name in types]
    return (
        f"select o.force, {_said(values)}, true as is_case, count(*) as weight, 0::bigint as open_cells from "
        f"(select {', '.join(['v.force', *given])} from case_version v where v.line_to = {OPEN_END}) o {_GROUPED}"
    )


def _cells_sql(library: Library, vocabulary: str, values: Sequence[str]) -> str:
    """Every cell of the returns at the end of their lines, in groups: what it weighs, and how many have no number."""
    types, held = stored_types(library, PartName.CASE), stored_types(library, PartName.AGGREGATE)
    given = [
        f"v.{name}" if name in held else f"null::{types[name]} as {name}"
        for name in _read(values)
        if name in types or name in held
    ]
    part = library.contracts[vocabulary].parts.get(PartName.AGGREGATE)
    weight = "null" if part is None else f"v.{part.by_role[Role.WEIGHT].name}_lo"
    return (
        f"select o.force, {_said(values)}, false as is_case, coalesce(sum(o.weight), 0)::bigint as weight, "
        f"count(*) - count(o.weight) as open_cells from (select {', '.join(['v.force', *given])}, "
        f"{weight}::bigint as weight from aggregate_cell v "
        f"join force_line l on l.force = v.force and l.return_id = v.return_id) o {_GROUPED}"
    )


def _said(values: Sequence[str]) -> str:
    return ", ".join(f"{text} as {name}" for text, name in zip(values, _AS, strict=True))


def _read(values: Sequence[str]) -> list[str]:
    """The columns of a row that the expressions read."""
    return list(dict.fromkeys(name for text in values for name in _COLUMN.findall(text)))
