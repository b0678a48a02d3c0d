"""When the end of the line moves, every open draft of the force is compared with it again (semantics 14)."""

from __future__ import annotations

import pytest

from service.contract.model import PartName
from service.errors import PreconditionFailed
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.model import Open, etag_of
from service.returns.seal import seal
from service.returns.upload import Mode
from service.returns.withdrawals import delete_case
from tests.support.returns import LEAD, SIGNED, a_case, again, explained, opened, reported, sealed, sent
from tests.support.stock import (
    assert_tallies_are_right,
    blocks,
    case_of,
    cases_of,
    cells_of,
    counts_of,
    findings_of,
    ids_of,
    missing_in,
    told,
    versions_of,
    word_on,
)


async def test_an_open_return_starts_from_the_earlier_period_sealed_since(context: Context, force: str) -> None:
    later = await opened(context, force, "2026-02")
    earlier = await reported(context, force, "2026-01", [a_case("K/1")])
    now = await again(context, later)
    assert now.base_id == earlier.id
    assert list(await cases_of(context, later)) == ["K/1"]
    assert await counts_of(context, later, "cases", "new", "unchanged") == (1, 0, 1)


async def test_nobody_signs_a_draft_whose_base_moved_since_they_read_it(context: Context, force: str) -> None:
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1", stage_date="2025")])
    seen = await again(context, later)
    await reported(context, force, "2026-01", [a_case("K/2")])
    with pytest.raises(PreconditionFailed):
        await seal(context, LEAD, later.force, later.id, SIGNED, etag_of(seen))


async def test_a_case_new_in_both_is_one_case(context: Context, force: str) -> None:
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1", setting="gang"), a_case("K/2")])
    earlier = await reported(context, force, "2026-01", [a_case("K/1")])
    assert await counts_of(context, later, "cases", "new", "changed") == (2, 1, 1)
    assert (await ids_of(context, later))["K/1"] == (await ids_of(context, earlier))["K/1"]
    assert (await case_of(context, later, "K/1"))["setting"] == "gang"
    await sent(context, later, [a_case("K/1", setting="gang"), a_case("K/2")])
    done = await sealed(context, await explained(context, later))
    assert await ids_of(context, done) == await ids_of(context, later)
    assert [row[:3] for row in await versions_of(context, force)] == [
        ("K/1", 1, 2),
        ("K/1", 2, 2_147_483_647),
        ("K/2", 2, 2_147_483_647),
    ]


async def test_the_findings_of_a_case_follow_it_to_its_id(context: Context, force: str) -> None:
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1", setting="gang")])
    earlier = await reported(context, force, "2026-01", [a_case("K/1")])
    (finding,) = await findings_of(context, later, "Q322")
    assert finding.case_id == (await ids_of(context, earlier))["K/1"]
    assert finding.answer is not None, "the words given for the earlier period hold for the same values"


async def test_a_row_that_the_new_base_has_too_is_unchanged(context: Context, force: str) -> None:
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1"), a_case("K/2")])
    await reported(context, force, "2026-01", [a_case("K/1")])
    assert await counts_of(context, later, "cases", "new", "changed", "unchanged") == (2, 1, 0, 1)


async def test_a_change_to_a_carried_case_stays_a_change(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1"), a_case("K/2")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1", setting="gang")])
    await reported(context, force, "2026-01", [a_case("K/1", stage="in_assessment"), a_case("K/2", setting="other")])
    assert (await case_of(context, later, "K/1"))["setting"] == "gang"
    assert (await case_of(context, later, "K/2"))["setting"] == "other"
    assert await counts_of(context, later, "changed", "unchanged") == (1, 1)


async def test_a_withdrawal_of_a_carried_case_stands(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1"), a_case("K/2")])
    later = await opened(context, force, "2026-02")
    await delete_case(context, LEAD, later, (await ids_of(context, later))["K/1"], "duplicate", None, None)
    await reported(context, force, "2026-01", [a_case("K/3")])
    assert sorted(await cases_of(context, later)) == ["K/2", "K/3"]
    done = await sealed(context, await explained(context, later))
    assert sorted(await cases_of(context, done)) == ["K/2", "K/3"]


async def test_a_withdrawal_of_a_case_that_the_base_withdrew_too_is_done_with(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1"), a_case("K/2")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/2")], mode=Mode.SNAPSHOT)
    earlier = await opened(context, force, "2026-01")
    await delete_case(context, LEAD, earlier, (await ids_of(context, earlier))["K/1"], "duplicate", None, None)
    await sealed(context, await explained(context, earlier))
    assert await missing_in(context, later) == {}
    assert await counts_of(context, later, "cases", "withdrawn", "not_in_snapshot") == (1, 0, 0)


async def test_words_on_a_missing_case_follow_it_to_its_id(context: Context, force: str) -> None:
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1"), a_case("K/2")])
    await sent(context, later, [a_case("K/2")], mode=Mode.SNAPSHOT)
    await word_on(context, later, "withdraw", "K/1", reason="recorded_in_error")
    await reported(context, force, "2026-01", [a_case("K/1", setting="gang")])
    assert (await missing_in(context, later))["K/1"].answer == "withdraw"
    assert list(await cases_of(context, later)) == ["K/2"]


async def test_carried_cells_are_those_of_the_new_base_and_sent_ones_stay(context: Context, force: str) -> None:
    carrying = await opened(context, force, "2026-02")
    sending = await opened(context, force, "2026-03")
    await sent(context, sending, [{"nfa_date": "2015", "cases": "9"}], part=PartName.AGGREGATE)
    earlier = await opened(context, force, "2026-01")
    await sent(context, earlier, [{"nfa_date": "2015", "cases": "5"}], part=PartName.AGGREGATE)
    await sealed(context, await explained(context, earlier))
    assert [weight for _, weight in await cells_of(context, carrying)] == [5]
    assert [weight for _, weight in await cells_of(context, sending)] == [9]


async def test_the_measures_of_the_whole_are_taken_again(context: Context, force: str) -> None:
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case(f"K/{n}", stage_date="2025") for n in range(1, 7)])
    assert await told(context, later) == []
    await reported(context, force, "2026-01", [a_case(f"K/{n}", stage_date="2025") for n in range(1, 6)])
    assert await told(context, later) == [("M402", None)]
    assert await blocks(context, later) == {"unanswered-findings": 1}


async def test_a_loss_against_a_base_that_has_no_such_value_either_is_none(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [{"case_ref": "K/1", "setting": ""}])
    assert await told(context, later, "Q301") == [("Q301", "K/1")]
    await reported(context, force, "2026-01", [{"case_ref": "K/1", "setting": ""}])
    assert await told(context, later, "Q301") == []


async def test_a_withdrawn_base_gives_its_own_base_back_to_the_draft(context: Context, force: str) -> None:
    first = await reported(context, force, "2025-12", [a_case("K/1")])
    wrong = await reported(context, force, "2026-01", [a_case("K/1", setting="gang"), a_case("K/2")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/2", setting="other"), a_case("K/3")])
    await withdraw_return(context, LEAD, wrong.force, wrong.id, "Wrong file.")
    now = await again(context, later)
    assert isinstance(now, Open)
    assert now.base_id == first.id
    cases = await cases_of(context, later)
    assert {key: row.values["setting"] for key, row in cases.items()} == {
        "K/1": "organised",
        "K/2": "other",
        "K/3": "organised",
    }
    assert await counts_of(context, later, "cases", "new", "changed", "unchanged") == (3, 2, 0, 1)
    await sent(context, later, [a_case("K/2", setting="other"), a_case("K/3")])
    done = await sealed(context, await explained(context, later))
    assert await cases_of(context, done) == cases
    await assert_tallies_are_right(context, done)


async def test_drafts_of_other_forces_do_not_move(context: Context, force: str, unused_forces: object) -> None:
    other = next(unused_forces)  # type: ignore[call-overload]
    item = await opened(context, other, "2026-02")
    await reported(context, force, "2026-01", [a_case("K/1")])
    assert await again(context, item) == item


async def test_a_correction_sealed_meanwhile_is_not_undone_by_a_row_that_moved_a_stage_on(
    context: Context, force: str
) -> None:
    await reported(context, force, "2026-01", [a_case("K/1", setting="gang")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [{"case_ref": "K/1", "stage": "in_assessment"}])
    await reported(context, force, "2026-01", [{"case_ref": "K/1", "setting": "other"}], corrects=1)
    row = await case_of(context, later, "K/1")
    assert (row["setting"], row["stage"]) == ("other", "in_assessment")
    assert await counts_of(context, later, "changed") == (1,)
    assert await blocks(context, later) == {"base-moved": 1}, "the rules must run over what was merged"
    await sent(context, later, [{"case_ref": "K/1", "stage": "in_assessment"}])
    assert await blocks(context, later) == {}
    assert (await case_of(context, later, "K/1"))["setting"] == "other"


async def test_why_a_value_is_empty_is_merged_with_the_value(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1", priority="not_provided")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [{"case_ref": "K/1", "stage_date": "not_provided"}])
    await reported(context, force, "2026-01", [{"case_ref": "K/1", "priority": "rape"}], corrects=1)
    row = (await cases_of(context, later))["K/1"]
    assert (row.values["priority"], row.empties) == ("rape", {"stage_date": "not_provided"})


async def test_what_was_accepted_as_unchanged_is_asked_for_again(context: Context, force: str) -> None:
    wrong = await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1"), a_case("K/2")], mode=Mode.SNAPSHOT)
    await withdraw_return(context, LEAD, wrong.force, wrong.id, "Wrong file.")
    assert await blocks(context, later) == {"base-moved": 1}
    await sent(context, later, [a_case("K/1"), a_case("K/2")], mode=Mode.SNAPSHOT)
    assert await blocks(context, later) == {}
    assert await counts_of(context, later, "cases", "new") == (2, 2)


async def test_a_case_changed_under_its_old_name_and_sent_under_its_new_one_is_one_case(
    context: Context, force: str
) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1", stage="in_assessment"), a_case("N/1", setting="gang")])
    await reported(context, force, "2026-01", [a_case("N/1", former_case_ref="K/1")])
    assert list(await cases_of(context, later)) == ["N/1"]
    assert (await case_of(context, later, "N/1"))["setting"] == "gang"
