"""The SQL that says what cases moved between two stocks, and why (semantics 33, 34). Text only.

A stock's side has one row for each case that ends, or begins, with a number of the line: ``case_id, line, line_from,
reason`` (why), ``ruling, stage``, and whether it ``counted``.
"""

from __future__ import annotations

from typing import Final

from service.contract.library import Library
from service.contract.upgrade import reading_sql
from service.criteria.sql import FieldSql
from service.register.line import HELD_ELSEWHERE, TRANSFERRED
from service.scope.edition import Edition
from service.tally.moves import Cause

STANDS: Final = "(o.line_from < l.line and l.line < o.line_to)"
"""Whether a version ``o`` holds before a number of the line and goes on: it is on both sides where these count by other
years."""


def moved_sql(library: Library, edition: Edition) -> str:
    """How many cases moved from where to where, by ``line`` and ``kind``: ``rb, sb`` ruling and stage before, ``ra,
    sa`` after, null where it was not counted. It reads the sides ``x`` (what ends) and ``b`` (what begins). Parameter:
    ``force``."""
    return f"""
        select line, kind, case when was then xr end as rb, case when was then xs end as sb,
            case when is_now then br end as ra, case when is_now then bs end as sa, count(*) as n
        from (
            select m.*, case when not was and not is_now then null
                when not stood then
                    case when came_over then '{Cause.TRANSFERRED}' else '{Cause.NEWLY_IDENTIFIED}' end
                when not stands then case when went_over then '{Cause.TRANSFERRED}' else '{Cause.WITHDRAWN}' end
                when was <> is_now then '{Cause.DETAIL}'
                when xr <> br then case when xr > 0 and {_narrowed_sql(library, edition)}
                    then '{Cause.SETTLED}' else '{Cause.CORRECTED}' end
                when xs is distinct from bs then '{Cause.PROGRESS}' end as kind
            from (
                select x.case_id, line, x.ruling as xr, x.stage as xs, b.ruling as br, b.stage as bs,
                    x.line_from as x_from, b.line_from as b_from, x.line is not null and x.counted as was,
                    b.line is not null and b.counted as is_now, x.line is not null as stood,
                    b.line is not null as stands, x.reason = '{TRANSFERRED}' as went_over,
                    b.reason = '{HELD_ELSEWHERE}' as came_over
                from x full join b using (case_id, line)
            ) m
        ) k
        where kind is not null group by 1, 2, 3, 4, 5, 6
    """


def _narrowed_sql(library: Library, edition: Edition) -> str:
    """Whether all that is known of a case's attributes says what was known before, or more. The two versions are looked
    up for the few that ask, so that nobody else carries what they say."""
    earlier, later = (reading_sql(library, edition.vocabulary, alias) for alias in ("p", "o"))
    conditions = [_narrows(earlier[name], later[name]) for name in edition.definition.attributes]
    known = " and ".join(f"coalesce({each}, false)" for each in conditions if each) or "true"
    return (
        f"(select {known} from case_version p, case_version o where p.force = :force and p.case_id = m.case_id "
        "and p.line_from = m.x_from and o.force = :force and o.case_id = m.case_id and o.line_from = m.b_from)"
    )


def _narrows(earlier: FieldSql, later: FieldSql) -> str:
    if earlier.low is not None and earlier.high is not None:
        return f"{earlier.low} is null or {later.low} >= {earlier.low} and {later.high} <= {earlier.high}"
    if earlier.mask is not None:
        return f"{earlier.mask} is null or {later.mask} & ~{earlier.mask} = 0"
    return "" if earlier.text is None else f"{earlier.text} is null or {later.text} = {earlier.text}"
