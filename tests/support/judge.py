"""A process that judges sealed returns again as a server does in the background: it can be killed at any moment."""

from __future__ import annotations

import asyncio
import os
from multiprocessing.connection import Connection

import asyncpg

from service.clock import system_clock
from service.returns.context import context_of
from service.returns.rejudging import keep_judging
from service.storage.database import Database
from service.storage.embedded import Urls
from tests.support.postgres import TestDatabase
from tests.support.process import Forked
from tests.support.server import PUBLISHED

_KEPT = {
    "tally": "force, return_id, origin, counted, not_counted, open_cells, has_moves",
    "tally_cell": "force, return_id, margin, ruling, dimension, weight",
    "transition": "force, return_id, kind, ruling_before, stage_before, ruling_after, stage_after, weight, open_cells",
    "flip": "force, return_id, edition_before, ruling_before, ruling_after, weight",
    "shared_row": "force, return_id, case_id, shared_ref, shared_with, lead, ruling, stage, setting, year",
}
"""All that judging keeps, but for under which edition and when."""


class Judge(Forked):
    """One such process."""

    def __init__(self, database: TestDatabase) -> None:
        super().__init__()
        self._database = database

    async def start(self) -> None:
        """Start it."""
        await self.fork(_run, self._database.urls)


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
