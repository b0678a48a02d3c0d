"""The one order of all changes: no gaps, never backwards, whoever writes at the same time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from service.storage.database import Database
from service.storage.position import Position, advance, latest, position_at

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


async def test_the_first_change_is_number_one_and_keeps_its_moment(database: Database) -> None:
    async with database.app() as tx:
        assert await latest(tx) == Position(0, datetime(2000, 1, 1, tzinfo=UTC))
        made = await advance(tx, "return_sealed", NOON, force=None, subject="a")
    assert made == Position(1, NOON)
    async with database.national() as tx:
        assert await latest(tx) == made
        assert (await tx.execute(text("select * from change"))).one() == (1, NOON, "return_sealed", None, "a")


async def test_a_clock_that_steps_back_does_not_take_the_order_with_it(database: Database) -> None:
    async with database.app() as tx:
        await advance(tx, "first", NOON)
        second = await advance(tx, "second", NOON - timedelta(hours=1))
    assert second == Position(2, NOON)


async def test_a_transaction_that_fails_leaves_no_gap(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with database.app() as tx:
            await advance(tx, "never_happened", NOON)
            raise ZeroDivisionError
    async with database.app() as tx:
        assert (await advance(tx, "happened", NOON)).position == 1


async def test_many_writers_at_once_make_one_order_without_gaps(database: Database) -> None:
    async def write(n: int) -> Position:
        async with database.force(n % 3) as tx:
            return await advance(tx, "return_sealed", NOON + timedelta(seconds=n % 7), force=n % 3)

    made = await asyncio.gather(*(write(n) for n in range(40)))
    assert sorted(p.position for p in made) == list(range(1, 41))
    ordered = [p.at for p in sorted(made, key=lambda p: p.position)]
    assert ordered == sorted(ordered)


async def test_a_moment_is_found_by_every_role_whichever_changes_it_may_see(database: Database) -> None:
    async with database.force(1) as tx:
        await advance(tx, "return_sealed", NOON, force=1)
        await advance(tx, "return_sealed", NOON, force=1)
        await advance(tx, "return_sealed", NOON + timedelta(minutes=1), force=1)
    for begin in (database.force(2), database.national(), database.judge()):
        async with begin as tx:
            assert (await position_at(tx, NOON)).position == 2
            assert (await position_at(tx, NOON - timedelta(minutes=1))).position == 0
            assert (await position_at(tx, NOON + timedelta(days=1))).position == 3


async def test_a_force_sees_its_own_changes_and_those_of_everyone(database: Database) -> None:
    async with database.app() as tx:
        for force in (1, 2, None):
            await advance(tx, "changed", NOON, force=force)
    async with database.force(1) as tx:
        assert (await tx.scalars(text("select position from change order by 1"))).all() == [1, 3]
    async with database.app() as tx:
        assert (await tx.scalars(text("select position from change"))).all() == [3]
    async with database.judge() as tx:
        assert (await tx.scalars(text("select position from change order by 1"))).all() == [1, 2, 3]
