"""Reading the national picture of a country with a million cases, against one with ten thousand.

Both are asked of the running database as the API asks, by force and stage, to the very bytes of the answer; for as many
forces, so that only the number of cases differs.
"""

from __future__ import annotations

import time
from typing import Final

import msgspec

from benchmarks.country import Country, a_country
from benchmarks.harness import Bound, Figure, by_turns_async, ratio
from benchmarks.stage import a_database, a_server
from service.picture.answer import answer
from service.picture.export import as_document
from service.picture.question import question
from tests.support.postgres import TestDatabase
from tests.support.returns import published

_MANY: Final = 1_000_000
_FEW: Final = 10_000
_READS: Final = 20
"""Reads a turn, so that a turn is long enough to be measured."""


async def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    async with a_server() as server, a_database(server) as large, a_database(server) as small:
        many, few = await a_country(large, int(_MANY * scale)), await a_country(small, _FEW)

        async def ours() -> float:
            return await _read(large, many)

        async def peer() -> float:
            return await _read(small, few)

        turns = await by_turns_async(ours, peer, pairs)
    what = f"national picture by force and stage, {many.cases:,} cases : the same of {few.cases:,}"
    return [ratio(what, Bound(most=1.5), turns, note=f"{_READS} reads a turn")]


async def _read(database: TestDatabase, country: Country) -> float:
    asked = question([("by", "force,stage")], country.context.now())
    began = time.perf_counter()
    for _ in range(_READS):
        async with database.db.national() as tx:
            found = await answer(tx, published(), asked, country.context.now())
        assert msgspec.json.encode(as_document(found))
    return time.perf_counter() - began
