"""Reads ahead of whoever deals with what was read, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

T = TypeVar("T")

DEPTH: Final = 4
"""So many steps are asked for at once: the thread goes on while the database checks what came from some of them."""


async def read_ahead(step: Callable[[], T | None], depth: int = DEPTH) -> AsyncGenerator[T, None]:
    """What ``step`` gives until it gives None, one call after another in one thread, and the next ``depth`` while the
    last is dealt with. To be closed by whoever stops before the end: no call is under way when it is closed."""
    loop, context = asyncio.get_running_loop(), copy_context()
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead")
    ahead: deque[asyncio.Future[T | None]] = deque()

    def ask() -> None:
        ahead.append(loop.run_in_executor(thread, context.run, step))

    try:
        for _ in range(depth):
            ask()
        while (found := await asyncio.shield(ahead[0])) is not None:
            ahead.popleft()
            ask()
            yield found
    finally:
        # A thread cannot be called off: it must have let go of the file before the caller takes it away.
        await asyncio.shield(asyncio.to_thread(thread.shutdown, cancel_futures=True))
        await asyncio.gather(*ahead, return_exceptions=True)
