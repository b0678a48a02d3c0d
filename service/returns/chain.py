"""The returns that a force ever sealed, each beside the one that it builds on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.returns.model import Return
from service.tally.count import Years

CHAINED: Final = "r.id, r.line, r.case_years, r.case_year_unknown, r.contract_version, r.base_id"
"""What ``chained_row`` reads of a return ``r``, without its receipt and summary, which are long."""
NEWEST_FIRST: Final = "order by r.period desc, r.revision desc"
_CHAIN: Final = text(
    f"select {CHAINED} from case_return r where r.force = :force and r.line is not null {NEWEST_FIRST}"
)


class Chained(Struct, frozen=True, kw_only=True):
    """A return with its number on the line."""

    id: UUID
    line: int
    years: Years
    contract_version: str
    base_id: UUID | None


class Step(Chained, frozen=True, kw_only=True):
    """A return of a chain with what it builds on. ``has_cells``: whether it, or its base, has aggregate cells."""

    base_years: Years
    has_cells: bool


def chained(item: Return, line: int) -> Chained:
    """A return that has, or is being given, this number."""
    return Chained(
        id=item.id, line=line, years=item.years, contract_version=item.contract_version, base_id=item.base_id
    )


def chained_row(row: Any) -> Chained:
    """A return with its number on the line, as it was read."""
    years = None if row.case_years is None else tuple(row.case_years)
    return Chained(
        id=row.id,
        line=row.line,
        years=Years(listed=years, unknown=row.case_year_unknown),
        contract_version=row.contract_version,
        base_id=row.base_id,
    )


async def chain_of(tx: AsyncConnection, force: int) -> Sequence[Chained]:
    """Every return that a force ever sealed, the newest first."""
    return [chained_row(row) for row in await tx.execute(_CHAIN, {"force": force})]


async def steps_of(
    tx: AsyncConnection, force: int, some: Sequence[Chained], bases: Sequence[Chained | Return]
) -> list[Step]:
    """Some returns of a force, each beside the one among ``bases`` that it builds on."""
    years = {item.id: item.years for item in bases}
    rows = await tx.execute(
        text(
            "select distinct return_id from aggregate_cell where force = :force "
            "and return_id = any(cast(:returns as uuid[]))"
        ),
        {"force": force, "returns": list({*years, *(item.id for item in some)})},
    )
    with_cells = set(rows.scalars())
    return [
        Step(
            id=item.id,
            line=item.line,
            years=item.years,
            contract_version=item.contract_version,
            base_id=item.base_id,
            base_years=item.years if item.base_id is None else years[item.base_id],
            has_cells=not with_cells.isdisjoint({item.id, item.base_id}),
        )
        for item in some
    ]
