"""What forces explained when they sealed, counted by rule and force: which words still hold from before, which lapsed
because the values changed, which are new.

Counts alone, kept with the sealed return: the words, and the cases that they are of, are the force's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.picture.newest import FROM, WHERE


class ExplainedRule(Struct, frozen=True, kw_only=True):
    """Findings of one rule of one contract version in sealed returns, by how they stand to their answers."""

    rule: str
    contract_version: str
    answered: int
    lapsed: int
    new: int
    forces: int


class Explained(Struct, frozen=True, kw_only=True):
    """The same of one force's return. ``force`` is the force's number, ``period`` the first day of the month."""

    force: int
    period: date
    revision: int
    rule: str
    contract_version: str
    answered: int
    lapsed: int
    new: int


_SEALED = (
    f"from {FROM} cross join jsonb_to_recordset(coalesce(r.summary -> 'answers', '[]')) "
    f"as a (rule text, answered bigint, lapsed bigint, new bigint) where {WHERE}"
)


async def explained_rules(tx: AsyncConnection, period: date | None) -> Sequence[ExplainedRule]:
    """Every rule of which some force had to say why, those of which most was said first."""
    rows = await tx.execute(
        text(
            "select a.rule, r.contract_version, sum(a.answered)::bigint as answered, sum(a.lapsed)::bigint as lapsed, "
            f"sum(a.new)::bigint as new, count(distinct r.force) as forces {_SEALED} group by a.rule, "
            "r.contract_version order by sum(a.answered + a.lapsed + a.new) desc, "
            'a.rule collate "C", r.contract_version collate "C"'
        ),
        {"period": period},
    )
    return [ExplainedRule(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name for it


async def explained_by_force(tx: AsyncConnection, rule: str, period: date | None) -> Sequence[Explained]:
    """What each force said of one rule, those that said most first."""
    rows = await tx.execute(
        text(
            "select r.force, r.period, r.revision, a.rule, r.contract_version, a.answered, a.lapsed, a.new "
            f"{_SEALED} and a.rule = :rule order by a.answered + a.lapsed + a.new desc, r.force"
        ),
        {"period": period, "rule": rule},
    )
    return [Explained(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name for it
