"""The SQL that judges rows under an edition and counts them, in one pass over the rows.

Cases and aggregate cells are judged by the same expression: both are read as rows of the edition's vocabulary with a
weight. Only SQL text is made here; ``store.py`` runs it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from service.contract.library import Library
from service.contract.model import Contract, PartName, Role
from service.contract.upgrade import reading_sql
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
    readings = reading_sql(library, edition.vocabulary, "o")
    ruling = ruling_sql(edition.definition, readings)
    roles = library.contracts[edition.vocabulary].parts[PartName.CASE].by_role
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
    return (
        f"case when extract(year from {field.low}) = extract(year from {field.high}) "
        f"then extract(year from {field.low})::integer end"
    )


def rows_sql(expressions: Judged, sources: Sequence[Source], types: dict[str, str]) -> str:
    """One row a case or cell: ruling, stage, setting (masks), year, weight, counted.

    Parameters: ``all_years`` boolean, ``years`` integer[], ``unknown_year`` boolean: the years of the case part.
    """
    parts = []
    for source in sources:
        columns = ", ".join(
            name if name in source.columns else f"null::{types[name]} as {name}" for name in expressions.columns
        )
        comma = ", " if columns else ""
        part = "true" if source.is_case else "false"
        parts.append(f"select {columns}{comma}{source.weight} as weight, {part} as is_case from {source.rows}")
    union = " union all ".join(parts)
    return (
        "select o.ruling, o.stage, o.setting, o.year, o.weight, o.is_case, o.is_case = (:all_years or case when "
        "o.year is null then :unknown_year else o.year = any(cast(:years as integer[])) end) as counted from (select "
        f"{expressions.ruling} as ruling, {expressions.stage} as stage, {expressions.setting} as setting, "
        f"{expressions.year} as year, o.weight, o.is_case from ({union}) o) o"
    )


def margins_sql(rows: str) -> str:
    """All margins in one pass: margin, ruling, raw value of the dimension, counted, is_case, weight, open cells."""
    return (
        "select case when grouping(r.stage) = 0 then 1 when grouping(r.setting) = 0 then 2 else 3 end as margin, "
        "r.ruling, coalesce(r.stage, r.setting, r.year::bigint) as dimension, r.counted, r.is_case, "
        "coalesce(sum(r.weight), 0)::bigint as weight, (count(*) - count(r.weight))::bigint as open_cells "
        f"from ({rows}) r group by r.ruling, r.counted, r.is_case, grouping sets ((r.stage), (r.setting), (r.year))"
    )


def case_source(contract_columns: frozenset[str], rows: str) -> Source:
    """Cases: weight 1 each."""
    return Source(rows=rows, columns=contract_columns, weight="1::bigint", is_case=True)


def cell_source(contract: Contract, columns: frozenset[str], rows: str) -> Source:
    """Aggregate cells: the weight is what the field with that role says; null where it was not provided."""
    weight = contract.parts[PartName.AGGREGATE].by_role[Role.WEIGHT]
    return Source(rows=rows, columns=columns, weight=f"{weight.name}_lo::bigint", is_case=False)
