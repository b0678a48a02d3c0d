"""What earlier releases kept of tallies and of shared cases reads the same after the migration that keeps it once."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection

from service.contract.library import load_library
from service.migrations.migrate import alembic_config, migrate
from service.storage.database import Database
from service.storage.embedded import Urls
from service.storage.roles import ensure_roles, login_of
from tests.support.postgres import Server

_BEFORE = "pre_0006"
_ID = "00000000-0000-0000-0000-00000000000{}"
_CELLS = [(1, 0, 3, 5), (1, 0, None, 2), (1, 6, 3, 1), (3, 0, 2014, 7)]
_CELL = "margin, ruling, dimension, weight"
_SHARED = "return_id, case_id, shared_ref, shared_with, lead, ruling, stage, setting, year"


@pytest.fixture
async def earlier(server: Server) -> AsyncIterator[Urls]:
    """A database as the release before kept it, with nothing in it."""
    name = f"earlier_{secrets.token_hex(4)}"
    await server.create(name)
    urls = server.at(name)
    database = Database(urls.service, owner_url=urls.owner)
    connection = await asyncpg.connect(urls.owner)
    try:
        await ensure_roles(connection, login_of(urls.service))
    finally:
        await connection.close()
    async with database.owner() as tx:
        await tx.run_sync(_upgrade)
    await database.close()
    yield urls
    await server.drop(name)


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), _BEFORE)


async def _stored(urls: Urls) -> asyncpg.Connection:
    """The administrator's connection to two returns of force 1: the second holds the one changed version of a case that
    both hold, and another that both hold alike."""
    admin = await asyncpg.connect(urls.admin)
    await admin.execute("set session_replication_role = replica")  # what they refer to is not asked
    for line in (1, 2):
        await admin.execute(
            "insert into case_return (force, id, period, revision, state, contract_version, opened_at, opened_by, "
            "sealed_at, sealed_position, digest, receipt, line) values "
            f"(1, '{_ID.format(line)}', '2025-1{line}-01', 1, 'sealed', '2025.1', now(), 'x', now(), {line}, 'x', "
            f"'{{}}', {line})"
        )
    return admin


async def test_tallies_and_shared_cases_of_an_earlier_release_read_the_same(earlier: Urls) -> None:
    admin = await _stored(earlier)
    try:
        edition = await _an_edition(admin)
        versions = [(7, 1, 2), (7, 2, 2147483647), (8, 1, 2147483647)]
        for case, line_from, line_to in versions:
            await admin.execute(
                "insert into case_version (force, case_id, line_from, line_to, contract_version, digest) "
                f"values (1, '{_ID.format(case)}', {line_from}, {line_to}, '2025.1', 'x')"
            )
        for line in (1, 2):
            of = f"1, '{_ID.format(line)}', {edition}"
            await admin.execute(
                "insert into tally (force, return_id, edition, origin, position, counted, not_counted, open_cells) "
                f"values ({of}, 'judged', {line}, 8, 0, 0)"
            )
            await admin.executemany(f"insert into tally_cell values ({of}, $1, $2, $3, $4)", _CELLS)
            await admin.execute(
                f"insert into shared_row values ({of}, '{_ID.format(7)}', 'K/7', 6, 1, {line}, 0, 1, null), "
                f"({of}, '{_ID.format(8)}', 'K/8', 6, 1, 0, 0, 1, 2014)"
            )
        before = await _read(admin)
        assert len(before[0]) == len(_CELLS) * 2
        assert len(before[1]) == 4
        await migrate(earlier.owner, earlier.service, load_library())
        assert await _read(admin) == before
        assert await admin.fetchval("select count(*) from shared_version") == len(versions)
        secured = "select bool_and(relforcerowsecurity) from pg_class where relname in ('case_return', 'case_version')"
        assert await admin.fetchval(secured)
    finally:
        await admin.close()


async def _an_edition(admin: asyncpg.Connection) -> Any:
    return await admin.fetchval(
        "insert into scope_edition (name, hash, title, vocabulary, state, document) "
        "values ('wide', 'x', 'Wide', '2025.1', 'in_force', '{}') returning id"
    )


async def _read(admin: asyncpg.Connection) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    cells = await admin.fetch(f"select return_id, {_CELL} from tally_cell order by return_id, {_CELL}")
    shared = await admin.fetch(f"select {_SHARED} from shared_row order by {_SHARED}")
    return [tuple(row) for row in cells], [tuple(row) for row in shared]
