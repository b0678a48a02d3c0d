"""Bring a database to what this release needs: roles, schema, typed columns. Running it again is harmless."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service.contract.library import Library
from service.migrations.columns import add_typed_columns, index_shared
from service.storage.database import Limits, clearer, engine_for, opened
from service.storage.roles import ensure_roles, login_of

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "pre_0008"
"""The newest revision. A database that stands there is not shown to alembic, whose import is a tenth of a start."""

MIGRATION_LOCK: Final = 0x43_52_02
_LIMITS: Final = Limits(connections=1, statement=1800.0, lock=15.0)
"""A migration that cannot have its lock in a quarter of a minute gives up instead of stopping everyone behind it."""

_REVISIONS: Final = text("select to_regclass('alembic_version')")


class Migrated(Struct, frozen=True):
    """What a run found and did: revisions before and after, and the typed columns that were added."""

    before: str | None
    after: str | None
    columns: tuple[str, ...]


async def migrate(owner_url: str, service_url: str, library: Library) -> Migrated:
    """Make the roles, run what alembic has not run yet, add the typed columns and indexes that the contracts ask for.

    ``owner_url`` is the user who owns the schema, ``service_url`` the one the service logs in as; they may be the same.
    """
    async with opened(owner_url) as connection:
        await ensure_roles(connection, login_of(service_url))
    engine = engine_for(owner_url, None, _LIMITS)
    try:
        return await _migrate_schema(engine, library)
    except DBAPIError as error:
        raise clearer(error) or error from error
    finally:
        await engine.dispose()


async def _migrate_schema(engine: AsyncEngine, library: Library) -> Migrated:
    async with engine.begin() as connection:
        await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        before = await connection.run_sync(revision_of)
        await connection.run_sync(_upgrade)
        after = await connection.run_sync(revision_of)
        columns = await connection.run_sync(add_typed_columns, library)
        await connection.run_sync(index_shared, library)
    return Migrated(before, after, columns)


def _upgrade(connection: Connection) -> None:
    if revision_of(connection) != HEAD:
        from alembic import command

        command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection | None = None) -> Config:
    """alembic's settings without a file of its own: the scripts lie beside this module, wherever it is installed."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("service.migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def is_migrated(tx: AsyncConnection) -> bool:
    """Whether a database was ever brought to what some release needs."""
    return (await tx.execute(_REVISIONS)).scalar_one() is not None


def revision_of(connection: Connection) -> str | None:
    """The revision that a database stands at; nothing where it was never migrated."""
    if connection.scalar(_REVISIONS) is None:
        return None
    revision: str | None = connection.scalar(text("select version_num from alembic_version"))
    return revision
