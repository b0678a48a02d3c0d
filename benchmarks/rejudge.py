"""A change of scope over a million cases in 540 returns: judging all of them again, reading meanwhile, and the bridge.

There are two peers of judging. The one is the barest thing that gives three verdicts over the cases that stand: one
``count(*)`` by verdict over a plain table in which every value is exact, by a definition written by hand. The other is
the same count over the cases as they are stored, with their ranges, by the edition that is judged again. Ours is every
tally of every return, its transitions against the return before, and its flips against the edition that is followed;
each case version judged once.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from functools import partial
from typing import Final

import asyncpg
import msgspec

from benchmarks.harness import Bound, Figure, Pair, by_turns_async, ratio
from benchmarks.history import JUDGED, PERIODS, History, a_history
from benchmarks.scope import barest, make_exact
from benchmarks.stage import a_database, a_server, plain_connection
from service.contract.upgrade import reading_sql
from service.criteria.sql import condition_sql
from service.criteria.tree import And
from service.picture.answer import answer
from service.picture.bridge_answer import bridge_answer
from service.picture.bridge_export import as_document as bridge_document
from service.picture.bridge_question import bridge_question
from service.picture.export import as_document
from service.picture.question import question
from service.register.columns import OPEN_END
from service.returns.rejudging import judge_remaining
from tests.support.returns import published

_CASES: Final = 1_000_000
_EDITION, _BEFORE = "2026-02-referral", "2025-11-wide"
_READS: Final = 20
"""Reads a turn, so that a turn is long enough to be measured."""


async def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    async with a_server() as server, a_database(server) as database:
        history = await a_history(database, int(_CASES * scale))
        assert await judge_remaining(history.context, 2) == 2 * history.returns
        async with plain_connection(database) as plain:
            await make_exact(plain, history.context)
            return [
                *await _judging(plain, history, pairs),
                await _reading(plain, history, pairs),
                await _bridging(history, pairs),
            ]


async def _judging(plain: asyncpg.Connection, history: History, pairs: int) -> list[Figure]:
    exact = "over the exact columns of the cases that stand"
    stored = "over the cases that stand, as they are stored, under the same edition"
    figures = []
    for count, over in ((barest(history.context), exact), (_as_stored(history), stored)):
        for workers, words, bound in ((2, "two workers", Bound(most=4, aim=2.5)), (1, "one worker", Bound())):
            turns = await by_turns_async(
                partial(_judged, plain, history, workers), partial(_counted, plain, count), pairs
            )
            rate = history.cases / statistics.median(turn.ours for turn in turns)
            what = (
                f"{history.cases:,} cases in {history.returns} returns of {PERIODS} periods ({history.versions:,} "
                f"versions) judged again by {words}, {rate:,.0f} cases a second : barest three-valued count(*) by "
                f"verdict {over}"
            )
            figures.append(ratio(what, bound, turns))
    return figures


def _as_stored(history: History) -> str:
    """What the edition's rules say together, of every stored case that stands: ranges and sets of codes as they are."""
    library, edition = history.context.library, history.context.editions[_EDITION]
    verdict = condition_sql(And(edition.definition.rules), reading_sql(library, edition.vocabulary, "o"))
    return f"select {verdict} as verdict, count(*) from case_version o where o.line_to = {OPEN_END} group by 1"


async def _counted(plain: asyncpg.Connection, count: str) -> float:
    began = time.perf_counter()
    await plain.fetch(count)
    return time.perf_counter() - began


async def _judged(plain: asyncpg.Connection, history: History, workers: int) -> float:
    """Seconds to judge every return under the edition, of which nothing is there."""
    await _forget(plain)
    began = time.perf_counter()
    assert await judge_remaining(history.context, workers) == history.returns
    return time.perf_counter() - began


async def _forget(plain: asyncpg.Connection) -> None:
    """As if the edition had been proposed this moment."""
    edition = await plain.fetchval("select id from scope_edition where name = $1", _EDITION)
    for table in JUDGED:
        column = "edition_after" if table == "flip" else "edition"
        await plain.execute(f"delete from {table} where {column} = $1", edition)
        await plain.execute(f"vacuum analyze {table}")


async def _reading(plain: asyncpg.Connection, history: History, pairs: int) -> Figure:
    """How long a reader of the picture waits while one worker judges, and when nobody does."""
    turns = []
    for _ in range(pairs):
        await _forget(plain)
        idle = [await _picture(history) for _ in range(_READS)]
        judging = asyncio.create_task(judge_remaining(history.context, 1))
        busy = []
        while not judging.done():
            busy.append(await _picture(history))
        await judging
        turns.append(Pair(statistics.median(busy), statistics.median(idle)))
    what = "national picture by force and stage, the median read while one worker judges them again : while nobody does"
    return ratio(what, Bound(most=2), turns)


async def _bridging(history: History, pairs: int) -> Figure:
    async def ours() -> float:
        return sum([await _bridge(history) for _ in range(_READS)])

    async def peer() -> float:
        return sum([await _picture(history) for _ in range(_READS)])

    turns = await by_turns_async(ours, peer, pairs)
    what = f"bridge over {PERIODS} periods and two editions, {history.cases:,} cases : the national picture of the same"
    return ratio(what, Bound(most=3), turns)


async def _picture(history: History) -> float:
    """Seconds to the very bytes of the answer."""
    now = history.context.now()
    asked = question([("by", "force,stage")], now)
    began = time.perf_counter()
    async with history.context.db.national() as tx:
        found = await answer(tx, published(), asked, now)
    assert msgspec.json.encode(as_document(found))
    return time.perf_counter() - began


async def _bridge(history: History) -> float:
    """The same of the bridge, from where every force had sealed its first return to the last change."""
    now = history.context.now()
    asked = bridge_question([("from", str(history.opening)), ("from_scope", _BEFORE), ("to_scope", _EDITION)], now)
    began = time.perf_counter()
    async with history.context.db.national() as tx:
        found = await bridge_answer(tx, published(), asked, now)
    document = bridge_document(found, by_force=False)
    assert document.parts
    assert msgspec.json.encode(document)
    return time.perf_counter() - began
