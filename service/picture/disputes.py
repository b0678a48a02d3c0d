"""Disputes counted by rule, over all forces: what the keepers of the rules see of *this finding is wrong*.

The national role reads which rule, which return and the force's words; which case it was about it cannot read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class DisputedRule(Struct, frozen=True, kw_only=True):
    """How often findings of one rule of one contract version are said to be wrong, and by how many forces."""

    rule: str
    contract_version: str
    disputes: int
    forces: int
    first_at: datetime
    last_at: datetime


class Dispute(Struct, frozen=True, kw_only=True):
    """One of them. ``force`` is the force's number, ``period`` the first day of the month."""

    id: UUID
    rule: str
    contract_version: str
    force: int
    period: date
    words: str
    raised_at: datetime


class Cursor(Struct, frozen=True, array_like=True):
    """Where a page of disputes ended: microseconds since 1970, and the dispute."""

    at: Annotated[int, Meta(ge=0, le=1 << 53)]
    id: UUID


async def disputes_by_rule(tx: AsyncConnection) -> Sequence[DisputedRule]:
    """Every rule that is disputed, those with most disputes first. One of a sealed or withdrawn return counts too."""
    rows = await tx.execute(
        text(
            "select d.rule, r.contract_version, count(*) as disputes, count(distinct d.force) as forces, "
            "min(d.raised_at) as first_at, max(d.raised_at) as last_at from dispute d "
            "join case_return r on r.force = d.force and r.id = d.return_id group by d.rule, r.contract_version "
            'order by disputes desc, d.rule collate "C", r.contract_version collate "C"'
        )
    )
    return [DisputedRule(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name for it


async def disputes_of(
    tx: AsyncConnection, rule: str, after: Cursor | None, limit: int
) -> tuple[Sequence[Dispute], Cursor | None]:
    """The disputes of one rule, newest first, and where to go on."""
    rows = (
        await tx.execute(
            text(
                "select d.id, d.rule, r.contract_version, d.force, r.period, d.words, d.raised_at, "
                "(extract(epoch from d.raised_at) * 1000000)::bigint as micros from dispute d "
                "join case_return r on r.force = d.force and r.id = d.return_id where d.rule = :rule "
                "and (cast(:id as uuid) is null "
                "or ((extract(epoch from d.raised_at) * 1000000)::bigint, d.id) < (:at, cast(:id as uuid))) "
                "order by micros desc, d.id desc limit :limit"
            ),
            {
                "rule": rule,
                "at": 0 if after is None else after.at,
                "id": None if after is None else after.id,
                "limit": limit + 1,
            },
        )
    ).all()
    page = [
        Dispute(
            id=row.id,
            rule=row.rule,
            contract_version=row.contract_version,
            force=row.force,
            period=row.period,
            words=row.words,
            raised_at=row.raised_at,
        )
        for row in rows[:limit]
    ]
    return page, Cursor(rows[limit - 1].micros, rows[limit - 1].id) if len(rows) > limit else None
