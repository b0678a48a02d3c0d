"""The SQL that judges rows under an edition and counts them, in one pass over the rows.

Cases and aggregate cells are judged by the same expression: both are read as rows of the edition's vocabulary with a
weight. Only SQL text is made here; ``store.py`` runs it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from service.contract.library import Library
from service.contract.model import Contract, PartName, Role
from service.contract.upgrade import reading_sql
from service.criteria.ruling import Definition
from service.criteria.sql import FieldSql, ruling_sql
from service.scope.edition import Edition

_COLUMN = re.compile(r"\bo\.(\w+)")


class Source(Struct, frozen=True):
    """Rows to be judged: ``rows`` is what stands behind FROM, ``columns`` what it has of the typed columns."""

    rows: str
    columns: frozenset[str]
    weight: str
    is_case: bool


class Judged(Struct, frozen=True):
    """How the rows of one edition are read: its ruling and the three dimensions, over the row alias ``o``."""

    ruling: str
    stage: str
    setting: str
    year: str
    columns: tuple[str, ...]
    """The typed columns that these expressions read."""


def judged(library: Library, edition: Edition) -> Judged:
    """The expressions of one edition over stored rows, read forward to its vocabulary (semantics 12)."""
    return _judged(library, edition.vocabulary, edition.definition)


@lru_cache(maxsize=64)
def _judged(library: Library, vocabulary: str, definition: Definition) -> Judged:
    """Remembered: writing the expressions takes longer than judging a small return by them."""
    readings = reading_sql(library, vocabulary, "o")
    ruling = ruling_sql(definition, readings)
    roles = library.contracts[vocabulary].parts[PartName.CASE].by_role
    stage, setting, year = (readings[roles[role].name] for role in (Role.STAGE, Role.SETTING, Role.YEAR))
    texts = (ruling, _mask(stage), _mask(setting), year_sql(year))
    columns = tuple(dict.fromkeys(name for text in texts for name in _COLUMN.findall(text)))
    return Judged(*texts, columns)


def _mask(field: FieldSql) -> str:
    if field.mask is None:
        raise TypeError("a dimension by code needs a code field")
    return field.mask


def year_sql(field: FieldSql) -> str:
    """The calendar year of a date when its whole range lies in one, otherwise null (semantics 31)."""
    # date_part, not extract: a year is exact as a double, and numeric costs three times as much
    low, high = f"date_part('year', {field.low})", f"date_part('year', {field.high})"
    return f"case when {field.low} = {field.high} or {low} = {high} then {low}::integer end"


def rows_sql(expressions: Judged, source: Source, types: Mapping[str, str]) -> str:
    """One row a case or cell: ruling, stage, setting (masks), year, weight."""
    columns = [name if name in source.columns else f"null::{types[name]} as {name}" for name in expressions.columns]
    given = ", ".join([*columns, f"{source.weight} as weight"])
    return (
        f"select {expressions.ruling} as ruling, {expressions.stage} as stage, {expressions.setting} as setting, "
        f"{expressions.year} as year, o.weight from (select {given} from {source.rows}) o"
    )


def margins_sql(expressions: Judged, sources: Sequence[Source], types: Mapping[str, str], *, all_years: bool) -> str:
    """All margins of all sources in one statement: margin, ruling and whether it counts (one number, twice the ruling
    and one more where it counts), raw value of the dimension, is_case, weight, open cells.

    Grouping is most of what judging costs, so it is done by as few and as small values as will do, and only cells are
    summed: cases are counted. Parameters: ``years`` integer[], ``unknown_year`` boolean: the years of the case part;
    neither where it covers all.
    """
    return " union all ".join(_margins(expressions, source, types, all_years) for source in sources)


def _margins(expressions: Judged, source: Source, types: Mapping[str, str], all_years: bool) -> str:
    weight = "count(*) as weight, 0::bigint as open_cells"
    if not source.is_case:
        weight = "coalesce(sum(r.weight), 0)::bigint as weight, (count(*) - count(r.weight))::bigint as open_cells"
    counted = covered_sql(all_years) if source.is_case else f"not {covered_sql(all_years)}"
    return (
        "select case when grouping(r.stage) = 0 then 1 when grouping(r.setting) = 0 then 2 else 3 end as margin, "
        f"r.mark, coalesce(r.stage, r.setting, r.year::bigint) as dimension, {source.is_case} as is_case, {weight} "
        f"from (select r.ruling::bigint * 2 + ({counted})::integer as mark, r.stage, r.setting, r.year, r.weight "
        f"from ({rows_sql(expressions, source, types)}) r) r "
        "group by grouping sets ((r.mark, r.stage), (r.mark, r.setting), (r.mark, r.year))"
    )


def covered_sql(all_years: bool) -> str:
    """Whether the case part covers the year of row ``r`` (semantics 27); it never leaves that unknown."""
    if all_years:
        return "true"
    return "case when r.year is null then :unknown_year else r.year = any(cast(:years as integer[])) end"


def case_source(contract_columns: frozenset[str], rows: str) -> Source:
    """Cases: weight 1 each."""
    return Source(rows=rows, columns=contract_columns, weight="1", is_case=True)


def cell_source(contract: Contract, columns: frozenset[str], rows: str) -> Source:
    """Aggregate cells: the weight is what the field with that role says; null where it was not provided."""
    weight = contract.parts[PartName.AGGREGATE].by_role[Role.WEIGHT]
    return Source(rows=rows, columns=columns, weight=f"{weight.name}_lo::bigint", is_case=False)
