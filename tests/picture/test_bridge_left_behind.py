"""A bridge whose way leads over an edition that is tallied no more: what is led elsewhere is in none of its parts."""

from __future__ import annotations

import asyncpg
import pytest_asyncio

from service.picture.bridge import Bridge
from service.returns.context import Context
from service.returns.reconcile import reconcile
from service.returns.rejudging import judge_remaining
from service.storage.database import Database
from service.storage.position import latest
from tests.support.bridges import bridge_between
from tests.support.moves import proposed, renamed, standing
from tests.support.postgres import TestDatabase
from tests.support.returns import a_case, a_service, reported
from tests.support.superseded import NOW, WIDE, in_force

OTHER = "2026-04-other"
AGREED = {"shared_ref": "kent:1", "lead_force": "kent", "suspect_count": "3", "suspects_not_recorded": "3"}


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A service of its own for each test: an edition is everybody's."""
    return await a_service(database)


async def _drafted(context: Context) -> None:
    """An edition that asks for more suspects, and follows the wide one."""
    wide = await standing(context, WIDE)
    rules = [{"id": r.id, "title": r.title, "guidance": r.guidance, "when": r.when} for r in wide.edition.rules]
    tighter = [{**rule, "when": "suspect_count >= 4"} if rule["id"] == "suspects" else rule for rule in rules]
    await proposed(context, renamed(context, wide.edition, OTHER, rules=tighter))


async def _across(context: Context) -> Bridge:
    """From the edition in force to the other, as things are: over the wide one."""
    async with context.db.national() as tx:
        now = (await latest(tx)).position
    return await bridge_between(context, (now, NOW), (now, OTHER))


async def _both_hold_it(context: Context, period: str) -> None:
    await reported(context, "kent", period, [a_case("K/2", shared_with="essex", **AGREED)])
    await reported(context, "essex", period, [a_case("E/2", shared_with="kent", **AGREED)])


async def test_a_case_led_elsewhere_that_was_sealed_after_is_in_nobodys_part_but_the_leads(context: Context) -> None:
    first = await reported(context, "essex", "2025-11", [a_case("E/1")])
    await reported(context, "kent", "2025-11", [a_case("K/1")])
    await _drafted(context)
    await judge_remaining(context)
    await in_force(context, NOW)
    before = await _across(context)
    await _both_hold_it(context, "2025-12")
    after = await _across(context)
    assert [(part.rule, part.delta.in_scope) for part in before.parts] == [("suspects", -2)]
    assert [(part.rule, part.delta.in_scope) for part in after.parts] == [("suspects", -3)]
    assert after.forces[first.force].parts == before.forces[first.force].parts


async def test_the_same_where_it_is_judged_again_only_then(context: Context, test_database: TestDatabase) -> None:
    await _drafted(context)
    await in_force(context, NOW)
    await _both_hold_it(context, "2025-12")
    await _forget(test_database)
    await judge_remaining(context)
    assert [(part.rule, part.delta.in_scope) for part in (await _across(context)).parts] == [("suspects", -1)]
    assert (await reconcile(context)).mismatches == ()


async def _forget(database: TestDatabase) -> None:
    """As if nothing had been judged under the other edition yet, nor kept for it of the one that it follows."""
    admin = await asyncpg.connect(database.urls.admin)
    try:
        other, wide = [
            await admin.fetchval("select id from scope_edition where name = $1", name) for name in (OTHER, WIDE)
        ]
        for table in ("transition", "tally_margin", "tally"):
            await admin.execute(f"delete from {table} where edition = $1", other)
        await admin.execute("delete from flip where edition_after = $1", other)
        await admin.execute("delete from shared_version where edition in ($1, $2)", other, wide)
    finally:
        await admin.close()
