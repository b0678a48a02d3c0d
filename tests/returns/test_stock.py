"""What a draft was judged to come to is taken over at the seal, and counted on by the next return; never wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from service.contract.model import PartName
from service.returns.context import Context
from service.returns.model import AnyReturn
from service.tally.count import Years
from tests.support.returns import a_case, explained, opened, reported, sealed, sent
from tests.support.stock import assert_tallies_are_right, tallies_of, years

WIDE = "2025-11-wide"
STOCK = [a_case(f"K/{number}") for number in range(12)]


@contextmanager
def judging(context: Context) -> Iterator[list[str]]:
    """The statements that judge, as they run: each counts by the values of ``grouping sets``."""
    engine, seen = context.db._app.sync_engine, []

    def before(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "grouping sets" in statement:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", before)


async def tamper(context: Context, item: AnyReturn, change: str) -> None:
    """Change what is kept of a return's stock behind the service's back."""
    async with context.db.force(item.force) as tx:
        changed = await tx.execute(text(f"update judged_stock set {change} where return_id = :id"), {"id": item.id})
        assert changed.rowcount == 2


async def test_a_seal_takes_over_what_was_judged_when_the_draft_last_changed(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/2", stage="assessed")])
    await explained(context, item)  # an answer changes the draft, and none of its rows
    with judging(context) as seen:
        done = await sealed(context, item)
    assert seen == []
    await assert_tallies_are_right(context, done)


async def test_a_change_is_judged_by_itself_and_counted_on_top_of_the_base(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", STOCK)
    item = await opened(context, force, "2026-02")
    with judging(context) as seen:
        await sent(context, item, [a_case("K/1", victim_count="2", victims_not_recorded="2")])
    assert ["from draft_case" in statement and "union all" in statement for statement in seen] == [True]
    done = await sealed(context, await explained(context, item))
    await assert_tallies_are_right(context, done)


async def test_a_return_that_is_opened_from_another_is_judged_without_reading_a_row(
    context: Context, force: str
) -> None:
    await reported(context, force, "2026-01", STOCK)
    with judging(context) as seen:
        item = await opened(context, force, "2026-02")
    assert seen == []
    await assert_tallies_are_right(context, await sealed(context, item))


@pytest.mark.parametrize(
    "change",
    ["draft = draft - 1", "judged_by = sha256('another edition')", "groups = '[]'"],
    ids=["another draft", "judged otherwise", "not these cases"],
)
async def test_what_is_kept_is_not_used_where_it_may_not_hold(context: Context, force: str, change: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K/2", suspect_count="1", suspects_not_recorded="1")])
    await explained(context, item)
    await tamper(context, item, change)
    with judging(context) as seen:
        done = await sealed(context, item)
    assert len(seen) == 1
    await assert_tallies_are_right(context, done)


async def test_a_base_that_is_not_kept_as_it_was_sealed_is_not_counted_on(context: Context, force: str) -> None:
    base = await reported(context, force, "2026-01", STOCK)
    await tamper(context, base, "draft = draft + 1")
    item = await opened(context, force, "2026-02")
    await sent(context, item, [a_case("K/1", setting="gang")])
    done = await sealed(context, await explained(context, item))
    await assert_tallies_are_right(context, done)


async def test_other_declared_years_are_judged_anew(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [*STOCK, a_case("K/99", nfa_date="2011")])
    item = await opened(context, force, "2026-02", case_years=years(2014))
    done = await sealed(context, await explained(context, item))
    tally = (await tallies_of(context, done))[WIDE]
    assert (tally.counted, tally.not_counted) == (12, 1)
    await assert_tallies_are_right(context, done)


async def test_cells_that_are_sent_again_take_the_place_of_the_bases(context: Context, force: str) -> None:
    cell = {key: value for key, value in a_case().items() if key != "case_ref" and "not_recorded" not in key}
    none = Years(listed=(), unknown=False)
    item = await opened(context, force, "2026-01", case_years=none)
    await sent(context, item, STOCK)
    await sent(context, item, [cell | {"cases": "10"}], part=PartName.AGGREGATE)
    await sealed(context, await explained(context, item))
    item = await opened(context, force, "2026-02")
    await sent(context, item, [cell | {"cases": "not_provided"}], part=PartName.AGGREGATE)
    done = await sealed(context, await explained(context, item))
    tally = (await tallies_of(context, done))[WIDE]
    assert (tally.counted, tally.open_cells) == (0, 1)
    await assert_tallies_are_right(context, done)
