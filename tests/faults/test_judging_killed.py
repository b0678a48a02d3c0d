"""Whoever judges again, or its database, is killed with -9 at any step: what remains is done after, and done right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import asyncpg
import pytest_asyncio

from service.returns.context import Context
from service.returns.reconcile import reconcile
from service.returns.rejudge import judge_chain
from service.returns.rejudging import judge_remaining, remaining
from tests.support.cluster import Cluster, a_cluster
from tests.support.faults import closed, until
from tests.support.judge import Judge, kept
from tests.support.moves import proposed, renamed, standing
from tests.support.returns import a_case, a_service, reported

FORCES = ("kent", "essex", "surrey", "sussex", "norfolk", "suffolk")
STEPS = ("tally_margin", "shared_version", "transition", "flip", "judging_problem")
"""Tables that judging a chain writes, in turn: the last after all others."""


@pytest_asyncio.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with a_cluster("judging") as running:
        yield running


def _case(force: str, number: int, chance: Random) -> dict[str, str]:
    suspects = str(chance.randint(1, 4))
    with_whom = "surrey" if force == "kent" else "kent"
    shared = {"shared_ref": "kent:0412", "shared_with": with_whom, "lead_force": "kent"} if number == 1 else {}
    return a_case(f"K/{number}", suspect_count=suspects, suspects_not_recorded=suspects, **shared)


async def _country(context: Context) -> None:
    chance = Random(6)  # noqa: S311
    for force in FORCES:
        for month in ("2025-11", "2025-12", "2026-01"):
            await reported(context, force, month, [_case(force, number, chance) for number in (1, 2, 3, 4)])


async def _stands(cluster: Cluster) -> bool:
    connection = await asyncpg.connect(cluster.database.urls.admin)
    try:
        return bool(await connection.fetchval("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"))
    finally:
        await connection.close()


async def _nothing_remains(context: Context) -> bool:
    return not await remaining(context)


async def test_a_judging_that_is_killed_again_and_again_ends_with_the_same_figures(cluster: Cluster) -> None:
    context = await a_service(cluster.database.db)
    await _country(context)
    wide = (await standing(context, "2025-11-wide")).edition
    undisturbed = await proposed(context, renamed(context, wide, "2026-07-undisturbed"))
    assert await judge_remaining(context) == 18
    disturbed = await proposed(context, renamed(context, wide, "2026-08-disturbed"))
    judge = Judge(cluster.database)
    try:
        for number, step in enumerate(STEPS):
            async with closed(cluster.database, step):
                await judge.start()
                await until(lambda: _stands(cluster), f"it stands at {step}")
                await judge.kill()
            left = await remaining(context)
            assert sum(unit.returns for unit in left) == 18 - 3 * number
            # one chain in peace, so that the next is killed further on
            await judge_chain(context, left[0].force, left[0].standing)
        async with closed(cluster.database, "flip"):
            await judge.start()
            await until(lambda: _stands(cluster), "it stands in the last chain")
            await cluster.kill()
        await until(lambda: _nothing_remains(context), "it goes on by itself")
    finally:
        await judge.kill()
    figures = await kept(cluster.database, undisturbed.id)
    assert None not in figures.values()
    assert await kept(cluster.database, disturbed.id) == figures
    done = await reconcile(context)
    assert (done.returns, done.not_judged, done.mismatches) == (18, 0, ())
