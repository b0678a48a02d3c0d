"""An older month that is corrected more than once offers all that it has otherwise than the main line (15)."""

from __future__ import annotations

import pytest

from service.errors import Conflict
from service.returns.carrying import carry, corrections_of
from service.returns.context import Context
from service.returns.model import Open, Sealed
from service.returns.withdrawals import delete_case
from tests.support.returns import LEAD, a_case, again, explained, opened, reported, sealed
from tests.support.stock import case_of, cases_of, ids_of

MONTH = "2025-12"


def _suspects(number: int) -> dict[str, str]:
    return {"suspect_count": str(number), "suspects_not_recorded": str(number)}


async def _beside(context: Context, force: str) -> None:
    """December, and January after it: whatever is sealed for December now is a branch."""
    await reported(context, force, MONTH, [a_case("K/1"), a_case("K/2")])
    await reported(context, force, "2026-01", [a_case("K/7")])


async def _without(context: Context, force: str, name: str, corrects: int) -> Sealed:
    item = await opened(context, force, MONTH, corrects=corrects)
    held = (await ids_of(context, item))[name]
    await delete_case(context, LEAD, item, held, "recorded_in_error", "It was none.", None)
    await explained(context, item)
    return await sealed(context, item)


async def test_what_an_earlier_correction_changed_is_carried_with_the_newest(context: Context, force: str) -> None:
    await _beside(context, force)
    await reported(context, force, MONTH, [a_case("K/1", **_suspects(9)), a_case("N/1")], corrects=1)
    newest = await reported(
        context,
        force,
        MONTH,
        [a_case("K/1", victim_count="7", **_suspects(8)), a_case("N/1", setting="gang")],
        corrects=2,
    )
    later = await opened(context, force, "2026-02")
    found = await corrections_of(context, newest)
    assert (found.corrected, found.cases, found.left) == (2, 2, [])
    await carry(context, LEAD, newest)
    first = await case_of(context, later, "K/1")
    assert (first["suspect_count"], first["victim_count"]) == (8, 7)
    assert (await case_of(context, later, "N/1"))["setting"] == "gang"
    assert (await ids_of(context, later))["N/1"] == (await ids_of(context, newest))["N/1"]


async def test_how_much_was_corrected_is_told_before_a_return_is_open(context: Context, force: str) -> None:
    await _beside(context, force)
    await reported(context, force, MONTH, [a_case("K/1", **_suspects(9))], corrects=1)
    newest = await reported(context, force, MONTH, [a_case("K/2", **_suspects(9))], corrects=2)
    found = await corrections_of(context, newest)
    assert (found.into, found.corrected, found.cases) == (None, 2, 0)


async def test_what_was_carried_from_an_earlier_revision_is_corrected_again(context: Context, force: str) -> None:
    await _beside(context, force)
    once = await reported(context, force, MONTH, [a_case("K/1", **_suspects(9))], corrects=1)
    later = await opened(context, force, "2026-02")
    await carry(context, LEAD, once)
    newest = await reported(context, force, MONTH, [a_case("K/1", **_suspects(8))], corrects=2)
    assert (await carry(context, LEAD, newest)).corrections.left == []
    assert (await case_of(context, later, "K/1"))["suspect_count"] == 8


async def test_what_a_later_revision_takes_back_is_taken_back_where_it_was_carried(
    context: Context, force: str
) -> None:
    await _beside(context, force)
    once = await reported(context, force, MONTH, [a_case("K/1", **_suspects(9)), a_case("N/1")], corrects=1)
    later = await opened(context, force, "2026-02")
    await carry(context, LEAD, once)
    await reported(context, force, MONTH, [a_case("K/1")], corrects=2)
    newest = await _without(context, force, "N/1", 3)
    found = (await carry(context, LEAD, newest)).corrections
    assert (found.corrected, found.cases, found.left) == (0, 2, [])
    assert (await case_of(context, later, "K/1"))["suspect_count"] == 3
    assert sorted(await cases_of(context, later)) == ["K/1", "K/2", "K/7"]


async def test_what_was_corrected_and_taken_back_before_it_was_carried_is_nothing(context: Context, force: str) -> None:
    await _beside(context, force)
    await reported(context, force, MONTH, [a_case("K/1", **_suspects(9))], corrects=1)
    newest = await reported(context, force, MONTH, [a_case("K/1")], corrects=2)
    await opened(context, force, "2026-02")
    found = await corrections_of(context, newest)
    assert (found.corrected, found.cases, found.left) == (0, 0, [])


async def test_a_case_that_an_earlier_revision_took_out_is_taken_out_with_its_reason(
    context: Context, force: str
) -> None:
    await _beside(context, force)
    await _without(context, force, "K/2", 1)
    newest = await reported(context, force, MONTH, [a_case("K/1", **_suspects(9))], corrects=2)
    later = await opened(context, force, "2026-02")
    assert (await carry(context, LEAD, newest)).corrections.cases == 2
    assert sorted(await cases_of(context, later)) == ["K/1", "K/7"]
    now = await again(context, later)
    assert isinstance(now, Open)
    await explained(context, now)
    assert sorted(await cases_of(context, await sealed(context, now))) == ["K/1", "K/7"]


async def test_what_a_later_return_changed_itself_is_left_whatever_revision_it_is_of(
    context: Context, force: str
) -> None:
    await reported(context, force, MONTH, [a_case("K/1")])
    await reported(context, force, "2026-01", [a_case("K/1", **_suspects(5))])
    await reported(context, force, MONTH, [a_case("K/1", **_suspects(9))], corrects=1)
    newest = await reported(context, force, MONTH, [a_case("K/1", **_suspects(8))], corrects=2)
    await opened(context, force, "2026-02")
    found = await corrections_of(context, newest)
    left = [(each.key, set(each.fields), each.why.value) for each in found.left]
    assert (found.cases, left) == (0, [("K/1", set(_suspects(1)), "changed_since")])


async def test_a_case_that_was_carried_and_taken_out_of_a_later_return_does_not_come_back(
    context: Context, force: str
) -> None:
    await _beside(context, force)
    once = await reported(context, force, MONTH, [a_case("N/1")], corrects=1)
    february = await opened(context, force, "2026-02")
    await carry(context, LEAD, once)
    await explained(context, february)
    await sealed(context, february)
    held = await opened(context, force, "2026-02", corrects=1)
    await delete_case(context, LEAD, held, (await ids_of(context, held))["N/1"], "duplicate", "It is K/1.", None)
    await explained(context, held)
    await sealed(context, held)
    newest = await reported(context, force, MONTH, [a_case("N/1", **_suspects(8))], corrects=2)
    await opened(context, force, "2026-02", corrects=2)
    found = await corrections_of(context, newest)
    assert (found.cases, [(each.key, each.why.value) for each in found.left]) == (0, [("N/1", "not_held")])


async def test_a_skipped_month_sealed_late_and_corrected_offers_both(context: Context, force: str) -> None:
    await reported(context, force, "2025-11", [a_case("K/1"), a_case("K/2")])
    await reported(context, force, "2026-01", [a_case("K/7")])
    await reported(context, force, MONTH, [a_case("K/1", **_suspects(9))])
    newest = await reported(context, force, MONTH, [a_case("K/2", **_suspects(8))], corrects=1)
    later = await opened(context, force, "2026-02")
    assert (await carry(context, LEAD, newest)).corrections.cases == 2
    assert [(await case_of(context, later, key))["suspect_count"] for key in ("K/1", "K/2")] == [9, 8]


async def test_a_revision_that_was_corrected_since_offers_nothing(context: Context, force: str) -> None:
    await _beside(context, force)
    once = await reported(context, force, MONTH, [a_case("K/1", **_suspects(9))], corrects=1)
    await reported(context, force, MONTH, [a_case("K/1")], corrects=2)
    await opened(context, force, "2026-02")
    with pytest.raises(Conflict, match="Revision 2 for 2025-12 was corrected since") as refused:
        await carry(context, LEAD, await again(context, once))
    assert refused.value.code == "not-the-current-revision"
