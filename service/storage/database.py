"""Connections to PostgreSQL: one bounded pool for each role, and a transaction as the only way to use one.

The role is a start-up option of the connection, so RESET ROLE comes back to it; the force is a setting of the
transaction alone. Whatever is a matter of time (connection lost, server restarting, pool exhausted, disk full, a
statement that ran too long) becomes ``Unavailable``; programming errors pass through as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter
from typing import Final

import asyncpg
from msgspec import Struct
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from service.errors import CaseReturnsError, Unavailable
from service.storage.roles import APP, JUDGE, NATIONAL, StorageError, check_version
from service.storage.statements import name_of, watch
from service.telemetry.metrics import measure
from service.telemetry.spans import span
from service.telemetry.told import POOL, POOL_TIMEOUTS, POOL_WAIT

CONNECT_SECONDS: Final = 5.0


class Limits(Struct, frozen=True, kw_only=True):
    """How many connections one role may hold, and how long anything may take. Times in seconds."""

    connections: int
    wait: float = 5.0
    """For a free connection."""
    statement: float = 60.0
    lock: float = 10.0
    idle_in_transaction: float = 60.0
    gone: float = 1.0
    """After which a statement ends whose service was killed: nobody waits for its locks longer than that."""


class Pools(Struct, frozen=True, kw_only=True):
    """The limits of each role. Together they must stay under the server's ``max_connections``."""

    app: Limits = Limits(connections=12, statement=300.0)  # a seal or a check over a million rows is one statement
    national: Limits = Limits(connections=6, statement=20.0)
    judge: Limits = Limits(connections=2, statement=900.0, wait=30.0)


def plain_url(url: str) -> str:
    """The URL as asyncpg and libpq read it: SQLAlchemy's driver suffix is accepted and dropped."""
    scheme, found, rest = url.partition("://")
    return f"postgresql://{rest}" if found and scheme in ("postgres", "postgresql+asyncpg") else url


def engine_for(url: str, role: str | None, limits: Limits) -> AsyncEngine:
    """An engine whose every connection is ``role`` from its start; no role: whoever the URL names."""

    def in_ms(seconds: float) -> str:
        return str(int(seconds * 1000))

    settings = {
        "application_name": f"case-returns {role or 'owner'}",
        "statement_timeout": in_ms(limits.statement),
        "lock_timeout": in_ms(limits.lock),
        "idle_in_transaction_session_timeout": in_ms(limits.idle_in_transaction),
        "client_connection_check_interval": in_ms(limits.gone),
        "timezone": "UTC",
        "datestyle": "ISO, YMD",  # digests are over dates as text
        "jit": "off",  # compiling the hundred expressions of a check takes longer than running them
    }
    if role is not None:
        settings["role"] = role
    if role == APP:
        # It reads drafts that were written a moment ago, of which the planner knows nothing: where it takes them for a
        # few rows and loops over them, a page of 9,000 cases takes 19 seconds instead of a tenth of one.
        settings["enable_nestloop"] = "off"
    if role == JUDGE:
        # It reads whole stocks. Cases have random ids, so an index would lead it from page to page for every row; what
        # an index says which pages to read, it reads page by page.
        settings["enable_indexscan"] = "off"

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(plain_url(url), server_settings=settings, timeout=CONNECT_SECONDS)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=limits.connections,
        max_overflow=0,
        pool_timeout=limits.wait,
        hide_parameters=True,  # a row's values never stand in an error text
        logging_name=(role or "owner").removeprefix("case_returns_"),
    )
    watch(engine.sync_engine)
    return engine


_BEGIN = text("select set_config('role', :role, true), set_config('app.force', :force, true)")
"""First of every transaction. The role stands already; again here, no SET ROLE of an earlier one can linger."""

_TRANSIENT_CLASSES: Final = ("08", "53", "58")  # connection, insufficient resources, input/output
_TRANSIENT_STATES: Final = frozenset(
    {
        "25P03",  # idle in transaction for too long
        "25P04",  # transaction timeout
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # lock not available in time
        "57014",  # statement timeout
        "57P01",  # administrator ended the connection
        "57P02",  # a crash elsewhere ended it
        "57P03",  # starting up or shutting down
        "57P05",  # idle session timeout
    }
)


def clearer(error: exc.DBAPIError) -> CaseReturnsError | None:
    """What to raise instead of an error while migrating: a matter of time, or of a right that is missing."""
    if getattr(error.orig, "sqlstate", None) == "42501":
        return _refused(error.orig or error)
    return unavailable(error)


def unavailable(error: BaseException) -> Unavailable | None:
    """What to raise instead, where an error of the driver is a matter of time; otherwise nothing."""
    if isinstance(error, exc.TimeoutError):
        return Unavailable("The service is busy: no database connection became free in time.", "Try again shortly.")
    if isinstance(error, exc.DBAPIError) and not error.connection_invalidated:
        cause = error.orig.__cause__ if error.orig is not None else None
        return None if cause is None else unavailable(cause)
    state = getattr(error, "sqlstate", None)
    if state == "53100":
        return Unavailable("The database's disk is full; nothing of this request was stored.", "Try again later.")
    if isinstance(state, str) and (state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES):
        return Unavailable("The database could not finish this now; nothing of it was stored.", "Try again shortly.")
    return _unreachable() if _is_lost(error) or isinstance(error, exc.DBAPIError) else None


def _refused(error: BaseException) -> StorageError:
    says = str(error).splitlines()[0]
    return StorageError(
        f"The database refuses: {says}.",
        "Check CASE_RETURNS_DATABASE_URL and CASE_RETURNS_MIGRATE_URL, and that case-returns migrate has run.",
    )


def _without_values(error: BaseException | None) -> None:
    """Take out of an error, and out of what caused it, the detail in which PostgreSQL quotes the row."""
    while error is not None:
        if isinstance(error, asyncpg.PostgresError):
            error.detail = None
        error = error.__cause__ or error.__context__


def _unreachable() -> Unavailable:
    return Unavailable("The database is not reachable now; nothing of this request was stored.", "Try again shortly.")


def _was_cut(error: Exception) -> bool:
    """Whether the connection ended, so that nothing was heard of what was asked last."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "08")
    return state.startswith(("08", "57P0"))


def _in_doubt() -> Unavailable:
    """The database went away between being told to commit and saying that it did."""
    return Unavailable(
        "The database went away at the last moment; it is not known whether this request was stored.",
        "Read again what it was to change before you send it again; with an Idempotency-Key just send it again.",
        code="outcome-unknown",
    )


def _is_lost(error: BaseException) -> bool:
    """Whether the driver says, without a state, that the connection is gone (as its raw COPY methods do)."""
    return isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError) and "clos" in str(error)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection of the driver's own, outside every pool, as the user whom the URL names."""
    try:
        connection = await asyncpg.connect(plain_url(url), timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError) as error:
        raise _unreachable() from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise unavailable(error) or _refused(error) from error
    try:
        yield connection
    finally:
        await connection.close()


async def raw(tx: AsyncConnection) -> asyncpg.Connection:
    """The asyncpg connection under this transaction, for COPY: what it does stands or falls with the transaction."""
    return (await tx.get_raw_connection()).driver_connection


class Database:
    """The service's way to its database. Make it with ``connect``, end it with ``close``."""

    def __init__(self, url: str, *, owner_url: str | None = None, pools: Pools | None = None) -> None:
        """``url`` logs in as a member of the three application roles; ``owner_url`` as the schema's owner."""
        pools = pools or Pools()
        self._app = engine_for(url, APP, pools.app)
        self._national = engine_for(url, NATIONAL, pools.national)
        self._judge = engine_for(url, JUDGE, pools.judge)
        self._owner = engine_for(owner_url, None, Limits(connections=1, statement=900.0)) if owner_url else None

    @classmethod
    async def connect(cls, url: str, *, owner_url: str | None = None, pools: Pools | None = None) -> Database:
        """Open the pools and make one connection as each role: a wrong address, age or right is known at once."""
        database = cls(url, owner_url=owner_url, pools=pools)
        try:
            async with database.app() as tx:
                await check_version(await raw(tx))
            for probe in (database.national, database.judge):
                async with probe():
                    pass
        except BaseException as error:
            await database.close()
            if isinstance(error, exc.DBAPIError):
                raise _refused(error.orig or error) from error
            raise
        return database

    def force(self, force: int) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction of the application role that sees and writes the rows of this force alone."""
        return _transaction(self._app, APP, force)

    def app(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction of the application role without a force: of rows that belong to one, it sees none."""
        return _transaction(self._app, APP)

    def national(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction of the national role: returns and tallies of every force, no case row."""
        return _transaction(self._national, NATIONAL)

    def judge(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction of the judge role: reads case versions of all forces, to give back counts only."""
        return _transaction(self._judge, JUDGE)

    def owner(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction of the schema's owner: for migrations and for tests."""
        if self._owner is None:
            raise RuntimeError("this database was connected without its owner's URL")
        return _transaction(self._owner, "none")

    async def close(self) -> None:
        """Close every connection. Nothing can be used after."""
        for engine in (self._app, self._national, self._judge, self._owner):
            if engine is not None:
                await engine.dispose()


@asynccontextmanager
async def _transaction(engine: AsyncEngine, role: str, force: int | None = None) -> AsyncIterator[AsyncConnection]:
    """One transaction: committed at the end of the block, rolled back on an exception."""
    connection: AsyncConnection | None = None
    committing = False
    try:
        connection = await _begun(engine, role, force)
        yield connection
        committing = True
        with span("commit", {POOL: name_of(engine.sync_engine)}):
            await connection.commit()
    except Exception as error:
        _without_values(error)
        better = unavailable(error)
        if better is None:
            raise
        raise (_in_doubt() if committing and _was_cut(error) else better) from error
    finally:
        if connection is not None:
            await asyncio.shield(_give_back(connection))  # a cancelled request gives its connection back too


async def _begun(engine: AsyncEngine, role: str, force: int | None) -> AsyncConnection:
    """A connection whose transaction has begun, with its force set.

    The setting is the first statement, so it is also the test whether a pooled connection still stands: where the
    server went away since, the pool forgets all its connections and tries again until one is fresh.
    """
    settings = {"role": role, "force": "" if force is None else str(force)}
    while True:
        connection = await _checked_out(engine)
        fresh = connection.info.setdefault("used", 0) == 0
        connection.info["used"] += 1
        try:
            await connection.begin()
            await connection.execute(_BEGIN, settings)
        except BaseException as error:
            await asyncio.shield(_give_back(connection))
            if fresh or not (isinstance(error, exc.DBAPIError) and error.connection_invalidated):
                raise
        else:
            return connection


async def _give_back(connection: AsyncConnection) -> None:
    """Roll back what was not committed, and return the connection to its pool, or drop it where it was cut."""
    if not connection.invalidated and (await raw(connection)).is_closed():
        await connection.invalidate()
    await connection.close()


async def _checked_out(engine: AsyncEngine) -> AsyncConnection:
    connection = engine.connect()
    began, pool = perf_counter(), {POOL: name_of(engine.sync_engine)}
    try:
        return await connection.start()
    except exc.TimeoutError:
        measure(POOL_TIMEOUTS, 1, pool)
        raise
    except (OSError, TimeoutError) as error:  # no socket, nobody listening, no answer in time
        raise _unreachable() from error
    finally:
        measure(POOL_WAIT, perf_counter() - began, pool)
