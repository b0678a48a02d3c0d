"""The SQL that judges rows under an edition and counts them, in one pass over the rows.

Cases and aggregate cells are judged by the same expression: both are read as rows of the edition's vocabulary with a
weight. Only SQL text is made here; ``store.py`` runs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.contract.library import Library
from service.contract.model import Contract, PartName, Role
from service.contract.upgrade import reading_sql
from service.criteria.ruling import Definition
from service.criteria.sql import FieldSql, ruling_sql
from service.scope.edition import Edition
from service.tally.model import Margin

SHARING: Final = frozenset({Role.SHARED_REF, Role.SHARED_WITH, Role.LEAD})
"""What a standard says of a shared case: where one of these is not among its roles, it has no shared cases."""


class SharedSql(Struct, frozen=True):
    """What a stored row says of the case that it shares, as SQL."""

    ref: str
    shared_with: str
    lead: str


def shared_sql(library: Library, vocabulary: str, alias: str) -> SharedSql | None:
    """Over the row ``alias`` of any version; None where the vocabulary knows no shared cases."""
    roles = library.contracts[vocabulary].parts[PartName.CASE].by_role
    if not roles.keys() >= SHARING:
        return None
    readings = reading_sql(library, vocabulary, alias)
    ref = readings[roles[Role.SHARED_REF].name].text
    shared_with, lead = (_mask(readings[roles[role].name]) for role in (Role.SHARED_WITH, Role.LEAD))
    if ref is None:
        raise TypeError("a shared reference is a text")
    return SharedSql(ref, shared_with, lead)


_LINES = ("line_from", "line_to")
_COLUMN = re.compile(r"\bo\.(\w+)")


class Source(Struct, frozen=True):
    """Rows to be judged: ``rows`` is what stands behind FROM, ``columns`` what it has of the typed columns. ``sign`` -1
    takes them away from what is counted."""

    rows: str
    columns: frozenset[str]
    weight: str
    is_case: bool
    sign: int = 1


class Judged(Struct, frozen=True):
    """How the rows of one edition are read: its ruling and the three dimensions, over the row alias ``o``."""

    ruling: str
    stage: str
    setting: str
    year: str
    columns: tuple[str, ...]
    """The typed columns that these expressions read."""
    before: tuple[str, str] | None = None
    """Ruling and year under the edition that is followed, where flips are counted against it."""


def judged(library: Library, edition: Edition) -> Judged:
    """The expressions of one edition over stored rows, read forward to its vocabulary (semantics 12)."""
    return _judged(library, edition.vocabulary, edition.definition)


def judged_after(library: Library, edition: Edition, before: Edition | None) -> Judged:
    """As ``judged``, with what an earlier edition says of the same row beside it."""
    found = judged(library, edition)
    if before is None:
        return found
    earlier = judged(library, before)
    columns = tuple(dict.fromkeys((*found.columns, *earlier.columns)))
    return replace(found, before=(earlier.ruling, earlier.year), columns=columns)


@lru_cache(maxsize=64)
def _judged(library: Library, vocabulary: str, definition: Definition) -> Judged:
    """Remembered: writing the expressions takes longer than judging a small return by them."""
    readings = reading_sql(library, vocabulary, "o")
    ruling = ruling_sql(definition, readings)
    roles = library.contracts[vocabulary].parts[PartName.CASE].by_role
    setting, year = (readings[roles[role].name] if role in roles else None for role in (Role.SETTING, Role.YEAR))
    texts = (
        ruling,
        _mask(readings[roles[Role.STAGE].name]),
        # a standard without such a field: it is not known of any row
        "null::bigint" if setting is None else _mask(setting),
        "null::integer" if year is None else year_sql(year),
    )
    columns = tuple(dict.fromkeys(name for text in texts for name in _COLUMN.findall(text)))
    return Judged(*texts, columns)


def _mask(field: FieldSql) -> str:
    if field.mask is None:
        raise TypeError("a dimension by code needs a code field")
    return field.mask


def year_sql(field: FieldSql) -> str:
    """The calendar year of a date when its whole range lies in one, otherwise null (semantics 31)."""
    # From 1900 to 2099 each fourth year is a leap year but the first: days are counted there, which costs half of what
    # asking for a part of a date does. An open end is infinite, and lies beyond.
    counted_low, counted_high = (f"({end} - date '1899-12-31') * 4 / 1461" for end in (field.low, field.high))
    # date_part, not extract: a year is exact as a double, and numeric costs three times as much
    low, high = (f"date_part('year', {end})" for end in (field.low, field.high))
    return (
        f"case when {field.low} >= date '1900-01-01' and {field.high} < date '2100-01-01' then "
        f"case when {field.low} = {field.high} or {counted_low} = {counted_high} then 1900 + {counted_low} end "
        f"when {low} = {high} then {low}::integer end"
    )


class Grouping(Struct, frozen=True):
    """A statement that counts, and what its rows are about: for each number in the column ``which`` the editions, by
    their place, and the margin."""

    sql: str
    about: Mapping[int, tuple[tuple[int, Margin], ...]]


def margins_sql(
    expressions: Sequence[Judged],
    sources: Sequence[Source],
    types: Mapping[str, str],
    *,
    all_years: bool,
    by_line: bool = False,
) -> Grouping:
    """All margins of all sources under all editions, in one pass over each source: which margin of which edition;
    ruling and whether it counts (one number, twice the ruling and one more where it counts); raw value of the
    dimension; is_case; weight; open cells; rows.

    Grouping is most of what judging costs, so each row is grouped once, by everything that is asked of it, and the
    margins are made of those groups. Only cells are summed: cases are counted. What two editions ask alike is asked
    once. Parameters: ``years`` integer[], ``unknown_year`` boolean: the years of the case part; neither where it covers
    all. ``by_line``: each group apart for the numbers of the line for which its rows hold, last ``line_from`` and
    ``line_to``, which the sources then have.
    """
    return _margins_sql(tuple(expressions), tuple(sources), tuple(types.items()), all_years, by_line)


@lru_cache(maxsize=64)
def _margins_sql(
    expressions: tuple[Judged, ...],
    sources: tuple[Source, ...],
    types: tuple[tuple[str, str], ...],
    all_years: bool,
    by_line: bool,
) -> Grouping:
    """Remembered: a return is judged again with every change of its draft."""
    names = _Names()
    sets: dict[tuple[str, str], list[tuple[int, Margin]]] = {}
    for place, each in enumerate(expressions):
        mark = names.mark(each.ruling, each.year)
        for margin, text in ((Margin.STAGE, each.stage), (Margin.SETTING, each.setting), (Margin.YEAR, each.year)):
            sets.setdefault((mark, names.value(text)), []).append((place, margin))
        if each.before is not None:
            flip = (names.mark(*each.before), names.value(each.ruling))
            sets.setdefault(flip, []).append((place, Margin.FLIP))
    columns = dict.fromkeys(name for each in expressions for name in each.columns)
    given = [(name, dict(types)[name]) for name in columns]
    sql = " union all ".join(_counted(names, sets, source, given, all_years, by_line) for source in sources)
    grouped = names.grouped(sets)
    about = {
        sum(1 << bit for bit, name in enumerate(reversed(grouped)) if name not in pair): tuple(meant)
        for pair, meant in sets.items()
    }
    return Grouping(sql, MappingProxyType(about))


class _Names:
    """Short names for the expressions of some editions; what is the same has one name."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.marks: dict[tuple[str, str], str] = {}

    def value(self, text: str) -> str:
        return self.values.setdefault(text, f"v{len(self.values)}")

    def mark(self, ruling: str, year: str) -> str:
        return self.marks.setdefault((self.value(ruling), self.value(year)), f"m{len(self.marks)}")

    def grouped(self, sets: Iterable[tuple[str, str]]) -> list[str]:
        """Every name that is grouped by, once, in the order in which ``grouping`` is asked."""
        return list(dict.fromkeys(name for pair in sets for name in pair))


def _counted(
    names: _Names,
    sets: Mapping[tuple[str, str], Sequence[tuple[int, Margin]]],
    source: Source,
    given: Sequence[tuple[str, str]],
    all_years: bool,
    by_line: bool,
) -> str:
    lines = [f"o.{name}" for name in _LINES] if by_line else []
    apart = [f"r.{name}" for name in _LINES] if by_line else []
    columns = [name if name in source.columns else f"null::{sql_type} as {name}" for name, sql_type in given]
    values = ", ".join(f"{text} as {name}" for text, name in names.values.items())
    by = "" if source.is_case else "not "
    marks = ", ".join(
        f"r.{ruling}::bigint * 2 + ({by}{covered_sql(all_years, year)})::integer as {name}"
        for (ruling, year), name in names.marks.items()
    )
    grouped = names.grouped(sets)
    dimensions = list(dict.fromkeys(dimension for _, dimension in sets))
    counted, weight, open_cells = "count(*) as n", "sum(r.n)", "0"
    if not source.is_case:
        counted += ", sum(o.weight) as weight, count(*) - count(o.weight) as open_cells"
        weight, open_cells = "coalesce(sum(r.weight), 0)", "sum(r.open_cells)"
    counts = (f"{source.sign} * ({weight})::bigint as weight", f"{source.sign} * ({open_cells})::bigint as open_cells")
    return (
        f"select grouping({listed(grouped)}) as which, coalesce({listed(names.marks.values())}) as mark, "
        f"coalesce({', '.join(f'r.{name}::bigint' for name in dimensions)}) as dimension, {source.is_case} as is_case, "
        f"{', '.join([*counts, f'{source.sign} * sum(r.n)::bigint as rows', *apart])} "
        f"from (select r.*, {marks} from (select {', '.join([values, counted, *lines])} "
        f"from (select {', '.join([*columns, *(_LINES if by_line else ()), f'{source.weight} as weight'])} "
        f"from {source.rows}) o group by {', '.join([*names.values.values(), *lines])}) r) r "
        f"group by grouping sets ({', '.join('(' + ', '.join([listed(pair), *apart]) + ')' for pair in sets)})"
    )


def listed(names: Iterable[str]) -> str:
    """Columns of the row ``r``, with commas between."""
    return ", ".join(f"r.{name}" for name in names)


def covered_sql(all_years: bool, year: str = "year", prefix: str = "") -> str:
    """Whether the case part covers the year of row ``r`` (semantics 27); it never leaves that unknown. ``prefix`` is
    that of the parameters' names."""
    if all_years:
        return "true"
    return in_years_sql(f"cast(:{prefix}years as integer[])", f":{prefix}unknown_year", f"r.{year}")


def in_years_sql(years: str, unknown: str, year: str) -> str:
    """Whether a year is among those listed, ``unknown`` saying so of one that is not known; never unknown itself."""
    return f"case when {year} is null then {unknown} else {year} = any({years}) end"


def covers_sql(years: str, unknown: str, year: str) -> str:
    """Whether a case part covers a year (semantics 27), ``years`` null where it covers all; never unknown itself."""
    return f"({years} is null or {in_years_sql(years, unknown, year)})"


def case_source(contract_columns: frozenset[str], rows: str, sign: int = 1) -> Source:
    """Cases: weight 1 each."""
    return Source(rows=rows, columns=contract_columns, weight="1", is_case=True, sign=sign)


def cell_source(contract: Contract, columns: frozenset[str], rows: str, sign: int = 1) -> Source:
    """Aggregate cells: the weight is what the field with that role says; null where it was not provided."""
    part = contract.parts.get(PartName.AGGREGATE)
    # a standard without cells has no rows of them either
    weight = "null" if part is None else f"{part.by_role[Role.WEIGHT].name}_lo"
    return Source(rows=rows, columns=columns, weight=f"{weight}::bigint", is_case=False, sign=sign)
