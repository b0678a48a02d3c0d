"""A real PostgreSQL for the tests: one server a test process, one migrated template, a copy of it for each test.

By default the embedded server runs in a temporary folder. ``CASE_RETURNS_TEST_POSTGRES_BIN`` names another release's
programs (``/usr/lib/postgresql/15/bin``), ``CASE_RETURNS_TEST_DATABASE_URL`` a server that already runs, by a URL of
its superuser.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from msgspec import Struct

from service.contract.library import load_library
from service.migrations.migrate import migrate
from service.storage.database import Database
from service.storage.embedded import EmbeddedPostgres, Urls
from service.storage.folder import FolderLock
from service.storage.postmaster import end, running_postmaster
from service.storage.roles import StorageError, ensure_roles, literal, quoted

PREFIX = "case-returns-test-"
LOGINS = {"case_returns_owner": "inherit", "case_returns_service": "noinherit"}


def asked_programs() -> Path | None:
    """The bin folder of the PostgreSQL that the tests were asked to use; none: the embedded one."""
    named = os.environ.get("CASE_RETURNS_TEST_POSTGRES_BIN")
    return Path(named) if named else None


def sweep(inside: Path | None) -> None:
    """End and remove what a killed test run left behind; a run that lives holds its folder's lock."""
    for folder in Path(inside or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            lock = FolderLock.take(folder / "data") if time.time() - folder.stat().st_mtime > 300 else None
        except (StorageError, OSError):
            continue
        if lock is not None:
            if (pid := running_postmaster(folder / "data" / "cluster")) is not None:
                end(folder / "data" / "cluster", pid)
            lock.release()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def open_folder(inside: Path | None = None) -> Iterator[Path]:
    """A temporary folder that the server's unprivileged account may pass through (pytest's own are closed)."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=inside))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def memory() -> Path | None:
    """A folder in memory with room for many databases, if the machine has one: copies are made twenty times faster."""
    memory = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30
    return memory if roomy else None


class Server(Struct, frozen=True):
    """A running server and the names of its logins' URLs; ``at`` gives those of another database."""

    urls: Urls

    def at(self, database: str) -> Urls:
        service, owner, admin = (_at(url, database) for url in (self.urls.service, self.urls.owner, self.admin))
        return Urls(service=service, owner=owner, admin=admin)

    @property
    def admin(self) -> str:
        """The administrator's URL, of the cluster's own database."""
        assert self.urls.admin is not None
        return self.urls.admin

    async def create(self, name: str, template: str | None = None) -> None:
        """Make a database that the schema's owner owns, empty or as a copy of another."""
        copied = f" template {quoted(template)} strategy wal_log" if template else ""
        await self.run(f"create database {quoted(name)} owner case_returns_owner{copied}")

    async def drop(self, name: str) -> None:
        await self.run(f"drop database if exists {quoted(name)} with (force)")

    async def run(self, statement: str) -> None:
        """One statement as the administrator, outside every test's database."""
        connection = await asyncpg.connect(self.admin)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def migrated(self, name: str) -> None:
        """Make a database with the whole schema."""
        await self.create(name)
        urls = self.at(name)
        await migrate(urls.owner, urls.service, load_library())

    @asynccontextmanager
    async def copy_of(self, template: str) -> AsyncIterator[TestDatabase]:
        """A fresh database like the template, opened; dropped at the end."""
        name = f"{template}_{secrets.token_hex(4)}"
        await self.create(name, template)
        urls = self.at(name)
        database = await Database.connect(urls.service, owner_url=urls.owner)
        try:
            yield TestDatabase(database, urls)
        finally:
            await database.close()
            await self.drop(name)


class TestDatabase(Struct, frozen=True):
    """One migrated database of a test: the product's own way to it, and its URLs."""

    __test__ = False  # pytest: not a test class

    db: Database
    urls: Urls

    @property
    def name(self) -> str:
        """By which it is copied, once nobody is connected to it."""
        return urlsplit(self.urls.service).path.removeprefix("/")


@contextmanager
def running_server() -> Iterator[Server]:
    """The server of this test process: the one that the environment names, or an embedded one of its own."""
    if url := os.environ.get("CASE_RETURNS_TEST_DATABASE_URL"):
        yield Server(asyncio.run(_adopt(url)))
        return
    sweep(memory())
    with open_folder(inside=memory()) as folder:
        server = EmbeddedPostgres(folder / "data", programs=asked_programs(), durable=False)
        try:
            yield Server(server.start())
        finally:
            server.stop()


async def _adopt(admin: str) -> Urls:
    """Logins on a server that is not ours, with a password made for this run (its workers share the run's name)."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_urlsafe(12)
    password = hashlib.sha256(run.encode()).hexdigest()
    connection = await asyncpg.connect(admin)
    try:
        await connection.execute("select pg_advisory_lock(20261124)")
        for login, inherits in LOGINS.items():
            exists = await connection.fetchval("select true from pg_roles where rolname = $1", login)
            verb = "alter" if exists else "create"
            await connection.execute(f"{verb} role {quoted(login)} login {inherits} password {literal(password)}")
        await ensure_roles(connection, "case_returns_service")
    finally:
        await connection.close()
    service, owner = (_as(admin, login, password) for login in ("case_returns_service", "case_returns_owner"))
    return Urls(service=service, owner=owner, admin=admin)


def _at(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _as(url: str, login: str, password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}:{quote(password)}@{host}"))
