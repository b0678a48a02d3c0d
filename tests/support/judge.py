"""A process that judges sealed returns again as a server does in the background: it can be killed at any moment."""

from __future__ import annotations

import asyncio
import os
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import asyncpg

from service.clock import system_clock
from service.returns.context import context_of
from service.returns.rejudging import keep_judging
from service.storage.database import Database
from service.storage.embedded import Urls
from tests.support.postgres import TestDatabase
from tests.support.process import FORKED
from tests.support.server import PUBLISHED

_KEPT = {
    "tally": "force, return_id, origin, counted, not_counted, open_cells, has_moves",
    "tally_cell": "force, return_id, margin, ruling, dimension, weight",
    "transition": "force, return_id, kind, ruling_before, stage_before, ruling_after, stage_after, weight, open_cells",
    "flip": "force, return_id, edition_before, ruling_before, ruling_after, weight",
    "shared_row": "force, return_id, case_id, shared_ref, shared_with, lead, ruling, stage, setting, year",
}
"""All that judging keeps, but for under which edition and when."""


class Judge:
    """One such process, whether it runs or not."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database
        self._running: BaseProcess | None = None
        self._tether: Connection | None = None

    async def start(self) -> None:
        """Start it; it ends by itself when this process is gone."""
        self._tether, far = FORKED.Pipe()
        self._running = FORKED.Process(target=_run, args=(self._database.urls, far), daemon=True)
        await asyncio.to_thread(self._running.start)
        far.close()

    async def kill(self) -> None:
        """kill -9: it learns nothing of it."""
        if self._running is not None and self._tether is not None:
            self._running.kill()
            await asyncio.to_thread(self._running.join)
            self._tether.close()
            self._running = self._tether = None


async def kept(database: TestDatabase, edition: int) -> dict[str, str | None]:
    """A digest of everything that was judged under an edition, by table; None where there is nothing."""
    connection = await asyncpg.connect(database.urls.admin)
    try:
        return {
            table: await connection.fetchval(
                f"select md5(string_agg(r::text, ';' order by r::text)) from (select {columns} from {table} "
                f"where {'edition_after' if table == 'flip' else 'edition'} = $1) r",
                edition,
            )
            for table, columns in _KEPT.items()
        }
    finally:
        await connection.close()


def _run(urls: Urls, tether: Connection) -> None:
    asyncio.run(_judge(urls, tether))


async def _judge(urls: Urls, tether: Connection) -> None:
    asyncio.get_running_loop().add_reader(tether.fileno(), os._exit, 1)  # it says nothing: it is readable at its end
    db = await Database.connect(urls.service, owner_url=urls.owner)
    await keep_judging(context_of(db, PUBLISHED, next(iter(PUBLISHED.terms.values())), system_clock))
