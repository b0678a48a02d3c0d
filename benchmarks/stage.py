"""Where figures are measured: a PostgreSQL that is durable and on disk, as in production, with the whole schema."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from service.storage.embedded import EmbeddedPostgres
from tests.support.postgres import Server, TestDatabase, asked_programs, open_folder


@asynccontextmanager
async def a_server() -> AsyncIterator[Server]:
    """A server of its own with its own settings, which keeps what it says that it keeps."""
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "data", programs=asked_programs())
        try:
            running = Server(server.start())
            await running.migrated("bench_template")
            yield running
        finally:
            server.stop()


@asynccontextmanager
async def a_database(server: Server) -> AsyncIterator[TestDatabase]:
    """A fresh database with the schema."""
    async with server.copy_of("bench_template") as database:
        yield database


@asynccontextmanager
async def plain_connection(database: TestDatabase) -> AsyncIterator[asyncpg.Connection]:
    """The administrator's connection, past row-level security and without anything of the service: for the peer."""
    connection = await asyncpg.connect(database.urls.admin)
    try:
        yield connection
    finally:
        await connection.close()


def fresh_name(prefix: str) -> str:
    """A name for a table or a folder that nobody else has."""
    return f"{prefix}_{secrets.token_hex(4)}"
