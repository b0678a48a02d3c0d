"""What is a matter of time says so and heals by itself; what is wrong stays visible, without a row's values."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from service.errors import Unavailable
from service.storage.database import Database, Limits, Pools, plain_url, raw
from service.storage.roles import StorageError
from tests.support.postgres import Server, TestDatabase

NARROW = Pools(app=Limits(connections=1, wait=0.2, statement=1.0, lock=0.2))
BACKEND = text("select pg_backend_pid()")


@pytest.fixture
async def narrow(test_database: TestDatabase) -> AsyncIterator[Database]:
    """A database whose application has one connection and little patience."""
    database = await Database.connect(test_database.urls.service, owner_url=test_database.urls.owner, pools=NARROW)
    yield database
    await database.close()


async def test_a_pool_that_stays_exhausted_is_unavailable(narrow: Database) -> None:
    async with narrow.app():
        with pytest.raises(Unavailable, match="busy"):
            async with narrow.app():
                pass
    async with narrow.app() as tx:
        assert await tx.scalar(text("select 1")) == 1


async def test_a_statement_that_runs_too_long_is_unavailable(narrow: Database) -> None:
    with pytest.raises(Unavailable):
        async with narrow.app() as tx:
            await tx.execute(text("select pg_sleep(60)"))


async def test_a_lock_that_is_not_free_in_time_is_unavailable(narrow: Database) -> None:
    async with narrow.owner() as owner:
        await owner.execute(text("lock table force_line in access exclusive mode"))
        with pytest.raises(Unavailable):
            async with narrow.app() as tx:
                await tx.execute(text("select * from force_line"))


async def test_a_full_disk_is_unavailable_and_says_why(narrow: Database) -> None:
    with pytest.raises(Unavailable, match="disk is full"):
        async with narrow.app() as tx:
            await tx.execute(text("do $$ begin raise exception 'no space' using errcode = 'disk_full'; end $$"))


async def test_a_connection_that_was_cut_while_idle_is_replaced_unnoticed(narrow: Database, server: Server) -> None:
    async with narrow.app() as tx:
        backend = await tx.scalar(BACKEND)
    await server.run(f"select pg_terminate_backend({backend}, 5000)")
    async with narrow.app() as tx:
        assert await tx.scalar(BACKEND) != backend


async def test_a_connection_that_is_cut_in_a_transaction_is_unavailable_and_replaced(
    narrow: Database, server: Server
) -> None:
    with pytest.raises(Unavailable):  # noqa: PT012
        async with narrow.app() as tx:
            await server.run(f"select pg_terminate_backend({await tx.scalar(BACKEND)}, 5000)")
            await tx.execute(text("select 1"))
    async with narrow.app() as tx:
        assert await tx.scalar(text("select 1")) == 1


async def test_a_connection_that_is_cut_during_a_copy_is_unavailable_and_replaced(
    narrow: Database, server: Server
) -> None:
    async def rows() -> AsyncIterator[tuple[int]]:
        yield (1,)
        await server.run(f"select pg_terminate_backend({backend}, 5000)")
        for n in range(100_000):
            yield (n,)

    with pytest.raises(Unavailable):  # noqa: PT012
        async with narrow.app() as tx:
            backend = await tx.scalar(BACKEND)
            await tx.execute(text("create temporary table staging (n integer) on commit drop"))
            await (await raw(tx)).copy_records_to_table("staging", records=rows(), columns=["n"])
    async with narrow.app() as tx:
        assert await tx.scalar(text("select to_regclass('pg_temp.staging')")) is None


async def test_a_cancelled_request_gives_its_connection_back(narrow: Database, server: Server) -> None:
    started = asyncio.Event()

    async def wait_for_ever() -> None:
        async with narrow.app() as tx:
            started.set()
            await tx.execute(text("select pg_sleep(60)"))

    request = asyncio.create_task(wait_for_ever())
    await started.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    async with narrow.app() as tx:
        assert await tx.scalar(text("select 1")) == 1


async def test_a_mistake_in_a_statement_is_not_called_unavailable(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        async with database.app() as tx:
            await tx.execute(text("select no_such_column"))


async def test_an_error_of_the_caller_passes_through_and_undoes_everything(database: Database) -> None:
    async def fail() -> None:
        async with database.force(1) as tx:
            await tx.execute(text("insert into force_line (force) values (1)"))
            raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        await fail()
    async with database.force(1) as tx:
        assert (await tx.execute(text("select * from force_line"))).all() == []


async def test_no_value_of_a_row_stands_in_an_error_or_in_its_causes(database: Database) -> None:
    marked = "-".join(("MARKED", "VALUE"))
    with pytest.raises(IntegrityError) as found:  # noqa: PT012
        async with database.owner() as tx:
            await tx.execute(text("create table marked (key text primary key)"))
            for _ in range(2):
                await tx.execute(text("insert into marked values (:key)"), {"key": marked})
    assert marked not in "".join(traceback.format_exception(found.value))


@pytest.mark.parametrize("url", ["postgresql://u:p@127.0.0.1:1/x", "postgresql://u:p@/x?host=/nowhere"])
async def test_a_server_that_is_not_there_is_unavailable(url: str) -> None:
    with pytest.raises(Unavailable, match="not reachable"):
        await Database.connect(url)


async def test_a_login_that_is_refused_says_so_without_its_password(server: Server) -> None:
    wrong = plain_url(server.urls.service).replace("case_returns_service:", "case_returns_service:WRONG")
    with pytest.raises(StorageError, match="password authentication failed") as found:
        await Database.connect(wrong)
    assert "WRONG" not in str(found.value)


async def test_a_login_without_the_roles_is_told_what_to_check(server: Server) -> None:
    with pytest.raises(StorageError, match=r"The database refuses.*migrate has run"):
        await Database.connect(server.urls.owner)


async def test_the_url_may_be_written_as_for_sqlalchemy(server: Server) -> None:
    url = server.urls.service.replace("postgresql://", "postgresql+asyncpg://")
    connection = await asyncpg.connect(plain_url(url))
    await connection.close()
