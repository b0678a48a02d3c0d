"""A case that moves to another force is never lost on the way (semantics 30)."""

from __future__ import annotations

from uuid import UUID

import pytest

from service.errors import Conflict
from service.returns.cases import list_cases
from service.returns.context import Context
from service.returns.model import Open
from service.returns.withdrawals import delete_case
from service.storage.database import Database
from tests.support.returns import LEAD, a_case, a_service, again, explained, opened, reported, sealed

AGREED = {"shared_ref": "essex:7", "lead_force": "essex"}


async def _sender(context: Context) -> tuple[Open, UUID]:
    """Kent, which reported a case that Essex is to lead, with its next return open."""
    await reported(context, "kent", "2026-01", [a_case("K/1", shared_with="essex", **AGREED), a_case("K/2")])
    item = await opened(context, "kent", "2026-02")
    rows, _ = await list_cases(context, LEAD, item, None, 10)
    return item, next(row.case_id for row in rows if row.values["case_ref"] == "K/1")


async def test_a_transferred_case_stays_until_the_receiver_has_sealed_it(database: Database) -> None:
    context = await a_service(database)
    item, case_id = await _sender(context)
    with pytest.raises(Conflict, match="has not sealed"):
        await delete_case(context, LEAD, item, case_id, "transferred", None, None)
    assert (await again(context, item)).summary["counts"]["cases"] == 2


async def test_a_transferred_case_may_go_once_the_receiver_has_sealed_it(database: Database) -> None:
    context = await a_service(database)
    item, case_id = await _sender(context)
    await reported(context, "essex", "2026-01", [a_case("E/1", shared_with="kent", **AGREED)])
    await delete_case(context, LEAD, item, case_id, "transferred", None, None)
    await explained(context, item)
    done = await sealed(context, item)
    assert done.receipt["counts"]["withdrawn"] == 1
