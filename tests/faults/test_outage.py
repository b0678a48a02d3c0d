"""Threat cases 31, 33 and 36: the database is killed, away, busy or slow.

Who asks meanwhile gets 503 with Retry-After, never another status; what was sealed stays sealed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from service.contract.model import Code
from service.storage.database import Database, Limits, Pools
from tests.support.cluster import Cluster, a_cluster
from tests.support.faults import a_watch, closed, force_held, is_in_order, until
from tests.support.postgres import TestDatabase
from tests.support.process import a_process
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import Return, Served, a_served, good, problem

SENT = as_csv([a_row(case_ref="K/2", victim_count=7), a_row(case_ref="K/4")])


@pytest_asyncio.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with a_cluster("outage") as running:
        yield running


@pytest.fixture(scope="module")
def shared(cluster: Cluster) -> TestDatabase:
    return cluster.database


@pytest_asyncio.fixture(scope="module")
async def served(shared: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with a_served(shared.db, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest_asyncio.fixture
async def november(served: Served, force: Code) -> Return:
    """The force's first return with three cases in its draft, which could be sealed."""
    return await drafted(await served.client(force.code), force.code)


async def drafted(client: httpx.AsyncClient, force: str) -> Return:
    item = Return(client, force)
    await item.open()
    await item.upload(as_csv(rows(3)))
    await item.explain_all()
    return item


def unavailable(answered: httpx.Response) -> dict[str, Any]:
    """The problem document of an answer that says: not now."""
    document = problem(answered, 503)
    assert int(answered.headers["retry-after"]) > 0
    return document


async def test_a_database_killed_in_the_middle_of_an_upload_leaves_nothing_of_it(
    cluster: Cluster, november: Return, force: Code
) -> None:
    async with a_watch(cluster.database, force.ordinal) as watch:
        before, etag = await watch.everything(), await november.etag()
        async with closed(cluster.database, "draft_case"):
            task = asyncio.create_task(november.send(SENT))
            await until(watch.waits, "the upload stands")
            await cluster.kill()
            assert "nothing of this request was stored" in unavailable(await task)["detail"]
    async with a_watch(cluster.database, force.ordinal) as watch:
        assert await watch.everything() == before
        assert await november.etag() == etag
        assert (await november.upload(SENT))["new"] == 1
    await is_in_order(cluster.database.db)


async def test_a_database_killed_in_the_middle_of_a_seal_leaves_the_draft_and_every_sealed_return(
    cluster: Cluster, november: Return, force: Code
) -> None:
    receipt = await november.seal()
    december = Return(november.client, force.code, "2025-12")
    await december.open()
    await december.upload(SENT)
    await december.explain_all()
    async with a_watch(cluster.database, force.ordinal) as watch:
        before, etag = await watch.everything(), await december.etag()
        async with closed(cluster.database, "audit_entry"):
            task = asyncio.create_task(december.send_seal(etag))
            await until(watch.waits, "the seal stands")
            await cluster.kill()
            unavailable(await task)
    async with a_watch(cluster.database, force.ordinal) as watch:
        assert await watch.everything() == before
    assert good(await november.client.get(f"{november.path}/receipt")) == receipt
    assert good(await december.send_seal(etag))["counts"]["cases"] == 4
    await is_in_order(cluster.database.db)


async def test_who_cannot_be_told_whether_it_was_stored_is_told_that_and_learns_it_later(
    cluster: Cluster, november: Return, force: Code
) -> None:
    etag = await november.etag()
    async with a_watch(cluster.database, force.ordinal) as watch, cluster.commits_standing():
        task = asyncio.create_task(november.send_seal(etag))
        await until(lambda: watch.waits(event="SyncRep"), "the seal is committed, and nobody was told")
        await cluster.kill()
        said = unavailable(await task)
    assert "not known whether" in said["detail"]
    receipt = good(await november.send_seal(etag))
    async with a_watch(cluster.database, force.ordinal) as watch:
        assert await watch.actions("return_sealed") == 1
    assert good(await november.client.get(f"{november.path}/receipt")) == receipt
    await is_in_order(cluster.database.db)


async def test_a_seal_whose_service_died_after_the_commit_is_whole_and_gives_its_receipt(
    cluster: Cluster, force: Code, tmp_path: Path
) -> None:
    async with a_process(cluster.database, tmp_path) as process:
        november = await drafted(await process.client(force.code), force.code)
        etag = await november.etag()
        async with a_watch(cluster.database, force.ordinal) as watch:
            async with cluster.commits_standing():
                task = asyncio.create_task(november.send_seal(etag))
                await until(lambda: watch.waits(event="SyncRep"), "the seal is committed, and nobody was told")
                await process.kill()
                with pytest.raises(httpx.TransportError):
                    await task
            await until(watch.idle, "what the killed service began is over")
            assert (await watch.count("case_version"), await watch.count("draft_case")) == (3, 0)
            assert (await watch.count("tally"), await watch.actions("return_sealed")) == (2, 1)
            await process.start()
            receipt = good(await november.send_seal(etag))
            assert receipt == good(await november.client.get(f"{november.path}/receipt"))
            assert await watch.actions("return_sealed") == 1
    await is_in_order(cluster.database.db)


async def test_while_the_database_is_away_the_service_lives_and_says_when_to_come_back(
    cluster: Cluster, served: Served, november: Return
) -> None:
    etag = await november.etag()
    bare = await served.bare()
    key = await served.key(november.force)
    await asyncio.to_thread(cluster.postgres.stop)
    try:
        assert good(await bare.get("/health/live")) == {"status": "live"}
        unavailable(await bare.get("/health/ready"))
        unavailable(await november.client.get(november.path))
        unavailable(await november.send(SENT))
        unavailable(await november.send_seal(etag))
        unavailable(await bare.get("/api/scopes"))
        with pytest.raises(AssertionError, match="503"):
            await served.token(key)
    finally:
        await asyncio.to_thread(cluster.postgres.start)
    assert good(await bare.get("/health/ready")) == {"status": "ready"}
    assert await served.token(key)
    assert await november.etag() == etag
    assert (await november.upload(SENT))["new"] == 1


@asynccontextmanager
async def narrow(database: TestDatabase, folder: Path, force: Code, limits: Limits) -> AsyncIterator[Return]:
    """A force's draft in a service that waits no longer than these limits say."""
    given = Pools(app=limits)
    db = await Database.connect(database.urls.service, owner_url=database.urls.owner, pools=given)
    try:
        async with a_served(db, folder) as served:
            yield await drafted(await served.client(force.code), force.code)
    finally:
        await db.close()


async def test_when_every_connection_is_taken_one_waits_for_a_bounded_time(
    test_database: TestDatabase, tmp_path: Path, force: Code
) -> None:
    async with narrow(test_database, tmp_path, force, Limits(connections=2, wait=0.2)) as november:
        async with a_watch(test_database, force.ordinal) as watch:
            async with force_held(test_database, force.ordinal):
                tasks = [asyncio.create_task(november.send(SENT)) for _ in range(2)]
                await until(lambda: watch.waits(2), "both connections are taken")
                assert "busy" in unavailable(await november.client.get(november.path))["detail"]
                unavailable(await november.send(SENT))
            answers = sorted(answered.status_code for answered in await asyncio.gather(*tasks))
        assert answers == [200, 409]
        assert (await november.read())["counts"]["cases"] == 4


@pytest.mark.parametrize(
    "limits", [Limits(connections=2, lock=0.2), Limits(connections=2, statement=1.0)], ids=["lock", "statement"]
)
async def test_who_waits_too_long_for_a_lock_or_an_answer_is_told_to_come_back(
    test_database: TestDatabase, tmp_path: Path, force: Code, limits: Limits
) -> None:
    async with narrow(test_database, tmp_path, force, limits) as november:
        etag = await november.etag()
        async with a_watch(test_database, force.ordinal) as watch:
            before = await watch.everything()
            async with force_held(test_database, force.ordinal):
                unavailable(await november.send(SENT))
                unavailable(await november.send_seal(etag))
            assert await watch.everything() == before
        assert (await november.upload(SENT))["new"] == 1


async def test_a_change_that_is_stored_and_cannot_be_shown_is_not_told_as_lost(
    test_database: TestDatabase, tmp_path: Path, force: Code
) -> None:
    async with narrow(test_database, tmp_path, force, Limits(connections=2, lock=0.2)) as november:
        await november.upload(SENT)
        await november.seal()
        async with closed(test_database, "finding", "access exclusive"):
            asked = november.client.post(f"{november.path}/withdraw", json={"reason": "Wrong file."})
            assert "is stored" in unavailable(await asked)["detail"]
        assert (await november.read(revision=1))["state"] == "withdrawn"
