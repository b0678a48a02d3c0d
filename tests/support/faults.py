"""What fault tests need: a request stopped at one exact step, a condition to wait for, and what stands afterwards."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from service.audit.log import verify
from service.storage.database import Database
from tests.support.postgres import TestDatabase

PATIENCE_SECONDS = 60

KEPT = (
    *("case_return", "draft_case", "draft_withdrawal", "held_row", "finding", "answer", "dispute"),
    *("aggregate_cell", "workforce_row", "idempotent_answer", "force_line", "case_version"),
    *("tally", "tally_margin", "shared_version", "position", "change", "audit_entry", "audit_head"),
)
"""Every table that a request of a force can change."""


async def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until a condition (it may be asynchronous) gives something; fails when it does not come true in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = condition()
        found = await answer if inspect.isawaitable(answer) else answer
        if found:
            return found
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        await asyncio.sleep(0.01)


class Watch:
    """A look at a test's database from outside, as the cluster's administrator, who sees every row; ``force`` is the
    one whose rows are counted."""

    def __init__(self, connection: asyncpg.Connection, force: int) -> None:
        self._connection = connection
        self.force = force

    async def waits(self, count: int = 1, event: str = "Lock") -> bool:
        """Whether so many transactions of the service stand at a lock (or another event)."""
        return bool(count == await self._connection.fetchval(_WAITING, event))

    async def idle(self) -> bool:
        """Whether no transaction of the service is under way."""
        return not await self._connection.fetchval(_UNDER_WAY)

    async def runs(self, words: str) -> bool:
        """Whether a statement of the service that begins so runs at this moment."""
        return bool(await self._connection.fetchval(_RUNS, f"{words}%"))

    async def everything(self) -> dict[str, tuple[int, str]]:
        """Every table's number of rows and digest of its content: equal where nothing at all changed."""
        found = {}
        for table in KEPT:
            row = await self._connection.fetchrow(
                f"select count(*), coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t"
            )
            found[table] = (row[0], row[1])
        return found

    async def actions(self, action: str) -> int:
        """How often the audit log tells of this being done for the force."""
        return await self.count("audit_entry", f"action = '{action}'")

    async def count(self, table: str, where: str = "true") -> int:
        """How many of the force's rows a table holds."""
        counted = f"select count(*) from {table} where force = $1 and {where}"
        return int(await self._connection.fetchval(counted, self.force))


_SERVICE = "datname = current_database() and application_name like 'case-returns case_returns%'"
_WAITING = f"select count(*) from pg_stat_activity where {_SERVICE} and $1 in (wait_event_type, wait_event)"
_UNDER_WAY = f"select count(*) from pg_stat_activity where {_SERVICE} and xact_start is not null"
_RUNS = f"select true from pg_stat_activity where {_SERVICE} and state = 'active' and query ilike $1"


@asynccontextmanager
async def a_watch(database: TestDatabase, force: int) -> AsyncIterator[Watch]:
    assert database.urls.admin is not None
    connection = await asyncpg.connect(database.urls.admin)
    try:
        yield Watch(connection, force)
    finally:
        await connection.close()


@asynccontextmanager
async def closed(database: TestDatabase, table: str, mode: str = "exclusive") -> AsyncIterator[None]:
    """Nobody writes this table for the length of the block: a request that wants to stands still at this very step.
    In ``access exclusive`` mode nobody reads it either."""
    async with _held(database, f"lock table {table} in {mode} mode"):
        yield


@asynccontextmanager
async def force_held(database: TestDatabase, force: int) -> AsyncIterator[None]:
    """Somebody else has this force's lock for the length of the block; who waits gets it in the order of asking."""
    async with _held(database, f"select from force_line where force = {force} for update"):
        yield


@asynccontextmanager
async def _held(database: TestDatabase, lock: str) -> AsyncIterator[None]:
    assert database.urls.admin is not None
    connection = await asyncpg.connect(database.urls.admin)
    try:
        await connection.execute(f"begin; {lock}")
        yield
    finally:
        await connection.close()


async def at_once(database: TestDatabase, watch: Watch, *requests: Coroutine[Any, Any, Any]) -> list[Any]:
    """The answers to requests that all wait for the force's lock before the first gets it, in the given order."""
    tasks: list[asyncio.Task[Any]] = []
    async with force_held(database, watch.force):
        for request in requests:
            tasks.append(asyncio.create_task(request))
            await until(lambda: watch.waits(len(tasks)), f"request {len(tasks)} waits for the force's lock")
    return list(await asyncio.gather(*tasks))


async def is_in_order(db: Database) -> None:
    """Positions have no gap, and the audit log is what was written."""
    async with db.owner() as tx:
        await verify(tx, "test")
        numbers = list((await tx.exec_driver_sql("select position from change order by position")).scalars())
        latest = (await tx.exec_driver_sql("select value from position")).scalar_one()
    assert numbers == list(range(1, latest + 1))
