"""Opening a return: which period, what it starts from, what it declares (semantics 14, 15)."""

from __future__ import annotations

import pytest

from service.contract.model import PartName
from service.errors import Conflict, Invalid, NotFound, PreconditionFailed
from service.returns.context import Context
from service.returns.lifecycle import Opening, open_return
from service.returns.model import Open, etag_of
from tests.support.returns import (
    LEAD,
    a_case,
    again,
    all_returns,
    explained,
    opened,
    reported,
    sealed,
    sent,
)
from tests.support.stock import case_of, cases_of, cells_of, counts_of, findings_of, ids_of, part_of, years

CELL = {"nfa_date": "2015", "suspect_count": "2+", "cases": "37"}
TEAM = {"team": "child_exploitation", "phase": "assessment", "officers_fte": "26.5", "specialist_trained": "18"}


async def test_a_first_return_starts_empty(context: Context, force: str) -> None:
    item = await opened(context, force)
    assert (item.revision, item.base_id) == (1, None)
    assert await counts_of(context, item, "cases", "aggregate_cells", "workforce_rows") == (0, 0, 0)
    assert await findings_of(context, item) == []


async def test_the_cases_of_the_sealed_return_are_carried_into_the_next_period(context: Context, force: str) -> None:
    before = await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, "2026-02")
    assert item.base_id == before.id
    assert await cases_of(context, item) == await cases_of(context, before)
    assert await counts_of(context, item, "cases", "new", "changed", "unchanged", "withdrawn") == (2, 0, 0, 2, 0)


async def test_what_the_next_period_brings_is_counted_against_the_sealed_return(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [a_case("K/2", stage="in_assessment"), a_case("K/3")])
    assert await counts_of(context, item, "cases", "new", "changed", "unchanged", "withdrawn") == (3, 1, 1, 1, 0)


async def test_the_aggregate_cells_and_the_workforce_are_carried_too(context: Context, force: str) -> None:
    item = await opened(context, force, "2026-01")
    await sent(context, item, [CELL], part=PartName.AGGREGATE)
    await sent(context, item, [TEAM], part=PartName.WORKFORCE)
    before = await sealed(context, await explained(context, item))
    after = await opened(context, force, "2026-02")
    assert await cells_of(context, after) == await cells_of(context, before)
    assert await part_of(context, after, PartName.WORKFORCE) == await part_of(context, before, PartName.WORKFORCE)
    assert await counts_of(context, after, "aggregate_cells", "workforce_rows") == (1, 1)


async def test_a_part_that_is_sent_replaces_what_was_carried(context: Context, force: str) -> None:
    item = await opened(context, force, "2026-01")
    await sent(context, item, [CELL, CELL | {"nfa_date": "2016"}], part=PartName.AGGREGATE)
    before = await sealed(context, await explained(context, item))
    after = await opened(context, force, "2026-02")
    await sent(context, after, [CELL | {"cases": "30"}], part=PartName.AGGREGATE)
    assert [weight for _, weight in await cells_of(context, after)] == [30]
    assert [weight for _, weight in await cells_of(context, before)] == [37, 37]


async def test_the_declared_years_are_carried_until_others_are_declared(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case()], case_years=years(2014))
    assert (await opened(context, force, "2026-02")).years == years(2014)
    changed = await opened(context, force, "2026-02", case_years=years(2014, 2015, unknown=True))
    assert changed.years == years(2014, 2015, unknown=True)


async def test_opening_again_gives_the_same_return(context: Context, force: str) -> None:
    first = await opened(context, force)
    await sent(context, first, [a_case()])
    second = await opened(context, force)
    assert second.id == first.id
    assert list(await cases_of(context, second)) == ["K/1"]


async def test_declaring_other_years_moves_the_draft(context: Context, force: str) -> None:
    first = await opened(context, force)
    assert etag_of(await opened(context, force)) == etag_of(first)
    assert etag_of(await opened(context, force, case_years=years(2014))) != etag_of(first)


async def test_opening_with_an_outdated_etag_is_refused(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case()])
    with pytest.raises(PreconditionFailed):
        await open_return(
            context, LEAD, item.force, item.period, Opening(case_years=years(2014)), if_match=etag_of(item)
        )
    assert (await again(context, item)).years == item.years


async def test_a_period_that_has_not_begun_cannot_be_opened(context: Context, force: str) -> None:
    with pytest.raises(Invalid, match="has not begun"):
        await opened(context, force, "2026-04")


async def test_a_period_can_be_opened_from_its_first_day(context: Context, force: str) -> None:
    assert isinstance(await opened(context, force, "2026-03"), Open)


async def test_a_period_before_the_first_one_cannot_be_opened(context: Context, force: str) -> None:
    with pytest.raises(Invalid, match="The first one is 2025-11"):
        await opened(context, force, "2025-10")


async def test_a_force_that_does_not_take_part_cannot_open_a_return(context: Context) -> None:
    with pytest.raises(Conflict, match="does not take part"):
        await opened(context, "police-scotland")


async def test_an_unknown_force_is_not_found(context: Context) -> None:
    with pytest.raises(NotFound):
        await opened(context, "kentt")


async def test_a_contract_version_that_the_terms_do_not_accept_is_refused_with_those_they_do(
    context: Context, force: str
) -> None:
    for version in ("2026.1", "1999"):
        with pytest.raises(Invalid, match=r"Accepted: 2025\.1"):
            await opened(context, force, contract_version=version)
    assert await all_returns(context, force) == []


async def test_a_return_takes_the_newest_accepted_version_unless_told(context: Context, force: str) -> None:
    assert (await opened(context, force)).contract_version == "2025.1"


async def test_a_skipped_period_is_bridged_by_the_last_sealed_return(context: Context, force: str) -> None:
    before = await reported(context, force, "2025-11", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    assert item.base_id == before.id
    assert list(await cases_of(context, item)) == ["K/1"]


async def test_the_opaque_id_of_a_case_is_the_same_in_every_period(context: Context, force: str) -> None:
    before = await reported(context, force, "2026-01", [a_case("K/1")])
    after = await reported(context, force, "2026-02", [a_case("K/1", stage="in_assessment")])
    assert await ids_of(context, before) == await ids_of(context, after)
    assert (await case_of(context, before))["stage"] == "identified"
    assert (await case_of(context, after))["stage"] == "in_assessment"


async def test_returns_are_listed_newest_first(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case()])
    await reported(context, force, "2026-02", [a_case()])
    assert [str(item.period) for item in await all_returns(context, force)] == ["2026-02", "2025-12"]
    assert await all_returns(context, force, "2026-01") == []
