"""A correction is the next revision of the newest period; what it corrects stays as it was (semantics 15, 22)."""

from __future__ import annotations

import pytest

from service.contract.model import PartName
from service.errors import Conflict, Invalid
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.model import AnyReturn, Open, Sealed, Superseded, Withdrawn, state_of
from tests.support.returns import LEAD, a_case, again, all_returns, explained, opened, reported, sealed, sent
from tests.support.stock import (
    assert_tallies_are_right,
    case_of,
    cases_of,
    cells_of,
    counts_of,
    ids_of,
    tallies_of,
    versions_of,
)


async def withdrawn(context: Context, item: AnyReturn, reason: str = "Sent in error.") -> AnyReturn:
    return await withdraw_return(context, LEAD, item.force, item.id, reason)


async def corrected(context: Context, force: str, period: str, corrects: int, *rows: dict[str, str]) -> Sealed:
    return await reported(context, force, period, rows, corrects=corrects)


async def test_a_correction_extends_the_line_with_the_next_revision(context: Context, force: str) -> None:
    first = await reported(context, force, "2026-02", [a_case("K/1"), a_case("K/2")])
    second = await corrected(context, force, "2026-02", 1, a_case("K/2", suspect_count="2", suspects_not_recorded="2"))
    assert (second.revision, second.line, second.base_id) == (2, first.line + 1, first.id)
    assert list(await cases_of(context, second)) == list(await cases_of(context, first))
    assert await counts_of(context, second, "cases", "changed", "unchanged") == (2, 1, 1)


async def test_what_a_correction_replaces_is_superseded_and_readable_as_it_was(context: Context, force: str) -> None:
    first = await reported(context, force, "2026-02", [a_case("K/1", setting="gang"), a_case("K/2")])
    rows, tallies = await cases_of(context, first), await tallies_of(context, first)
    await corrected(context, force, "2026-02", 1, a_case("K/1", setting="other", suspect_count=""), a_case("K/3"))
    old = await again(context, first)
    assert isinstance(old, Superseded)
    assert await cases_of(context, old) == rows
    assert await tallies_of(context, old) == tallies
    assert (old.digest, old.receipt) == (first.digest, first.receipt)
    await assert_tallies_are_right(context, old)


async def test_an_unchanged_case_is_stored_once_for_all_revisions(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    await reported(context, force, "2026-02", [a_case("K/1"), a_case("K/2", stage="in_assessment")])
    await corrected(context, force, "2026-02", 1, a_case("K/3"))
    end = 2_147_483_647
    assert await versions_of(context, force) == [
        ("K/1", 1, end, None),
        ("K/2", 1, 2, "changed"),
        ("K/2", 2, end, None),
        ("K/3", 3, end, None),
    ]


async def test_a_correction_must_name_the_revision_in_force(context: Context, force: str) -> None:
    await reported(context, force, "2026-02", [a_case()])
    await corrected(context, force, "2026-02", 1, a_case("K/2"))
    for wrong in (1, 3):
        with pytest.raises(Conflict, match="the sealed one is revision 2") as refused:
            await opened(context, force, "2026-02", corrects=wrong)
        assert refused.value.code == "not-the-current-revision"


async def test_a_sealed_period_is_not_opened_without_naming_what_is_corrected(context: Context, force: str) -> None:
    await reported(context, force, "2026-02", [a_case()])
    with pytest.raises(Conflict, match='"corrects": 1') as refused:
        await opened(context, force, "2026-02")
    assert refused.value.code == "already-sealed"


async def test_there_is_nothing_to_correct_where_nothing_is_sealed(context: Context, force: str) -> None:
    with pytest.raises(Conflict, match="none is sealed"):
        await opened(context, force, "2026-02", corrects=1)


async def test_opening_a_correction_twice_gives_the_same_open_revision(context: Context, force: str) -> None:
    await reported(context, force, "2026-02", [a_case()])
    first = await opened(context, force, "2026-02", corrects=1)
    assert (await opened(context, force, "2026-02", corrects=1)).id == first.id
    assert (await opened(context, force, "2026-02")).id == first.id
    with pytest.raises(Conflict, match="Revision 2 of 2026-02 is open"):
        await opened(context, force, "2026-02", corrects=2)


async def test_an_open_return_can_be_withdrawn_and_its_period_opened_again(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case()])
    assert isinstance(await withdrawn(context, item), Withdrawn)
    anew = await opened(context, force)
    assert (anew.revision, await counts_of(context, anew, "cases", "held")) == (2, (0, 0))


async def test_a_withdrawal_needs_its_reason(context: Context, force: str) -> None:
    item = await opened(context, force)
    with pytest.raises(Invalid, match="reason"):
        await withdrawn(context, item, "  ")
    assert isinstance(await again(context, item), Open)


async def test_a_withdrawn_return_cannot_be_withdrawn_again(context: Context, force: str) -> None:
    item = await withdrawn(context, await opened(context, force))
    with pytest.raises(Conflict, match="withdrawn already"):
        await withdrawn(context, item)


async def test_a_withdrawn_correction_brings_back_what_it_superseded(context: Context, force: str) -> None:
    first = await reported(context, force, "2026-02", [a_case("K/1"), a_case("K/2")])
    rows, tallies, counts = await cases_of(context, first), await tallies_of(context, first), first.summary["counts"]
    second = await corrected(context, force, "2026-02", 1, a_case("K/1", suspect_count=""), a_case("K/3"))
    await withdrawn(context, second)
    back = await again(context, first)
    assert (state_of(back), back.summary["counts"]) == ("sealed", counts)
    assert await cases_of(context, back) == rows
    assert await tallies_of(context, back) == tallies
    assert state_of(await again(context, second)) == "withdrawn"


async def test_a_withdrawn_return_stays_readable_as_it_was_sealed(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    second = await reported(context, force, "2026-02", [a_case("K/1", setting="gang"), a_case("K/2")])
    rows = await cases_of(context, second)
    gone = await withdrawn(context, second)
    await reported(context, force, "2026-02", [a_case("K/1", setting="other"), a_case("K/4")])
    assert await cases_of(context, gone) == rows


async def test_only_the_newest_sealed_return_can_be_withdrawn(context: Context, force: str) -> None:
    old = await reported(context, force, "2026-01", [a_case()])
    await reported(context, force, "2026-02", [a_case()])
    with pytest.raises(Conflict, match="newest"):
        await withdrawn(context, old)


async def test_the_line_can_be_taken_back_return_by_return_to_nothing(context: Context, force: str) -> None:
    first = await reported(context, force, "2025-12", [a_case("K/1"), a_case("K/2")])
    second = await reported(context, force, "2026-01", [a_case("K/1", setting="gang"), a_case("K/3")])
    third = await reported(context, force, "2026-02", [a_case("K/3", setting="gang"), a_case("K/4")])
    held = [await cases_of(context, item) for item in (first, second, third)]
    await withdrawn(context, third)
    assert await cases_of(context, await opened(context, force, "2026-02")) == held[1]
    await withdrawn(context, second)
    assert await cases_of(context, await opened(context, force, "2026-02")) == held[0]
    await withdrawn(context, first)
    assert await cases_of(context, await opened(context, force, "2026-02")) == {}
    assert [await cases_of(context, item) for item in (first, second, third)] == held


async def test_a_period_can_be_reported_anew_after_its_return_was_withdrawn(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    wrong = await reported(context, force, "2026-02", [a_case("K/1", setting="gang")])
    await withdrawn(context, wrong)
    anew = await reported(context, force, "2026-02", [a_case("K/2", setting="gang")])
    assert anew.revision == 2
    assert await case_of(context, anew, "K/1") == await case_of(context, await again(context, anew), "K/1")
    assert [(await case_of(context, anew, key))["setting"] for key in ("K/1", "K/2")] == ["organised", "gang"]
    await assert_tallies_are_right(context, anew)
    for item in await all_returns(context, force):
        if isinstance(item, Sealed):
            await assert_tallies_are_right(context, item)


async def test_a_correction_and_its_withdrawal_can_be_repeated(context: Context, force: str) -> None:
    first = await reported(context, force, "2026-02", [a_case("K/1"), a_case("K/2")])
    rows, ids = await cases_of(context, first), await ids_of(context, first)
    for _ in range(2):
        wrong = await corrected(context, force, "2026-02", 1, a_case("K/1", setting="gang"))
        await withdrawn(context, wrong)
        assert await cases_of(context, first) == rows
    last = await corrected(context, force, "2026-02", 1, a_case("K/2", setting="gang"))
    assert last.revision == 4
    assert await ids_of(context, last) == ids
    assert [(await case_of(context, last, key))["setting"] for key in ("K/1", "K/2")] == ["organised", "gang"]


async def test_the_cells_of_a_withdrawn_return_do_not_stay_in_an_open_one(context: Context, force: str) -> None:
    item = await opened(context, force, "2026-01")
    await sent(context, item, [{"nfa_date": "2015", "cases": "37"}], part=PartName.AGGREGATE)
    first = await sealed(context, await explained(context, item))
    after = await opened(context, force, "2026-02")
    assert len(await cells_of(context, after)) == 1
    await withdrawn(context, first)
    assert await cells_of(context, after) == []
    assert (await again(context, after)).base_id is None
