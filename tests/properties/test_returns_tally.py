"""What a seal counts is what the reference evaluator counts, and a cell of n is n cases (semantics 1-11, 27)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.contract.model import PartName
from service.demo.generate import aggregates, cases, plan, workforce
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.model import Open, Sealed
from service.returns.withdrawals import delete_case
from service.storage.database import Database
from service.tally.count import Years
from tests.support.cells import good_rows
from tests.support.returns import LEAD, a_service, again, explained, opened, sealed, sent
from tests.support.stock import assert_tallies_are_right, comparable, ids_of, offline_digest, tallies_of, years

RARE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
PERIOD = "2026-02"


@pytest_asyncio.fixture(scope="module")
async def context(module_database: Database) -> Context:
    return await a_service(module_database)


async def counted(
    context: Context,
    force: str,
    covers: Years,
    rows: Sequence[dict[str, str]] = (),
    cells: Sequence[dict[str, str]] = (),
) -> Sealed:
    """A sealed return of these cases and cells; it is to be withdrawn before the force reports again."""
    item = await opened(context, force, PERIOD, case_years=covers)
    if rows:
        answer = await sent(context, item, rows)
        assert answer.accepted == len(rows)
    if cells:
        answer = await sent(context, item, cells, part=PartName.AGGREGATE)
        assert answer.accepted == len(cells)
    await explained(context, item)
    return await sealed(context, item)


async def undone(context: Context, item: Sealed) -> None:
    await withdraw_return(context, LEAD, item.force, item.id, "For the next example.")


distinct_cells = st.lists(
    st.tuples(good_rows(exact_stage=False), st.sampled_from(["0", "1", "7", "12000", "not_provided", ""])),
    max_size=25,
    unique_by=lambda cell: tuple(cell[0].items()),
)
declared = st.sampled_from(
    [Years(listed=None, unknown=True), years(), years(unknown=True), years(2010, 2014), years(2014, unknown=True)]
)


@given(covers=declared, rows=st.lists(good_rows(), min_size=15, max_size=40), cells=distinct_cells)
@settings(RARE, max_examples=12)
async def test_the_tallies_of_random_cases_and_cells_are_the_references(
    context: Context, covers: Years, rows: list[dict[str, str]], cells: list[tuple[dict[str, str], str]]
) -> None:
    named = [{"case_ref": f"K/{number}", **row} for number, row in enumerate(rows)]
    item = await counted(context, "kent", covers, named, [{**row, "cases": weight} for row, weight in cells])
    await assert_tallies_are_right(context, item)
    assert await offline_digest(context, item) == item.receipt["digest"]
    await undone(context, item)


@given(
    covers=declared,
    rows=st.lists(good_rows(), min_size=15, max_size=30),
    change=st.lists(good_rows(), min_size=1, max_size=4),
    gone=st.integers(0, 2),
    cells=distinct_cells,
    other_cells=st.none() | distinct_cells,
)
@settings(RARE, max_examples=12)
async def test_the_tallies_of_a_return_that_starts_from_another_are_the_references(
    context: Context,
    covers: Years,
    rows: list[dict[str, str]],
    change: list[dict[str, str]],
    gone: int,
    cells: list[tuple[dict[str, str], str]],
    other_cells: list[tuple[dict[str, str], str]] | None,
) -> None:
    """What changes is counted on top of the return before: rows new, changed and withdrawn, and other cells."""
    named = [{"case_ref": f"K/{number}", **row} for number, row in enumerate(rows)]
    first = await counted(context, "norfolk", covers, named, [{**row, "cases": weight} for row, weight in cells])
    item = await opened(context, "norfolk", "2026-03", case_years=covers)
    await sent(context, item, [{"case_ref": f"K/{13 + number}", **row} for number, row in enumerate(change)])
    for reference in [f"K/{number}" for number in range(gone)]:
        now = await again(context, item)
        assert isinstance(now, Open)
        case_id = (await ids_of(context, item))[reference]
        await delete_case(context, LEAD, now, case_id, "duplicate", None, None)
    if other_cells is not None:
        sending = [{**row, "cases": weight} for row, weight in other_cells]
        await sent(context, item, sending or b"cases\n", part=PartName.AGGREGATE)
    await explained(context, item)
    second = await sealed(context, item)
    await assert_tallies_are_right(context, second)
    await undone(context, second)
    await undone(context, first)


@given(
    st.lists(
        st.tuples(good_rows(), st.integers(1, 9)), min_size=4, max_size=12, unique_by=lambda c: tuple(c[0].items())
    )
)
@settings(RARE, max_examples=8)
async def test_a_cell_of_a_weight_counts_as_that_many_cases_alike(
    context: Context, groups: list[tuple[dict[str, str], int]]
) -> None:
    alike = [row for row, weight in groups for _ in range(weight)]
    by_case = await counted(
        context,
        "essex",
        Years(listed=None, unknown=True),
        rows=[{"case_ref": f"K/{number}", **row} for number, row in enumerate(alike)],
    )
    by_cell = await counted(context, "surrey", years(), cells=[{**row, "cases": str(weight)} for row, weight in groups])
    ones, weights = await tallies_of(context, by_case), await tallies_of(context, by_cell)
    assert ones.keys() == weights.keys()
    for name, tally in ones.items():
        assert comparable(tally) == comparable(weights[name])
    await undone(context, by_case)
    await undone(context, by_cell)


@pytest.mark.parametrize("force", ["durham", "west-mercia", "sussex"])
async def test_the_tallies_of_a_synthetic_force_are_the_references(context: Context, force: str) -> None:
    country = plan(date(2026, 3, 3), cases=4_000)
    item = await opened(context, force, PERIOD, case_years=years(*range(2010, 2020)))
    rows = list(cases(force, country, PERIOD))
    parts = {
        PartName.CASE: rows,
        PartName.AGGREGATE: list(aggregates(force, country, PERIOD)),
        PartName.WORKFORCE: list(workforce(force, country, PERIOD)),
    }
    for part, sending in parts.items():
        if sending:
            await sent(context, item, sending, part=part)
    await explained(context, item)
    done = await sealed(context, item)
    await assert_tallies_are_right(context, done)
    assert await offline_digest(context, done) == done.receipt["digest"]
