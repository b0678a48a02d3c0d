"""A file that is wrong in every row must not cost much more than a clean one: that is what a first file is.

Both are whole uploads, from the spooled file to the draft that is committed, each into a fresh return.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

from benchmarks.files import clean_csv, wrong_csv
from benchmarks.harness import Bound, Figure, by_turns_async, ratio
from benchmarks.stage import a_database, a_server
from service.returns.context import Context
from tests.support.returns import a_service, opened, published, sent

_ROWS: Final = 9_000


async def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    rows = int(_ROWS * scale)
    clean, wrong = clean_csv(rows), wrong_csv(rows)
    async with a_server() as server, a_database(server) as database:
        context = await a_service(database.db)
        forces, turn = published().terms["2025-11"].forces(), count()

        def uploading(content: bytes, held: int) -> Callable[[], Awaitable[float]]:
            return lambda: _uploaded(context, forces[next(turn) % len(forces)], content, held)

        turns = await by_turns_async(uploading(wrong, rows), uploading(clean, 0), pairs)
    what = f"{rows:,} rows of CSV with one wrong cell in every row, from the file to the draft : the same rows clean"
    return [ratio(what, Bound(most=3), turns)]


async def _uploaded(context: Context, force: str, content: bytes, held: int) -> float:
    item = await opened(context, force)
    began = time.perf_counter()
    answer = await sent(context, item, content)
    spent = time.perf_counter() - began
    if answer.held != held:
        raise RuntimeError(f"{answer.held} rows were held, and {held} are wrong")
    return spent
