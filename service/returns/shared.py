"""Stores the rows of a sealed return that name other forces; who is counted is decided when they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import CodeList, PartName, Role
from service.contract.upgrade import reading_sql
from service.register.columns import stored_types
from service.returns.context import Context
from service.returns.current import sealed_rows
from service.returns.model import Open
from service.scope.store import Standing
from service.tally.judge import covered_sql, judged
from service.tally.model import dimension_of


async def shared_rows(
    context: Context, tx: AsyncConnection, item: Open, line: int, standing: Standing
) -> list[dict[str, Any]]:
    """One row for each counted case that carries a shared reference, judged under one edition (semantics 29)."""
    library, edition = context.library, standing.edition
    roles = library.contracts[edition.vocabulary].parts[PartName.CASE].by_role
    readings = reading_sql(library, edition.vocabulary, "o")
    expressions = judged(library, edition)
    shared_ref = readings[roles[Role.SHARED_REF].name].text
    shared_with, lead = (readings[roles[role].name].mask for role in (Role.SHARED_WITH, Role.LEAD))
    rows = sealed_rows(tuple(stored_types(library, PartName.CASE)))
    found = await tx.execute(
        text(
            f"select * from (select o.case_id, {shared_ref} as shared_ref, {shared_with} as shared_with, "
            f"{lead} as lead, {expressions.ruling} as ruling, {expressions.stage} as stage, "
            f"{expressions.setting} as setting, {expressions.year} as year from ({rows}) o "
            f"where {shared_ref} is not null) r where {covered_sql(item.years.listed is None)}"
        ),
        {"force": item.force, "line": line, **item.years.parameters},
    )
    return [
        {
            "force": item.force,
            "return_id": item.id,
            "edition": standing.id,
            "case_id": row.case_id,
            "shared_ref": row.shared_ref,
            "shared_with": row.shared_with,
            "lead": dimension_of(row.lead, _list(roles[Role.LEAD].list)),
            "ruling": row.ruling,
            "stage": dimension_of(row.stage, _list(roles[Role.STAGE].list)),
            "setting": dimension_of(row.setting, _list(roles[Role.SETTING].list)),
            "year": row.year,
        }
        for row in found
    ]


async def store_shared_rows(tx: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep the shared rows of a return, once its tallies are there."""
    if rows:
        await tx.execute(
            text(
                "insert into shared_row (force, return_id, edition, case_id, shared_ref, shared_with, lead, ruling, "
                "stage, setting, year) values (:force, :return_id, :edition, :case_id, :shared_ref, :shared_with, "
                ":lead, :ruling, :stage, :setting, :year)"
            ),
            list(rows),
        )


def _list(codes: CodeList | None) -> CodeList:
    if codes is None:
        raise TypeError("a dimension by code needs a code list")
    return codes
