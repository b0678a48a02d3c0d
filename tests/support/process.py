"""The service as a process of its own, so that it can be killed at any moment and started again.

It is forked from a process that has imported everything and read the contracts, so a start takes a moment only; it
starts as ``case-returns serve`` does. It ends by itself when the tests' process is gone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

from service.app import create_app, parts_of
from service.cli.start import connected, listen, serve_until_told
from service.clock import system_clock
from service.identity.client import token_form
from service.identity.clients import Addresses, add_client
from service.settings import Settings
from service.storage.embedded import Urls
from service.terms.adopt import adopt
from tests.support.postgres import TestDatabase
from tests.support.server import FORCE_ALL, PUBLISHED

TERMS = next(iter(PUBLISHED.terms.values()))
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload([__name__])


class Forked:
    """A process of its own, whether it runs or not; it ends by itself when this one is gone."""

    def __init__(self) -> None:
        self._running: BaseProcess | None = None
        self._tether: Connection | None = None

    async def fork(self, target: Callable[..., None], *given: Any) -> None:
        """Start it: ``target`` is given these, and the far end of a pipe that is readable when it has to end."""
        self._tether, far = FORKED.Pipe()
        self._running = FORKED.Process(target=target, args=(*given, far), daemon=True)
        await asyncio.to_thread(self._running.start)
        far.close()

    async def kill(self) -> None:
        """kill -9: it learns nothing of it."""
        if self._running is not None and self._tether is not None:
            self._running.kill()
            await asyncio.to_thread(self._running.join)
            self._tether.close()
            self._running = self._tether = None


class Process(Forked):
    """The service over one database, on one port."""

    def __init__(self, database: TestDatabase, folder: Path, port: int) -> None:
        super().__init__()
        self.database = database
        self.settings = Settings(data=folder, port=port)
        self._clients: list[httpx.AsyncClient] = []

    @property
    def pid(self) -> int:
        """The number of the running process."""
        assert self._running is not None
        assert self._running.pid is not None
        return self._running.pid

    def receives(self) -> bool:
        """Whether it is receiving an upload: it has a file open that has no name."""
        unnamed = 0
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(OSError):
                target = str(entry.readlink())
                unnamed += int(entry.name) > 2 and target.startswith(tempfile.gettempdir()) and "(deleted)" in target
        return unnamed > 0

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        await self.fork(_run, self.settings, self.database.urls)
        said = await asyncio.to_thread(self._heard)
        assert said == "ready", said

    def _heard(self) -> str:
        assert self._tether is not None
        assert self._tether.poll(60), "the service did not start in a minute"
        with suppress(EOFError):
            return str(self._tether.recv())
        return "the service ended while it started"

    async def client(self, force: str) -> httpx.AsyncClient:
        """An HTTP client of a force; its token outlives the process."""
        if self._running is None:
            await self.start()
        http = httpx.AsyncClient(base_url=self.settings.url(), timeout=60)
        self._clients.append(http)
        key = await add_client(
            self.database.db,
            f"A client of {force}",
            force=force,
            permissions=FORCE_ALL,
            addresses=Addresses(self.settings.url()),
            now=system_clock(),
            forces=PUBLISHED.library.lists[TERMS.force_list].by_code,
        )
        answered = await http.post(key.token_endpoint, data=token_form(key, system_clock(), None))
        http.headers["Authorization"] = f"Bearer {answered.json()['access_token']}"
        return http

    async def close(self) -> None:
        await self.kill()
        for http in self._clients:
            await http.aclose()


@asynccontextmanager
async def a_process(database: TestDatabase, folder: Path) -> AsyncIterator[Process]:
    """A running service of its own process; killed at the end, if it was not before."""
    with socket.socket() as kept:  # bound and not listening: nobody else is given the port while the service is away
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        process = Process(database, folder, kept.getsockname()[1])
        try:
            await process.start()
            yield process
        finally:
            await process.close()


def _run(settings: Settings, urls: Urls, tether: Connection) -> None:
    asyncio.run(_serve(settings, urls, tether))


async def _serve(settings: Settings, urls: Urls, tether: Connection) -> None:
    asyncio.get_running_loop().add_reader(tether.fileno(), os._exit, 1)  # it says nothing: it is readable at its end
    listening = listen(settings.host, settings.port)
    async with connected(settings, PUBLISHED, urls) as db:
        await adopt(db, PUBLISHED, TERMS, system_clock())
        app = create_app(parts_of(settings, db, PUBLISHED, TERMS))
        await serve_until_told(app, settings, listening, lambda: tether.send("ready"))
