"""The definition changes while forces seal: nothing is judged twice, nothing is left out."""

from __future__ import annotations

import asyncio
from random import Random

import pytest_asyncio
from sqlalchemy import text

from service.audit.adopter import Adopter
from service.returns.context import Context
from service.returns.model import Sealed
from service.returns.reconcile import reconcile
from service.returns.rejudging import judge_remaining, remaining, switch
from service.scope.draft import Draft
from service.scope.drafts import Stored
from service.scope.lifecycle import confirm, draft, propose
from service.scope.store import document_of
from service.storage.database import Database
from tests.support.moves import renamed, standing
from tests.support.returns import a_case, a_service, published, reported
from tests.support.stock import assert_tallies_are_right, tallies_of

NCA, NPCC = Adopter(client="nca-lead", body="nca"), Adopter(client="npcc-lead", body="npcc")
FORCES = published().terms["2025-11"].forces()
PERIODS = ("2025-11", "2025-12")


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A service of its own: an edition is everybody's."""
    return await a_service(database)


def _case(number: int, suspects: int) -> dict[str, str]:
    return a_case(f"K/{number}", suspect_count=str(suspects), suspects_not_recorded=str(suspects))


async def _proposed(context: Context, name: str, suspects: int) -> Stored:
    wide = await standing(context, "2025-11-wide")
    rules = document_of(wide.edition)["rules"]
    asked = [{**rule, "when": f"suspect_count >= {suspects}"} if rule["id"] == "suspects" else rule for rule in rules]
    edition = renamed(context, wide.edition, name, rules=asked)
    written = Draft(document=document_of(edition), edition=edition)
    item = await draft(context.db, context.editions, NCA, written, context.now())
    return await propose(context.db, context.editions, NCA, name, [item.etag], None, context.now())


async def _both_confirm(context: Context, item: Stored) -> None:
    """In the same instant."""
    await asyncio.gather(
        *(
            confirm(context.db, context.editions, by, item.name, item.hash, context.now(), lambda _: "signed")
            for by in (NCA, NPCC)
        )
    )


async def _force_seals(context: Context, force: str, chance: Random) -> list[Sealed]:
    found = []
    for month in PERIODS:
        rows = [_case(number, chance.randint(1, 5)) for number in chance.sample(range(1, 9), 4)]
        found.append(await reported(context, force, month, rows))
        await asyncio.sleep(chance.random() / 20)
    return found


async def _judges(context: Context, over: asyncio.Event) -> None:
    while not over.is_set():
        await judge_remaining(context)
        await switch(context)
        await asyncio.sleep(0.05)


async def test_every_return_has_its_tally_under_each_live_edition_whatever_happened_meanwhile(context: Context) -> None:
    over = asyncio.Event()
    judges = [asyncio.create_task(_judges(context, over)) for _ in range(2)]
    sealing = [asyncio.create_task(_force_seals(context, force, Random(force))) for force in FORCES]  # noqa: S311
    await asyncio.sleep(0.5)
    first = await _proposed(context, "2026-05-three", suspects=3)
    await _both_confirm(context, first)
    await asyncio.sleep(0.5)
    await _proposed(context, "2026-06-four", suspects=4)
    items = [item for found in await asyncio.gather(*sealing) for item in found]
    assert len(FORCES) == 45
    over.set()
    await asyncio.gather(*judges)
    await judge_remaining(context)
    await switch(context)
    async with context.db.national() as tx:
        rows = await tx.execute(
            text("select e.name from scope_in_force f join scope_edition e on e.id = f.edition order by f.position")
        )
        assert list(rows.scalars()) == ["2025-11-wide", "2026-05-three"]
    assert (await standing(context, "2026-05-three")).state == "in_force"
    assert await remaining(context) == []
    done = await reconcile(context)
    assert (done.returns, done.not_judged, done.mismatches) == (len(PERIODS) * len(FORCES), 0, ())
    live = {"2026-05-three", "2026-02-referral", "2026-06-four"}
    assert set(done.editions) == {"2025-11-wide", *live}
    for item in items:
        tallies = await tallies_of(context, item)
        assert set(tallies) >= live
        await assert_tallies_are_right(context, item, under=len(tallies))
