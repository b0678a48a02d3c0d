"""The years that the case part covers are declared: cases count in them, cells in the others (semantics 27)."""

from __future__ import annotations

from collections.abc import Sequence

from service.contract.model import PartName
from service.returns.context import Context
from service.returns.model import Sealed
from service.returns.reconcile import reconcile
from service.tally.count import Years
from tests.support.moves import moved, standing
from tests.support.returns import a_case, explained, opened, sealed, sent
from tests.support.stock import assert_tallies_are_right, cases_of, tallies_of, years

WIDE = "2025-11-wide"


def a_cell(**fields: str) -> dict[str, str]:
    """A cell that is in scope under the wide definition, but for what the test says."""
    usual = {key: value for key, value in a_case().items() if key != "case_ref" and "not_recorded" not in key}
    return usual | {"cases": "10"} | fields


async def declared(
    context: Context,
    force: str,
    covers: Years,
    cases: Sequence[dict[str, str]],
    cells: Sequence[dict[str, str]] = (),
) -> Sealed:
    """A sealed return of cases and cells that declares these years."""
    item = await opened(context, force, case_years=covers)
    if cases:
        await sent(context, item, cases)
    if cells:
        await sent(context, item, cells, part=PartName.AGGREGATE)
    await explained(context, item)
    return await sealed(context, item)


async def in_scope(context: Context, item: Sealed) -> tuple[int, int]:
    """How many are counted in scope under the wide definition, and how many are not counted."""
    tally = (await tallies_of(context, item))[WIDE]
    return tally.totals().in_scope, tally.not_counted


async def test_without_a_declaration_every_case_counts_and_no_cell(context: Context, force: str) -> None:
    cases = [a_case("K/1"), a_case("K/2", nfa_date="")]
    item = await declared(context, force, Years(listed=None, unknown=True), cases, [a_cell(nfa_date="2019")])
    assert (await tallies_of(context, item))[WIDE].counted == 2
    assert (await tallies_of(context, item))[WIDE].not_counted == 10


async def test_a_case_outside_the_declared_years_is_kept_and_not_counted(context: Context, force: str) -> None:
    cases = [a_case("K/1", nfa_date="2014-03"), a_case("K/2", nfa_date="2016")]
    item = await declared(context, force, years(2014), cases)
    assert await in_scope(context, item) == (1, 1)
    assert len(await cases_of(context, item)) == 2


async def test_cells_count_in_the_years_that_are_not_declared(context: Context, force: str) -> None:
    cells = [a_cell(nfa_date="2014"), a_cell(nfa_date="2015", cases="7"), a_cell(nfa_date="2016", cases="5")]
    item = await declared(context, force, years(2014), [a_case("K/1")], cells)
    assert await in_scope(context, item) == (1 + 7 + 5, 10)
    await assert_tallies_are_right(context, item)


async def test_the_first_case_does_not_make_the_aggregate_part_vanish(context: Context, force: str) -> None:
    item = await declared(context, force, years(), [a_case("K/1")], [a_cell(nfa_date="2014", cases="37")])
    assert await in_scope(context, item) == (37, 1)


async def test_a_case_of_an_unknown_year_counts_only_where_that_is_declared(context: Context, force: str) -> None:
    cases = [a_case("K/1"), a_case("K/2", nfa_date="")]
    item = await declared(context, force, years(2014), cases)
    assert (await tallies_of(context, item))[WIDE].not_counted == 1


async def test_the_unknown_year_can_be_declared_alone(context: Context, force: str) -> None:
    cases = [a_case("K/1"), a_case("K/2", nfa_date="2013/2014"), a_case("K/3", nfa_date="")]
    item = await declared(context, force, years(unknown=True), cases, [a_cell(nfa_date="2014", cases="4")])
    tally = (await tallies_of(context, item))[WIDE]
    assert (tally.counted, tally.not_counted) == (2 + 4, 1)
    await assert_tallies_are_right(context, item)


async def test_a_range_over_two_years_belongs_to_the_unknown_year(context: Context, force: str) -> None:
    cases = [a_case("K/1", nfa_date="2013/2014"), a_case("K/2", nfa_date="2013-02/2013-11")]
    item = await declared(context, force, years(2013, 2014), cases)
    assert await in_scope(context, item) == (1, 1)


async def test_a_cell_of_an_unknown_year_counts_where_that_year_is_not_by_case(context: Context, force: str) -> None:
    cells = [a_cell(nfa_date="", cases="3"), a_cell(nfa_date="2014", cases="9")]
    item = await declared(context, force, years(2014), [a_case("K/1")], cells)
    tally = (await tallies_of(context, item))[WIDE]
    assert (tally.counted, tally.not_counted) == (1 + 3, 9)


async def test_cells_alone_are_a_return(context: Context, force: str) -> None:
    cells = [a_cell(nfa_date="2014"), a_cell(nfa_date="2015", suspect_count="1", cases="4")]
    item = await declared(context, force, years(), [], cells)
    totals = (await tallies_of(context, item))[WIDE].totals()
    assert (totals.in_scope, totals.out_of_scope) == (10, 4)
    await assert_tallies_are_right(context, item)


async def test_a_cell_without_a_number_leaves_the_most_open(context: Context, force: str) -> None:
    cells = [a_cell(nfa_date="2014"), a_cell(nfa_date="2015", cases="not_provided"), a_cell(nfa_date="2016", cases="0")]
    item = await declared(context, force, years(), [], cells)
    tally = (await tallies_of(context, item))[WIDE]
    assert (tally.open_cells, tally.totals().least, tally.totals().most) == (1, 10, None)
    await assert_tallies_are_right(context, item)


async def test_a_cell_without_a_number_that_is_out_of_scope_opens_nothing(context: Context, force: str) -> None:
    cells = [a_cell(nfa_date="2014"), a_cell(nfa_date="2015", suspect_count="1", cases="not_provided")]
    item = await declared(context, force, years(), [], cells)
    tally = (await tallies_of(context, item))[WIDE]
    assert (tally.open_cells, tally.totals().least, tally.totals().most) == (0, 10, 10)
    await assert_tallies_are_right(context, item)


async def test_a_cell_without_a_number_in_a_year_by_case_opens_nothing(context: Context, force: str) -> None:
    cells = [a_cell(nfa_date="2014", cases="not_provided")]
    item = await declared(context, force, years(2014), [a_case("K/1")], cells)
    assert (await tallies_of(context, item))[WIDE].totals().most == 1


async def test_what_a_cell_does_not_break_down_is_unknown_never_all(context: Context, force: str) -> None:
    cells = [a_cell(nfa_date="2014", suspect_count="")]
    item = await declared(context, force, years(), [], cells)
    totals = (await tallies_of(context, item))[WIDE].totals()
    assert (totals.in_scope, totals.undetermined, totals.least, totals.most) == (0, 10, 0, 10)


async def test_a_case_that_comes_to_count_because_its_year_is_declared_is_detail_in_the_bridge(
    context: Context, force: str
) -> None:
    """It did not change itself: what is reported by case and what by number did."""
    rows = [a_case("K/1", nfa_date="2014-03"), a_case("K/2", nfa_date="2016"), a_case("K/3", nfa_date="2018")]
    first = await declared(context, force, years(2014, 2018), rows)
    item = await opened(context, force, "2026-03", case_years=years(2014, 2016))
    await explained(context, item)
    second = await sealed(context, item)
    assert [await in_scope(context, each) for each in (first, second)] == [(2, 1), (2, 1)]
    wide = await standing(context, WIDE)
    found = await moved(context, item.force, item.id, wide.id)
    assert [(kind, was, is_now, n) for kind, was, _, is_now, _, n in found] == [
        ("detail", 0, None, 1),
        ("detail", None, 0, 1),
    ]
    assert (await reconcile(context)).mismatches == ()
