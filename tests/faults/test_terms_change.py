"""A return is opened while terms are adopted: it stands under the one or the other terms wholly, never under a mix.

The new terms change two things for January at once: one force takes no part any more, and everybody else writes in the
newer contract version alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from service.returns import following
from service.terms.switch import adopt_when_ready
from tests.support.faults import a_watch, closed, until
from tests.support.postgres import Server, TestDatabase
from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, a_served, good, problem
from tests.support.terms import NEXT, TermsWay, a_terms_way, terms_of, without, yes_to

JANUARY = "2026-01"
OLD, NEW = "2025.1", "2026.1"
LEAVES, STAYS = "kent", ("essex", "surrey", "sussex")


@pytest_asyncio.fixture
async def own(server: Server, template: str) -> AsyncIterator[TestDatabase]:
    """A database of the test's own: terms that were adopted are never taken back."""
    async with server.copy_of(template) as made:
        yield made


@pytest_asyncio.fixture
async def served(own: TestDatabase, tmp_path: Path) -> AsyncIterator[Served]:
    async with a_served(own.db, tmp_path) as running:
        yield running


async def all_but_the_last_word(served: Served) -> tuple[TermsWay, dict[str, Any]]:
    """The new terms, proposed and confirmed by one body."""
    way = await a_terms_way(served)
    versions = [{"version": NEW, "from": JANUARY}, {"version": OLD, "from": "2025-11", "until": "2025-12"}]
    changed = terms_of(served, participation=without(served, LEAVES, "2025-12", "sussex"), contracts=versions)
    made = await way.proposed(changed)
    good(await yes_to(way.nca, made))
    return way, made


async def opens(served: Served, force: str) -> httpx.Response:
    return await (await served.client(force)).put(f"/api/forces/{force}/returns/{JANUARY}", json={})


async def stands(served: Served) -> tuple[bool, dict[str, str]]:
    """Whether the new terms are in force, and in which version each force's January is open."""
    async with served.db.national() as tx:
        adopted = text("select exists (select from terms_edition where name = :name)")
        returns = text("select force, contract_version from case_return where period = '2026-01-01'")
        forces = served.context.forces.by_ordinal
        return bool((await tx.execute(adopted, {"name": NEXT})).scalar_one()), {
            forces[row.force].code: row.contract_version for row in await tx.execute(returns)
        }


def why_not(said: httpx.Response) -> str:
    """Why the last word put nothing in force: it was refused, or it stands and waits, as the return was there sooner or
    later."""
    if said.status_code == 409:
        return str(problem(said, 409, "terms-history")["detail"])
    made = good(said)
    assert made["state"] == "proposed"
    return " ".join(made["waits_for"])


async def test_terms_that_come_while_a_return_is_opened_wait_and_then_see_it(own: TestDatabase, served: Served) -> None:
    way, made = await all_but_the_last_word(served)
    async with a_watch(own, 1) as watch:
        async with closed(own, "case_return"):
            opening = asyncio.create_task(opens(served, "essex"))
            await until(lambda: watch.waits(1), "the return is being opened")
            confirming = asyncio.create_task(yes_to(way.npcc, made))
            await until(lambda: watch.waits(2), "the terms wait for what is being opened")
        opened, said = await opening, await confirming
    assert good(opened)["contract_version"] == OLD
    assert (
        f"Contract version {OLD} would not be accepted for {JANUARY}, and a return for it is open or sealed in that "
        "version by essex."
    ) in why_not(said)
    assert await stands(served) == (False, {"essex": OLD})


async def test_a_return_that_is_opened_while_terms_come_waits_and_is_under_them(
    own: TestDatabase, served: Served
) -> None:
    way, made = await all_but_the_last_word(served)
    async with a_watch(own, 1) as watch:
        async with closed(own, "terms_edition"):
            confirming = asyncio.create_task(yes_to(way.npcc, made))
            await until(lambda: watch.waits(1), "the terms are being adopted")
            opening = [asyncio.create_task(opens(served, force)) for force in ("essex", LEAVES)]
            await until(lambda: watch.waits(3), "both wait for the terms")
        assert good(await confirming)["state"] == "in_force"
        essex, kent = await asyncio.gather(*opening)
    assert good(essex)["contract_version"] == NEW
    problem(kent, 409, "not-participating")
    assert await stands(served) == (True, {"essex": NEW})


@pytest.mark.parametrize("first", [0, 1, 2, 3])
async def test_whoever_comes_first_everybody_is_under_the_same_terms(served: Served, first: int) -> None:
    way, made = await all_but_the_last_word(served)
    clients = {force: await served.client(force) for force in (LEAVES, *STAYS)}
    asked = [client.put(f"/api/forces/{force}/returns/{JANUARY}", json={}) for force, client in clients.items()]
    asked.insert(first, yes_to(way.npcc, made))
    answered = await asyncio.gather(*asked)
    said, opened = answered.pop(first), dict(zip((LEAVES, *STAYS), answered, strict=True))
    adopted, versions = await stands(served)
    if adopted:
        assert good(said)["state"] == "in_force"
        assert versions == dict.fromkeys(STAYS, NEW)
        problem(opened[LEAVES], 409, "not-participating")
    else:
        assert versions == dict.fromkeys((LEAVES, *STAYS), OLD)
        assert why_not(said)
        await adopt_when_ready(served.db, served.context.library, NEXT, "case-returns", served.clock())
        assert (await stands(served))[0] is False


async def test_a_state_in_a_version_that_was_taken_away_meanwhile_is_not_brought_back(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a server that has not seen the new terms yet."""
    way = await a_terms_way(served)
    both = [{"version": OLD, "from": "2025-11"}, {"version": NEW, "from": JANUARY}]
    await way.adopted(terms_of(served, "2026-02-both", contracts=both))
    folder = tmp_path / "other"
    folder.mkdir()
    async with a_served(served.db, folder) as other:
        item = Return(await other.client("essex"), "essex", JANUARY)
        await item.open()
        await item.upload(as_csv([a_row()]))
        good(await item.client.put(item.path, json={"contract_version": NEW}))
        listed = good(await item.client.get(f"{item.path}/states"))["items"]
        (state, *_) = [each for each in listed if each["contract_version"] == OLD]
        monkeypatch.setattr(following, "EVERY", float("inf"))
        _, made = await all_but_the_last_word(served)
        assert good(await yes_to(way.npcc, made))["state"] == "in_force"
        problem(await item.client.post(state["links"]["restore"]), 422, "contract-not-accepted")
        assert good(await item.client.get(item.path))["contract_version"] == NEW
