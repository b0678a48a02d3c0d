"""Under which scope edition a question about a force's own return is answered."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.returns.context import Context
from service.scope.store import Standing, edition_in_force, standing_of


async def edition_asked(context: Context, tx: AsyncConnection, scope: str | None) -> Standing:
    """The edition that is named, or (None) the one in force today; NotFound where there is none such."""
    if scope is None:
        return await edition_in_force(tx, context.editions, london_date(context.now()))
    return await standing_of(tx, context.editions, scope)
