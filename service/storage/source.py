"""Which PostgreSQL the settings mean: a server of the operator's own, or the embedded one for as long as it is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from service.settings import Settings
from service.storage.database import Pools
from service.storage.embedded import EmbeddedPostgres, Urls, embedded
from service.storage.roles import StorageError


@asynccontextmanager
async def database_urls(settings: Settings, *, shared: bool = False) -> AsyncIterator[Urls]:
    """How to reach the database; an embedded server is started for the block and stopped at its end.

    ``shared``, for what works on a database that is there: where another process runs the embedded server already, that
    one is used, and a data folder without a database is a ``StorageError``, and is left as it is.
    """
    if settings.database_url is not None:
        owner = settings.migrate_url or settings.database_url
        yield Urls(service=settings.database_url.reveal(), owner=owner.reveal())
        return
    server = embedded_of(settings)
    running = await asyncio.to_thread(server.urls_of_running) if shared else None
    if running is not None:
        yield running
        return
    if shared and not server.is_made():
        raise StorageError(
            f"There is no database in {settings.data}.",
            "Name the data folder with --data; a new one is made by: case-returns serve.",
        )
    async with embedded(server) as urls:
        yield urls


def embedded_of(settings: Settings) -> EmbeddedPostgres:
    """The embedded server of a data folder, not yet started."""
    return EmbeddedPostgres(
        settings.data / "postgres", programs=settings.postgres_bin, account=settings.postgres_account
    )


def pools_of(settings: Settings) -> Pools:
    """The pools as large as the settings say."""
    default = Pools()
    return Pools(
        app=replace(default.app, connections=settings.app_connections),
        national=replace(default.national, connections=settings.national_connections),
        judge=replace(default.judge, connections=settings.judge_connections),
    )
