"""A PostgreSQL of one's own, with one migrated database: it may be killed, stopped and started."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from msgspec import Struct

from service.storage.database import Database
from service.storage.embedded import EmbeddedPostgres
from tests.support.faults import until
from tests.support.postgres import Server, TestDatabase, asked_programs, memory, open_folder


class Cluster(Struct, frozen=True):
    """The server, who starts it again, and its database."""

    postgres: EmbeddedPostgres
    server: Server
    database: TestDatabase

    async def kill(self) -> None:
        """kill -9 of its server; returns when its launcher has started it again."""
        killed = self.postgres.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await until(lambda: self.postgres.pid not in (None, killed), "the launcher has started the server again")
        await until(self._answers, "the server answers again")

    async def _answers(self) -> bool:
        try:
            await self.server.run("select 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    @asynccontextmanager
    async def commits_standing(self) -> AsyncIterator[None]:
        """Whoever commits in this block stands when it is done and before it is told, as if a standby were far away."""
        await self._standby("'far_away'")
        try:
            yield
        finally:
            await self._standby("''")

    async def _standby(self, named: str) -> None:
        await self.server.run(f"alter system set synchronous_standby_names = {named}")
        await self.server.run("select pg_reload_conf()")


@asynccontextmanager
async def a_cluster(name: str, *, durable: bool = False) -> AsyncIterator[Cluster]:
    """One with a database of that name; in memory where there is room, or (``durable``) on disk as in production."""
    inside: Path | None = None if durable else memory()
    with open_folder(inside=inside) as folder:
        postgres = EmbeddedPostgres(folder / "data", programs=asked_programs(), durable=durable)
        try:
            server = Server(await asyncio.to_thread(postgres.start))
            await server.migrated(name)
            urls = server.at(name)
            database = await Database.connect(urls.service, owner_url=urls.owner)
            yield Cluster(postgres, server, TestDatabase(database, urls))
            await database.close()
        finally:
            await asyncio.to_thread(postgres.stop)
