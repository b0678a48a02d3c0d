"""What a bridge says of shared cases where a force goes over to numbers for their year, and back: detail, all of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest_asyncio

from service.returns.context import Context
from service.returns.upload import Mode
from service.storage.database import Database
from service.tally.count import Years
from service.tally.moves import Cause
from tests.support.bridges import bridge_between
from tests.support.returns import a_case, a_service, csv_of, explained, opened, sealed, sent
from tests.support.stock import missing_in, word_on

WIDE = "2025-11-wide"
CASES, NUMBERS = (2014, 2015), (2015,)
ALL_DETAIL = {Cause.DETAIL}


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A service of its own for each test."""
    return await a_service(database)


async def _seal(context: Context, force: str, period: str, years: tuple[int, ...], *others: str) -> int:
    """What a force holds of the shared case, if others are named: all of them say that essex leads."""
    item = await opened(context, force, period, case_years=Years(listed=years, unknown=False))
    if others:
        said = {"shared_ref": "essex:1", "lead_force": "essex", "shared_with": ";".join(others)}
        row = a_case("C/1", suspect_count="3", suspects_not_recorded="3", nfa_date="2014-03-07", **said)
        await sent(context, item, [row])
    await explained(context, item)
    return (await sealed(context, item)).sealed_position


async def _moved(context: Context, before: int, after: int) -> tuple[set[Cause], int, Mapping[str, int]]:
    """Under which causes something moved, how far the nation moved, and each force of which something moved."""
    found = await bridge_between(context, (before, WIDE), (after, WIDE))
    names = {context.force_number(name): name for name in ("kent", "essex", "surrey")}
    forces = {
        names[force]: sum(part.delta.in_scope for part in each.parts)
        for force, each in found.forces.items()
        if each.parts
    }
    causes = {part.cause for each in (found, *found.forces.values()) for part in each.parts}
    return causes, found.closing.in_scope - found.opening.in_scope, forces


async def _agreed(context: Context) -> int:
    await _seal(context, "kent", "2025-11", CASES, "essex")
    return await _seal(context, "essex", "2025-11", CASES, "kent")


async def test_a_year_that_the_lead_reports_as_numbers_is_detail_of_both(context: Context) -> None:
    agreed = await _agreed(context)
    numbers = await _seal(context, "essex", "2025-12", NUMBERS)
    again = await _seal(context, "essex", "2026-01", CASES)
    assert await _moved(context, agreed, numbers) == (ALL_DETAIL, 0, {"essex": -1, "kent": 1})
    assert await _moved(context, numbers, again) == (ALL_DETAIL, 0, {"essex": 1, "kent": -1})
    assert await _moved(context, agreed, again) == (set(), 0, {})


async def test_a_year_that_another_than_the_lead_reports_as_numbers_is_detail(context: Context) -> None:
    agreed = await _agreed(context)
    numbers = await _seal(context, "kent", "2025-12", NUMBERS)
    again = await _seal(context, "kent", "2026-01", CASES)
    assert await _moved(context, agreed, numbers) == (set(), 0, {})
    assert await _moved(context, numbers, again) == (set(), 0, {})


async def test_a_third_that_reports_the_year_as_numbers_is_detail_of_all(context: Context) -> None:
    await _seal(context, "kent", "2025-11", CASES, "essex", "surrey")
    await _seal(context, "surrey", "2025-11", CASES, "essex", "kent")
    agreed = await _seal(context, "essex", "2025-11", CASES, "kent", "surrey")
    numbers = await _seal(context, "surrey", "2025-12", NUMBERS)
    again = await _seal(context, "surrey", "2026-01", CASES)
    assert await _moved(context, agreed, numbers) == (ALL_DETAIL, 1, {"kent": 1})
    assert await _moved(context, numbers, again) == (ALL_DETAIL, -1, {"kent": -1})


async def test_a_case_that_is_withdrawn_as_its_year_goes_to_numbers_is_withdrawn(context: Context) -> None:
    agreed = await _agreed(context)
    item = await opened(context, "essex", "2025-12", case_years=Years(listed=NUMBERS, unknown=False))
    await sent(context, item, csv_of([a_case("C/2", nfa_date="2015-03-07")]), mode=Mode.SNAPSHOT)
    for name in await missing_in(context, item):
        if name is not None:
            await word_on(context, item, "withdraw", name, reason="not_in_search")
    await explained(context, item)
    done = await sealed(context, item)
    causes, nation, forces = await _moved(context, agreed, done.sealed_position)
    assert (causes, nation, forces) == ({Cause.NEWLY_IDENTIFIED, Cause.WITHDRAWN}, 1, {"essex": 0, "kent": 1})


async def test_a_case_whose_own_year_becomes_one_that_is_reported_as_numbers_is_detail(context: Context) -> None:
    agreed = await _agreed(context)
    item = await opened(context, "essex", "2025-12")
    await sent(context, item, [{"case_ref": "C/1", "nfa_date": "2013-03-07"}])
    await explained(context, item)
    done = await sealed(context, item)
    assert await _moved(context, agreed, done.sealed_position) == (ALL_DETAIL, 0, {"essex": -1, "kent": 1})
