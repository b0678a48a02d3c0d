"""What ``demo``, ``serve`` and the commands that work on the database have in common: reach it, start, serve, stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

from service import __version__
from service.clock import system_clock
from service.errors import CaseReturnsError, Conflict
from service.migrations.migrate import is_migrated, migrate
from service.returns.context import Context, context_of
from service.settings import Settings
from service.storage.database import Database
from service.storage.embedded import Urls
from service.storage.roles import StorageError
from service.storage.source import database_urls, pools_of
from service.telemetry.export import exporting
from service.telemetry.logs import logging_to
from service.terms.check import Published, load_published
from service.terms.model import Terms
from service.terms.store import terms_in_force

T = TypeVar("T")
logger = logging.getLogger(__name__)

_SERVE_ONCE: Final = "Name the one that is meant, or start the service on it once: case-returns serve."


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end on the fast event loop; Ctrl-C and SIGTERM cancel it, and what it opened is closed in order."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_until_told(work))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


async def _until_told(work: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except BaseExceptionGroup as several:
        known, _ = several.split(CaseReturnsError)
        raise _first(known or several) from several


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


@asynccontextmanager
async def connected(settings: Settings, published: Published, urls: Urls) -> AsyncIterator[Database]:
    """The database, brought to what this release needs."""
    await migrate(urls.owner, urls.service, published.library)
    db = await Database.connect(urls.service, owner_url=urls.owner, pools=pools_of(settings))
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database as it is, for one command: also the embedded one that another process runs at this moment.
    ``StorageError`` where there is none, or it was never made ready."""
    async with database_urls(settings, shared=True) as urls:
        db = await Database.connect(urls.service, owner_url=urls.owner)
        try:
            async with db.app() as tx:
                if not await is_migrated(tx):
                    raise StorageError("There is nothing of Case Returns in this database.", _SERVE_ONCE)
            yield db
        finally:
            await db.close()


async def adopted_terms(db: Database) -> Terms | None:
    """The terms that were adopted last, as they were then; none in a new database."""
    async with db.app() as tx:
        return await terms_in_force(tx)


async def terms_of(db: Database) -> Terms:
    """The terms that were adopted last; Conflict in a database where none were."""
    terms = await adopted_terms(db)
    if terms is None:
        raise Conflict("No terms of reference are adopted in this database.", _SERVE_ONCE)
    return terms


async def running_context(settings: Settings, db: Database) -> Context:
    """The service over this database as its use cases see it, under the terms that were adopted last."""
    return context_of(db, load_published(settings.contracts), await terms_of(db), system_clock)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address (port 0: any that is free), not listening yet: nobody waits on a service that is
    still starting. Conflict where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Every connection has it from here: head and body of an answer are two writes, and the second must not wait for
    # the first to be acknowledged (40 ms a request). uvloop sees to it; asyncio does not on a socket that it is handed.
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        found.bind((host, port))
        if port:
            _refuse_taken(host, port)
    except OSError as error:
        found.close()
        raise _taken(host, port, error) from error
    return found


def _refuse_taken(host: str, port: int) -> None:
    """Where somebody listens, binding a second socket may succeed on some systems; connecting tells."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, port)) == 0:
            raise OSError("somebody answers there")


def _taken(host: str, port: int, error: OSError) -> Conflict:
    why = error.strerror or str(error)
    return Conflict(
        f"Port {port} of {host} cannot be used: {why}.",
        "Name another one with --port (0 takes any that is free).",
        code="port-in-use",
    )


@contextmanager
def observed(settings: Settings) -> Iterator[None]:
    """While the service runs: its log on standard error, and exported what OpenTelemetry's variables ask for."""
    with logging_to(sys.stderr, level=settings.log_level), exporting():
        yield


async def serve_until_told(
    app: Any,
    settings: Settings,
    listening: socket.socket,
    ready: Callable[[], None],
    beside: Callable[[threading.Event], bool] | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, then finish the requests under way. ``ready`` is called when it answers.

    ``beside`` then runs in a thread of its own, as a client of what is served: where it returns false, or raises, that
    ends the service too. The event that it is given is set when the service ends.
    """
    from service.app import server_of

    server = server_of(app, settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _tell, server)
    running, answers = (
        asyncio.create_task(server.serve(sockets=[listening])),
        asyncio.create_task(server.answers.wait()),
    )
    await asyncio.wait({running, answers}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        logger.info("service_started", extra={"version": __version__, "address": settings.url()})
        ready()
    answers.cancel()
    ends = threading.Event()
    playing = None if beside is None or running.done() else asyncio.create_task(_played(server, beside, ends))
    try:
        await running
        ends.set()
        if playing is not None:
            await playing
        logger.info("service_ended")
    except OSError as error:  # somebody else was quicker to listen
        raise _taken(settings.host, settings.port, error) from error


async def _played(server: Any, beside: Callable[[threading.Event], bool], ends: threading.Event) -> None:
    goes_on = False
    try:
        goes_on = await asyncio.to_thread(beside, ends)
    finally:
        server.should_exit = server.should_exit or not goes_on


def _tell(server: Any) -> None:
    """The first signal asks it to end, the second does not wait for the requests under way."""
    server.force_exit = server.should_exit
    server.should_exit = True
