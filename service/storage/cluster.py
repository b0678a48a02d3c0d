"""Make a cluster, and in it the logins, the roles and the database of the service.

Three logins: ``case_returns_admin`` (the cluster's superuser, for making the others and for backups),
``case_returns_owner`` (owns the schema, migrates it, no superuser) and ``case_returns_service`` (owns nothing, inherits
nothing: it can only take on the three application roles).
"""

# ruff: noqa: S603 - programs that we found ourselves, and arguments as a list: no shell reads them

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg

from service.storage.account import Account, give_to, run_as
from service.storage.binaries import Binaries, environment
from service.storage.folder import Passwords
from service.storage.roles import StorageError, ensure_roles, literal, quoted

ADMIN: Final = "case_returns_admin"
OWNER: Final = "case_returns_owner"
SERVICE: Final = "case_returns_service"
DATABASE: Final = "case_returns"

T = TypeVar("T")


def create_cluster(
    cluster: Path, binaries: Binaries, account: Account | None, passwords: Passwords, *, sync: bool = True
) -> None:
    """Make the cluster where there is none; one of another major version is a ``StorageError``.

    It is made beside its place and renamed, so that a start which was cut off never leaves half a cluster.
    """
    if cluster.exists():
        made_by = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != str(binaries.major):
            raise StorageError(
                f"{cluster} was made by PostgreSQL {made_by}, and these are the programs of {binaries.version}.",
                "Make a backup with the old release and restore it with the new one.",
            )
        return
    fresh = cluster.with_name("cluster.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    give_to(account, fresh)
    with tempfile.TemporaryDirectory(prefix="case-returns-") as hidden:
        secret = Path(hidden) / "password"
        secret.touch(mode=0o600)
        secret.write_text(passwords.of(ADMIN), encoding="ascii")
        give_to(account, Path(hidden))
        give_to(account, secret)
        _initdb(fresh, secret, binaries, account, sync=sync)
    fresh.rename(cluster)


def _initdb(fresh: Path, secret: Path, binaries: Binaries, account: Account | None, *, sync: bool) -> None:
    # The builtin provider sorts alike on every machine and needs no locale of the system; 15 and 16 lack it.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    locales = [builtin] if binaries.major >= 17 else [["--locale=C.UTF-8"], ["--locale=C"]]
    for locale in locales:
        made = subprocess.run(
            [
                binaries.program("initdb"),
                *("-D", str(fresh), "--username", ADMIN, f"--pwfile={secret}", "--auth=scram-sha-256"),
                *("--data-checksums", "--encoding=UTF8", *locale, *([] if sync else ["--no-sync"])),
            ],
            check=False,
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **run_as(account),
        )
        if made.returncode == 0:
            return
    raise StorageError(f"The embedded database could not be made: {made.stdout.strip().splitlines()[-1:]}")


def provision(admin_url: str, passwords: Passwords) -> None:
    """Make the logins, the application roles and the database, where they are missing."""
    _run(_provision(admin_url, passwords))


async def _provision(admin_url: str, passwords: Passwords) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        for login, options in ((OWNER, "nocreaterole"), (SERVICE, "noinherit")):
            if not await connection.fetchval("select true from pg_roles where rolname = $1", login):
                await connection.execute(
                    f"create role {quoted(login)} login nosuperuser nobypassrls {options} "
                    f"password {literal(passwords.of(login))}"
                )
        await ensure_roles(connection, SERVICE)
        if not await connection.fetchval("select true from pg_database where datname = $1", DATABASE):
            await connection.execute(f"create database {quoted(DATABASE)} owner {quoted(OWNER)}")
    finally:
        await connection.close()


def is_reachable(url: str) -> bool:
    """Whether the server takes a connection; a password that it refuses is a ``StorageError``."""
    return _run(_is_reachable(url))


async def _is_reachable(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
        return False
    except asyncpg.InvalidAuthorizationSpecificationError as refused:
        raise StorageError(
            "The embedded database does not accept the password in passwords.json.",
            "Put the file back that was there when the database was made, or restore a backup.",
        ) from refused
    await connection.close()
    return True


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Finish asynchronous work from synchronous code, whether or not a loop runs in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
