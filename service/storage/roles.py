"""The three database roles besides the owner, and who may take them on.

``case_returns_app`` serves one force at a time under row-level security, ``case_returns_national`` reads returns and
tallies but no case, ``case_returns_judge`` reads the case versions of all forces and gives back counts. None of them
can log in, owns anything or bypasses row-level security. They belong to the whole database cluster, so they are made
here and not by alembic, which only grants; making them again is harmless.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

import asyncpg

from service.errors import CaseReturnsError

APP: Final = "case_returns_app"
NATIONAL: Final = "case_returns_national"
JUDGE: Final = "case_returns_judge"
APPLICATION_ROLES: Final = (APP, NATIONAL, JUDGE)

OLDEST_POSTGRES: Final = 15
ROLES_LOCK: Final = 0x43_52_01  # "CR", then a number of our own: the advisory lock under which roles are made


class StorageError(CaseReturnsError):
    """The database is not as the service needs it, and waiting will not help: someone has to change something."""

    code = "storage"


def quoted(name: str) -> str:
    """An SQL identifier, quoted, for statements that take no parameters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal, for statements that take no parameters."""
    if "\x00" in text or "\\" in text:
        raise ValueError("no NUL and no backslash in a literal")
    return "'" + text.replace("'", "''") + "'"


async def check_version(connection: asyncpg.Connection) -> int:
    """The server's major version; a server that is too old is a ``StorageError``."""
    major = int(await connection.fetchval("select current_setting('server_version_num')::int / 10000"))
    if major < OLDEST_POSTGRES:
        raise StorageError(
            f"The database server is PostgreSQL {major}; Case Returns needs {OLDEST_POSTGRES} or newer.",
            "Point CASE_RETURNS_DATABASE_URL at a newer server, or leave it unset to use the embedded one.",
        )
    return major


async def ensure_roles(connection: asyncpg.Connection, login: str) -> None:
    """Make the application roles where they are missing, and let ``login`` (the service's user) take them on.

    Needs CREATEROLE only where something is missing. Concurrent calls wait for one another.
    """
    major = await check_version(connection)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", ROLES_LOCK)
        for role in APPLICATION_ROLES:
            await _ensure_role(connection, role)
            await _ensure_membership(connection, role, login, major)


async def _ensure_role(connection: asyncpg.Connection, role: str) -> None:
    found = await connection.fetchrow(
        "select rolsuper or rolbypassrls as mighty from pg_roles where rolname = $1", role
    )
    if found is None:
        try:
            async with connection.transaction():
                await connection.execute(f"create role {quoted(role)} nologin nosuperuser nobypassrls noinherit")
        except asyncpg.DuplicateObjectError:
            return  # made through another database of the cluster, where our lock does not reach
        except asyncpg.InsufficientPrivilegeError as refused:
            raise StorageError(
                f"The role {role} does not exist, and this database user may not create it.",
                f"Ask the database's administrator to run: create role {role} nologin noinherit;",
            ) from refused
    elif found["mighty"]:
        raise StorageError(
            f"The role {role} may bypass row-level security, so forces would not be kept apart.",
            f"Ask the database's administrator to run: alter role {role} nosuperuser nobypassrls;",
        )


async def _ensure_membership(connection: asyncpg.Connection, role: str, login: str, major: int) -> None:
    # From PostgreSQL 16 on, being a member and being allowed to SET ROLE are two things.
    needed = "SET" if major >= 16 else "MEMBER"
    if await connection.fetchval("select pg_has_role($1, $2, $3)", login, role, needed):
        return
    try:
        async with connection.transaction():
            await connection.execute(f"grant {quoted(role)} to {quoted(login)}")
    except asyncpg.InsufficientPrivilegeError as refused:
        raise StorageError(
            f"The database user {login} may not take on the role {role}.",
            f"Ask the database's administrator to run: grant {role} to {quoted(login)};",
        ) from refused


def login_of(url: str) -> str:
    """The user that a URL logs in as; a URL without one is a ``StorageError``, for the rights are given to a name."""
    user = urlsplit(url).username
    if not user:
        raise StorageError("The database URL names no user.", "Write it as postgresql://user:password@host/database.")
    return unquote(user)
