"""What a bridge says of a force that counted before and counts again: what it had sent is coverage, all of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest_asyncio
from msgspec.structs import replace

from service.returns.context import Context
from service.returns.following import under
from service.returns.lifecycle import withdraw_return
from service.storage.database import Database
from service.storage.position import latest
from service.terms.adopt import adopt
from service.terms.calendar import Period
from tests.support.bridges import bridge_between, sum_of
from tests.support.returns import LEAD, a_case, a_service, published, reported

WIDE = "2025-11-wide"


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A service of its own for each test, long after the returns that are sent to it are due."""
    return await a_service(database, datetime(2030, 6, 1, 9, tzinfo=UTC))


async def _kent(context: Context) -> int:
    """Two months of kent: four cases in the end, one of which came into scope by a correction."""
    await reported(
        context, "kent", "2025-11", [a_case("K/1"), a_case("K/2", suspect_count="1", suspects_not_recorded="1")]
    )
    rows = [a_case("K/2"), a_case("K/3"), a_case("K/4")]
    return (await reported(context, "kent", "2025-12", rows)).sealed_position


async def _now(context: Context) -> int:
    async with context.db.national() as tx:
        return (await latest(tx)).position


async def _terms(context: Context, name: str, until: Period | None, successor: str | None = None) -> Context:
    """The service under terms by which kent takes part until then."""
    terms = context.terms
    taking_part = tuple(
        replace(item, until=until, successor=successor) if item.force == "kent" else item
        for item in terms.participation
    )
    changed = replace(terms, edition=name, hash=f"{until}".rjust(64, "0"), participation=taking_part)
    await adopt(context.db, published(), changed, context.now())
    return under(context, changed)


async def _parts(context: Context, before: int, after: int) -> list[tuple[str, str | None, int]]:
    found = await bridge_between(context, (before, WIDE), (after, WIDE))
    assert found.opening.in_scope + sum_of(found).in_scope == found.closing.in_scope
    return [(part.cause.value, part.rule, part.delta.in_scope) for part in found.parts]


async def test_a_force_whose_successor_takes_its_return_back_is_coverage_as_on_the_way_out(context: Context) -> None:
    first = await _kent(context)
    context = await _terms(context, "2030-05", Period(2025, 12), "essex")
    heir = await reported(context, "essex", "2026-01", [a_case("E/1")])
    await withdraw_return(context, LEAD, heir.force, heir.id, "Taken back.")
    again = await _now(context)
    assert await _parts(context, first, heir.sealed_position) == [("coverage", None, -3)]
    assert await _parts(context, heir.sealed_position, again) == [("coverage", None, 3)]
    assert await _parts(context, first, again) == []


async def test_a_force_that_leaves_and_joins_again_is_coverage_and_news_is_only_what_it_sends_then(
    context: Context,
) -> None:
    first = await _kent(context)
    context = await _terms(context, "2030-04", Period(2025, 12))
    left = (await reported(context, "essex", "2025-11", [a_case("E/1")])).sealed_position
    context = await _terms(context, "2030-05", None)
    joined = (await reported(context, "surrey", "2025-11", [a_case("S/1")])).sealed_position
    last = (await reported(context, "kent", "2026-01", [a_case("K/5")])).sealed_position
    assert await _parts(context, first, left) == [("coverage", None, -3)]
    assert await _parts(context, left, joined) == [("coverage", None, 5)]
    assert await _parts(context, left, last) == [("coverage", None, 5), ("newly_identified", None, 1)]


async def test_a_corrected_month_that_counts_again_is_coverage(context: Context) -> None:
    await reported(context, "kent", "2025-11", [a_case("K/1")])
    newest = await reported(context, "kent", "2025-12", [a_case("K/2")])
    await reported(
        context, "kent", "2025-11", [a_case("K/1", suspect_count="1", suspects_not_recorded="1")], corrects=1
    )
    before = await _now(context)
    await withdraw_return(context, LEAD, newest.force, newest.id, "Taken back.")
    assert {cause for cause, _, _ in await _parts(context, before, await _now(context))} == {"coverage"}
