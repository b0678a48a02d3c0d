"""The statement that judges a force's chain of sealed returns under one edition and keeps all that it comes to.

Each case version is judged once, whatever the number of returns that hold it; tallies, flips, shared cases and
moves are folded from what came of that, and nothing leaves the database. Text only; ``rejudge.py`` runs it.
``reconcile`` reads the same versions again by other code (``tally/count.py``) and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.contract.library import Library
from service.contract.model import CodeList, PartName, Role
from service.criteria.sql import ALL_CODES
from service.register.columns import stored_types
from service.returns.moved_sql import STANDS, moved_sql
from service.scope.edition import Edition
from service.tally.count import dimension_lists
from service.tally.judge import Judged, SharedSql, Source, covers_sql, judged_after, shared_sql
from service.tally.model import Margin

RETURNS: Final = {
    "return_ids": "uuid",
    "lines": "integer",
    "lacking": "boolean",
    "on_base": "boolean",
    "years": "text",
    "unknowns": "boolean",
    "base_years": "text",
    "base_unknowns": "boolean",
}
"""The parameters that say of which returns, a list each: whether a return's tally is not there yet; whether it builds
on another; and the years that its case part, and that of its base, cover: as an array's text, null for all of them."""

_RETURNS: Final = (
    "select item.id, item.line, item.lacking, item.on_base, cast(item.years as integer[]) as years, "
    "item.unknown, cast(item.base_years as integer[]) as base_years, item.base_unknown, "
    "item.on_base and (item.years, item.unknown) is distinct from (item.base_years, item.base_unknown) as turned "
    "from unnest("
    + ", ".join(f"cast(:{name} as {sql_type}[])" for name, sql_type in RETURNS.items())
    + ") item (id, line, lacking, on_base, years, unknown, base_years, base_unknown)"
)


class Chain(Struct, frozen=True):
    """What a chain is judged from: its library, the edition, the one before it, and its aggregate cells if a standard
    has any."""

    library: Library
    edition: Edition
    before: Edition | None
    cells: Source | None


def chain_sql(chain: Chain, *, all_years: bool) -> str:
    """The statement. ``all_years``: no case part, of a return or of its base, leaves out a year; then rows are not told
    apart by it. It gives back whether the edition before is superseded by now. Parameters: ``force``, ``edition``,
    ``before`` (the number of the edition before, where there is one), ``first`` and ``last`` (the numbers of the line
    between which the returns lie), and ``RETURNS``."""
    library, edition = chain.library, chain.edition
    expressions = judged_after(library, edition, chain.before)
    lists = dimension_lists(library, edition.vocabulary)
    roles = library.contracts[edition.vocabulary].parts[PartName.CASE].by_role
    queries = {
        "r": _RETURNS,
        "g": _alike(chain, expressions, all_years),
        **({"a": _YEARS_APART.format(number=_number(chain))} if all_years else {}),
        "c": _by_return(chain, lists, all_years),
        "kept": _TALLIES,
        "kept_margins": _MARGINS,
        "x": _side("line_to", "end_reason", "base_years", "base_unknown", all_years),
        "b": _side("line_from", "begin_reason", "years", "unknown", all_years),
        "kept_moves": _moves(library, edition, lists.get(Margin.STAGE)),
    }
    if chain.before is not None:
        queries["kept_flips"] = _FLIPS
    said = shared_sql(library, edition.vocabulary, "o")
    if said is not None:
        queries["kept_shared"] = _shared(expressions, said, lists, roles[Role.LEAD].list)
    items = [f"{name} as {'materialized ' * (name in _ONCE)}({query})" for name, query in queries.items()]
    return f"with {', '.join(items)} {'select false' if chain.before is None else _LEFT_BEHIND}"


_LEFT_BEHIND: Final = "select e.state = 'superseded' from scope_edition e where e.id = :before"

_ONCE: Final = frozenset({"r", "g", "a", "c"})
"""What is worked out once, before anything is kept of it."""

_ASKED: Final = "o.force = :force and o.line_from <= cast(:last as integer) and o.line_to >= cast(:first as integer)"
"""The versions that one of these returns holds, or ended."""


def _dimensions(expressions: Judged, all_years: bool) -> list[str]:
    ruling_before, year_before = expressions.before or ("null::integer", "null::integer")
    if all_years:  # then nobody asks for it
        year_before = "null::integer"
    return [
        "o.line_from",
        "o.line_to",
        f"{expressions.ruling} as ruling",
        f"{expressions.stage} as stage",
        f"{expressions.setting} as setting",
        f"{expressions.year} as year",
        f"{ruling_before} as was",
        f"{year_before} as was_year",
    ]


def _alike(chain: Chain, expressions: Judged, all_years: bool) -> str:
    """What is alike in everything that is asked of it, by the span of the line for which it holds: weight, open cells,
    and which cases it is that come or go between these returns, or are counted by other years from one on."""
    by = ", ".join([*_ASKED_OF_ALL, *([] if all_years else ["was_year"])])
    judged = ", ".join([*_dimensions(expressions, all_years), "o.case_id", *_REASONS])
    moving = "" if all_years else "true or "
    kept = f"{moving}line_from > cast(:first as integer) or line_to <= cast(:last as integer)"
    reasons = ", ".join(_REASONS)
    queries = [
        f"select true as is_case, {by}, {reasons}, count(*)::{_number(chain)} as weight, 0 as open_cells, "
        f"array_agg(case_id) filter (where {kept}) as cases "
        f"from (select {judged} from case_version o where {_ASKED}) j group by {by}, {reasons}"
    ]
    if chain.cells is not None:
        cells = _judged_cells(chain.library, expressions, chain.cells, all_years)
        queries.append(
            f"select false, {by}, null, null, coalesce(sum(weight), 0)::bigint, "
            f"(count(*) - count(weight))::integer, null from ({cells}) j group by {by}"
        )
    return " union all ".join(queries)


def _number(chain: Chain) -> str:
    """What numbers are added up as: cases are as many as can be stored, and what cells say knows no bound. Sums of the
    shorter type are the faster ones by far."""
    return "integer" if chain.cells is None else "bigint"


def _by_return(chain: Chain, lists: Mapping[Margin, CodeList], all_years: bool) -> str:
    """Weight and open cells by return, margin, ruling and value, and whether it counts: by span first, and then
    for each return in the span."""
    stage, setting = (_ordinal(name, lists.get(margin)) for name, margin in _BY_CODE.items())
    source, year, was_year = ("a", None, None) if all_years else ("g", "year", "was_year")
    number = _number(chain)
    margins = [
        _margin(source, number, Margin.STAGE, "ruling", ("stage", stage), year),
        _margin(source, number, Margin.SETTING, "ruling", ("setting", setting), year),
        _margin("g", number, Margin.YEAR, "ruling", ("year", "year"), year),
    ]
    if chain.before is not None:
        margins.append(_margin(source, number, Margin.FLIP, "was", ("ruling", "ruling"), was_year))
    counted = "g.is_case" if all_years else f"{covers_sql('r.years', 'r.unknown', 'g.covering')} = g.is_case"
    return (
        f"select r.line, g.margin, g.ruling, g.dimension, {counted} as counted, "
        f"sum(g.weight)::{number} as weight, sum(g.open_cells)::{number} as open_cells "
        f"from ({' union all '.join(margins)}) g join r on g.line_from <= r.line and r.line < g.line_to "
        "group by 1, 2, 3, 4, 5"
    )


def _margin(source: str, number: str, margin: Margin, ruling: str, value: tuple[str, str], year: str | None) -> str:
    """``value``: what is grouped by, and that as a dimension. ``year``: by which it is asked whether it counts."""
    by, dimension = value
    names = dict.fromkeys(("is_case", *_SPAN, ruling, by, *([] if year is None else [year])))
    return (
        f"select is_case, line_from, line_to, {int(margin)} as margin, {ruling} as ruling, {dimension} as dimension, "
        f"{year or 'null::integer'} as covering, sum(weight)::{number} as weight, "
        f"sum(open_cells)::{number} as open_cells from {source} "
        f"group by {', '.join(names)}"
    )


_SPAN: Final = ("line_from", "line_to")
_REASONS: Final = ("begin_reason", "end_reason")
_ASKED_OF_ALL: Final = (*_SPAN, "ruling", "was", "stage", "setting", "year")
_YEARS_APART: Final = (
    "select is_case, line_from, line_to, ruling, was, stage, setting, sum(weight)::{number} as weight, "
    "sum(open_cells)::{number} as open_cells from g group by 1, 2, 3, 4, 5, 6, 7"
)
"""Without the years, where all count: hardly two cases are alike in all else and were closed in one year, but many are
alike in all else."""


def _judged_cells(library: Library, expressions: Judged, cells: Source, all_years: bool) -> str:
    """Aggregate cells, read as rows with a weight; what they cannot say is a typed null."""
    types = stored_types(library, PartName.CASE)
    columns = [name if name in cells.columns else f"null::{types[name]} as {name}" for name in expressions.columns]
    given = ", ".join([*columns, "line_from", "line_to", f"{cells.weight} as weight"])
    chosen = ", ".join([*_dimensions(expressions, all_years), "o.weight"])
    return f"select {chosen} from (select {given} from {cells.rows}) o"


def _ordinal(mask: str, codes: CodeList | None) -> str:
    """``dimension_of`` as SQL: the ordinal of the one code that a mask says, or of the group that is just this set."""
    if codes is None:
        return "null::integer"
    by_mask = {group: codes.by_code[name].ordinal for group, name in codes.groups.items()}
    by_mask |= {1 << ordinal: ordinal for ordinal in range(ALL_CODES.bit_length())}
    choices = " ".join(f"when {each} then {ordinal}" for each, ordinal in by_mask.items())
    return f"case {mask} {choices} end"


_TALLIES: Final = (
    "insert into tally (force, return_id, edition, origin, position, counted, not_counted, open_cells, judged_at, "
    "has_moves) select :force, r.id, :edition, 'judged', (select value from position), "
    "coalesce(c.counted, 0), coalesce(c.not_counted, 0), coalesce(c.open_cells, 0), now(), true from r left join ("
    "select line, sum(weight) filter (where counted) as counted, "
    "sum(weight) filter (where not counted) as not_counted, "
    "sum(open_cells) filter (where counted and ruling >= 0) as open_cells from c "
    f"where margin = {int(Margin.STAGE)} group by line) c on c.line = r.line where r.lacking"
)
"""A cell that is out of scope, whatever its number, leaves nothing open."""

_LISTS: Final = "array_agg(ruling) as rulings, array_agg(dimension) as dimensions, array_agg(weight) as weights"
_MARGINS: Final = (
    "insert into tally_margin (force, return_id, edition, margin, rulings, dimensions, weights) "
    "select :force, r.id, :edition, m.margin, m.rulings, m.dimensions, m.weights from ("
    f"select line, margin, {_LISTS} from c where counted and margin <> {int(Margin.FLIP)} group by line, margin "
    f"union all select line, {int(Margin.HEADLINE)}, {_LISTS} from ("
    "select line, sign(ruling)::integer as ruling, dimension, sum(weight)::bigint as weight from c "
    f"where counted and margin = {int(Margin.STAGE)} group by 1, 2, 3) h group by line"
    ") m join r on r.line = m.line where r.lacking"
)

_FLIPS: Final = (
    "insert into flip (force, return_id, edition_before, edition_after, ruling_before, ruling_after, weight) "
    "select :force, r.id, :before, :edition, c.ruling, c.dimension, c.weight from c join r on r.line = c.line "
    f"where c.counted and c.margin = {int(Margin.FLIP)} and c.weight <> 0"
)


def _shared(expressions: Judged, said: SharedSql, lists: Mapping[Margin, CodeList], leads: CodeList | None) -> str:
    """The versions of cases that carry a shared reference and that a return holds (semantics 29). They are found by
    their index and judged for themselves: the reference stands last in a row, and few have one."""
    stage, setting = (_ordinal(f"s.{name}", lists.get(margin)) for name, margin in _BY_CODE.items())
    chosen = ", ".join(
        [
            *_dimensions(replace(expressions, before=None), True),
            "o.case_id",
            f"{said.ref} as shared_ref",
            f"{said.shared_with} as shared_with",
            f"{said.lead} as lead",
        ]
    )
    return (
        "insert into shared_version (force, edition, case_id, line_from, line_to, shared_ref, shared_with, lead, "
        "ruling, stage, setting, year) select :force, :edition, s.case_id, s.line_from, s.line_to, s.shared_ref, "
        f"s.shared_with, {_ordinal('s.lead', leads)}, s.ruling, {stage}, {setting}, s.year "
        f"from (select {chosen} from case_version o where {_ASKED} and {said.ref} is not null) s "
        "where exists (select from r where r.lacking and s.line_from <= r.line and r.line < s.line_to) "
        "on conflict do nothing"
    )


_BY_CODE: Final = {"stage": Margin.STAGE, "setting": Margin.SETTING}


def _side(line: str, reason: str, years: str, unknown: str, all_years: bool) -> str:
    """The versions that end, or begin, with a return that builds on another; and those that go on where the years that
    its case part covers are others than before."""
    chosen = (
        f"select unnest(o.cases) as case_id, l.line, o.line_from, o.{reason} as reason, o.ruling, o.stage, "
        f"{covers_sql(f'l.{years}', f'l.{unknown}', 'o.year')} as counted from g o join r l on"
    )
    changed = f"{chosen} l.line = o.{line} where l.on_base"
    return changed if all_years else f"{changed} union all {chosen} {STANDS} where l.turned"


def _moves(library: Library, edition: Edition, stages: CodeList | None) -> str:
    return (
        "insert into transition (force, return_id, edition, kind, ruling_before, stage_before, ruling_after, "
        "stage_after, weight, open_cells) select :force, r.id, :edition, t.kind, t.rb, t.sb, t.ra, t.sa, sum(t.n), 0 "
        f"from (select line, kind, rb, {_ordinal('sb', stages)} as sb, ra, {_ordinal('sa', stages)} as sa, n "
        f"from ({moved_sql(library, edition)}) t) t join r on r.line = t.line "
        "group by r.id, t.kind, t.rb, t.sb, t.ra, t.sa"
    )
