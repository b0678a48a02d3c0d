"""Reading ahead in a thread: in order, one at a time, and nothing under way once it is closed."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from contextvars import ContextVar

import pytest

from service.returns.ahead import read_ahead


async def test_what_is_read_ahead_comes_in_order_to_its_end() -> None:
    items = iter(range(10))
    assert [item async for item in read_ahead(lambda: next(items, None))] == list(range(10))


async def test_no_more_than_the_depth_is_read_ahead_of_what_was_taken() -> None:
    items, read = iter(range(100)), threading.Semaphore(0)

    def step() -> int | None:
        read.release()
        return next(items, None)

    async with aclosing(read_ahead(step, depth=3)) as ahead:
        assert await anext(ahead) == 0
        for _ in range(4):  # the one that was taken, and three more
            assert await asyncio.to_thread(read.acquire, timeout=10)
    assert next(items) <= 4


async def test_steps_are_never_under_way_at_once() -> None:
    items, busy = iter(range(50)), threading.Lock()

    def step() -> int | None:
        assert busy.acquire(blocking=False)
        try:
            return next(items, None)
        finally:
            busy.release()

    assert len([item async for item in read_ahead(step)]) == 50


async def test_an_error_of_a_step_comes_after_what_was_read_before_it() -> None:
    items = iter([1, 2])
    taken: list[int] = []

    def step() -> int:
        for item in items:
            return item
        raise LookupError("third")

    async def take() -> None:
        async with aclosing(read_ahead(step)) as ahead:
            async for item in ahead:
                taken.append(item)  # noqa: PERF401  what came before the error counts

    with pytest.raises(LookupError, match="third"):
        await take()
    assert taken == [1, 2]


async def test_once_it_is_closed_no_step_is_under_way() -> None:
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()
    steps = iter([lambda: 1, lambda: _slow(began, may_end, ended)])

    async def take_one() -> None:
        async with aclosing(read_ahead(lambda: next(steps, lambda: None)())) as ahead:
            assert await anext(ahead) == 1
            assert await asyncio.to_thread(began.wait, 10)

    taking = asyncio.create_task(take_one())
    assert await asyncio.to_thread(began.wait, 10)
    assert not taking.done()
    may_end.set()
    await taking
    assert ended.is_set()


def _slow(began: threading.Event, may_end: threading.Event, ended: threading.Event) -> int:
    began.set()
    may_end.wait(10)
    ended.set()
    return 2


async def test_a_step_sees_the_context_of_whoever_asked() -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")
    who.set("the request")
    seen = iter([None])

    def step() -> str | None:
        return who.get() if next(seen, 0) is None else None

    assert [item async for item in read_ahead(step)] == ["the request"]
