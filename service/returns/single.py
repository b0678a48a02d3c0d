"""Replaces one case: a row of an upload that is taken whole or refused with its findings, and never held."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from service.contract.model import PartName
from service.errors import Conflict
from service.returns.context import Actor, Context
from service.returns.model import Open
from service.returns.spool import spool
from service.returns.store import return_by_id
from service.returns.upload import Mode, Target, upload

LONGEST: Final = 1 << 20


async def replace_case(context: Context, actor: Actor, item: Open, row: bytes, if_match: str | None) -> Open:
    """Put one case in the place of what is held under its reference; the return as it is then.

    ``row`` is a JSON array of one object. What it does not say is not known afterwards (semantics 17). Raises
    ``RowRefused`` with every finding that would hold the row; then nothing is stored.
    """
    with await spool(_whole(row), LONGEST) as body:
        target = Target(item=item, if_match=if_match)
        await upload(
            context, actor, target, PartName.CASE, body, "application/json", mode=Mode.REPLACE, refuse_held=True
        )
    async with context.db.force(item.force) as tx:
        moved = await return_by_id(tx, item.force, item.id)
    if not isinstance(moved, Open):
        raise Conflict("The case was replaced, and the return was sealed or withdrawn since.", code="not-open")
    return moved


async def _whole(row: bytes) -> AsyncIterator[bytes]:
    yield row
