"""Correcting an older period, or sealing a skipped one late, changes that period alone (semantics 15)."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import Conflict
from service.picture.answer import answer
from service.picture.question import AtPosition, Question, read_period
from service.returns.carrying import carry, corrections_of
from service.returns.cases import history
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.model import Open, Sealed, Superseded, offered_by
from service.returns.upload import Mode
from service.returns.withdrawals import delete_case
from service.storage.position import latest
from tests.support.bridges import published_of
from tests.support.returns import LEAD, a_case, again, all_returns, explained, opened, reported, sealed, sent
from tests.support.stock import blocks, case_of, cases_of, counts_of, ids_of, tallies_of, word_on

LEADS = {"suspect_count": "2", "suspects_not_recorded": "2"}


async def totals_of(context: Context, position: int, month: str | None = None) -> Any:
    """What the national picture counts at a position, of a month or of what is newest."""
    asked = Question(as_of=AtPosition(position), period=None if month is None else read_period(month))
    async with context.db.national() as tx:
        return (await answer(tx, published_of(context), asked, context.now())).picture.totals


async def now(context: Context) -> int:
    async with context.db.national() as tx:
        return (await latest(tx)).position


async def withdrawn(context: Context, item: Any) -> None:
    await withdraw_return(context, LEAD, item.force, item.id, "Sent in error.")


async def test_a_correction_of_an_older_period_changes_that_period_and_no_later_one(
    context: Context, force: str
) -> None:
    december = await reported(context, force, "2025-12", [a_case("K/1"), a_case("K/2")])
    january = await reported(context, force, "2026-01", [a_case("K/1", stage="in_assessment")])
    rows, tallies = await cases_of(context, january), await tallies_of(context, january)
    before = await now(context)
    then = {month: await totals_of(context, before, month) for month in ("2025-12", "2026-01", None)}
    branch = await reported(context, force, "2025-12", [a_case("K/2", **LEADS), a_case("K/3")], corrects=1)
    assert (branch.revision, branch.base_id, branch.branch_of) == (2, december.id, january.id)
    assert await counts_of(context, branch, "cases", "new", "changed", "unchanged") == (3, 1, 1, 1)
    assert (await case_of(context, branch, "K/1"))["stage"] == "identified"
    assert isinstance(await again(context, december), Superseded)
    assert await again(context, january) == january
    assert (await cases_of(context, january), await tallies_of(context, january)) == (rows, tallies)
    after = await now(context)
    assert [await totals_of(context, before, month) for month in then] == list(then.values())
    assert [await totals_of(context, after, month) for month in ("2026-01", None)] == [then["2026-01"], then[None]]
    assert await totals_of(context, after, "2025-12") != then["2025-12"]


async def test_a_skipped_period_is_sealed_late_on_top_of_the_one_before_it(context: Context, force: str) -> None:
    before = await reported(context, force, "2025-11", [a_case("K/1"), a_case("K/2")])
    await reported(context, force, "2026-02", [a_case("K/1", stage="in_assessment"), a_case("K/9")])
    late = await reported(context, force, "2026-01", [a_case("K/3")])
    assert (late.revision, late.base_id) == (1, before.id)
    assert sorted(await cases_of(context, late)) == ["K/1", "K/2", "K/3"]
    assert (await case_of(context, late, "K/1"))["stage"] == "identified"


async def test_a_skipped_period_with_none_before_it_starts_from_nothing(context: Context, force: str) -> None:
    newest = await reported(context, force, "2026-02", [a_case("K/1"), a_case("K/2")])
    late = await opened(context, force, "2025-12")
    assert await cases_of(context, late) == {}
    await sent(context, late, [a_case("K/1")])
    await explained(context, late)
    done = await sealed(context, late)
    assert done.base_id is None
    assert list(await cases_of(context, done)) == ["K/1"]
    assert await again(context, newest) == newest


async def test_a_case_has_one_id_in_a_branch_and_after_it(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    newest = await reported(context, force, "2026-01", [a_case("K/2")])
    branch = await reported(context, force, "2025-12", [a_case("K/2", **LEADS)], corrects=1)
    assert await ids_of(context, branch) == await ids_of(context, newest)


async def test_an_open_return_of_a_later_period_is_not_disturbed_by_a_branch(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    await reported(context, force, "2026-01", [a_case("K/2")])
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/1"), a_case("K/2", stage="in_assessment")])
    before = await again(context, later)
    await reported(context, force, "2025-12", [a_case("K/1", **LEADS)], corrects=1)
    assert await again(context, later) == before
    await explained(context, later)
    assert isinstance(await sealed(context, later), Sealed)


async def test_a_draft_becomes_a_branch_when_a_later_period_is_sealed(context: Context, force: str) -> None:
    base = await reported(context, force, "2025-12", [a_case("K/1")])
    late = await opened(context, force, "2026-01")
    await sent(context, late, [a_case("K/2")])
    seen = await again(context, late)
    await reported(context, force, "2026-02", [a_case("K/3")])
    moved = await again(context, late)
    assert isinstance(seen, Open)
    assert isinstance(moved, Open)
    assert moved.draft_version > seen.draft_version
    await explained(context, late)
    done = await sealed(context, late)
    assert (done.base_id, sorted(await cases_of(context, done))) == (base.id, ["K/1", "K/2"])


async def test_a_branch_is_compared_with_its_own_base(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1"), a_case("K/2")])
    await reported(context, force, "2026-01", [a_case("K/1", stage="in_assessment"), a_case("K/3")])
    item = await opened(context, force, "2025-12", corrects=1)
    answer_ = await sent(context, item, [a_case("K/1"), a_case("K/3")], mode=Mode.SNAPSHOT)
    assert (answer_.new, answer_.unchanged + answer_.changed, answer_.not_in_snapshot) == (1, 1, 1)
    await word_on(context, item, "withdraw", "K/2", reason="not_in_search")
    await explained(context, item)
    assert await blocks(context, item) == {}
    assert sorted(await cases_of(context, await sealed(context, item))) == ["K/1", "K/3"]


async def test_a_sealed_branch_is_not_withdrawn_but_corrected(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    await reported(context, force, "2026-01", [a_case("K/2")])
    branch = await reported(context, force, "2025-12", [a_case("K/3")], corrects=1)
    with pytest.raises(Conflict, match="Only the return of a force's newest sealed month") as refused:
        await withdrawn(context, branch)
    assert refused.value.code == "not-the-newest-period"
    again_ = await reported(context, force, "2025-12", [a_case("K/3", **LEADS)], corrects=2)
    assert (again_.revision, again_.base_id) == (3, branch.id)


async def test_withdrawing_the_newest_leaves_the_corrected_month_before_as_the_end(
    context: Context, force: str
) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    newest = await reported(context, force, "2026-01", [a_case("K/2")])
    branch = await reported(context, force, "2025-12", [a_case("K/3")], corrects=1)
    await withdrawn(context, newest)
    item = await opened(context, force, "2026-01")
    assert item.base_id == branch.id
    assert sorted(await cases_of(context, item)) == ["K/1", "K/3"]
    await withdrawn(context, branch)
    assert [type(each) for each in await all_returns(context, force, "2025-12")][-1] is Sealed
    assert list(await cases_of(context, item)) == ["K/1"]


async def test_the_history_of_a_case_passes_over_what_a_branch_left_alone(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1"), a_case("K/2")])
    newest = await reported(context, force, "2026-01", [a_case("K/1", stage="in_assessment"), a_case("K/2")])
    await reported(context, force, "2025-12", [a_case("K/1", **LEADS)], corrects=1)
    ids = await ids_of(context, newest)
    first, second = {"period": "2025-12", "revision": 1}, {"period": "2026-01", "revision": 1}
    branch = {"period": "2025-12", "revision": 2}
    told = await history(context, LEAD, newest, ids["K/1"])
    assert [(each["from"], each["until"], each["ended_by"]) for each in told] == [
        (first, second, "changed"),
        (second, None, None),
        (branch, None, "branch"),
    ]
    assert [each["from"] for each in await history(context, LEAD, newest, ids["K/2"])] == [first]


async def test_corrections_of_a_branch_go_into_the_open_return_by_column(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case(f"K/{n}") for n in range(1, 6)])
    await reported(
        context,
        force,
        "2026-01",
        [a_case("K/1", stage="in_assessment"), a_case("K/2", setting="gang"), a_case("K/4", stage="in_assessment")],
    )
    item = await opened(context, force, "2025-12", corrects=1)
    rows = [a_case("K/1", **LEADS), a_case("K/2", setting="other", victim_count="2"), a_case("K/9", **LEADS)]
    await sent(context, item, rows)
    for name in ("K/3", "K/4"):
        now_ = await again(context, item)
        assert isinstance(now_, Open)
        held = (await ids_of(context, item))[name]
        await delete_case(context, LEAD, now_, held, "other", "It was another force's.", None)
    await explained(context, item)
    branch = await sealed(context, item)
    assert offered_by(branch) == 5
    with pytest.raises(Conflict) as refused:
        await carry(context, LEAD, branch)
    assert refused.value.code == "nothing-open"
    later = await opened(context, force, "2026-02")
    done = await carry(context, LEAD, branch)
    assert done.corrections.cases == 4
    assert {(left.key, left.fields, left.why.value) for left in done.corrections.left} == {
        ("K/2", ("setting",), "changed_since"),
        ("K/4", (), "changed_since"),
    }
    assert sorted(await cases_of(context, later)) == ["K/1", "K/2", "K/4", "K/5", "K/9"]
    first, second = await case_of(context, later, "K/1"), await case_of(context, later, "K/2")
    assert (first["stage"], first["suspect_count"]) == ("in_assessment", 2)
    assert (second["setting"], second["victim_count"]) == ("gang", 2)
    assert (await cases_of(context, later))["K/9"].values == (await cases_of(context, branch))["K/9"].values
    again_ = await carry(context, LEAD, branch)
    assert (again_.corrections.cases, again_.upload, again_.item) == (0, None, done.item)


async def test_a_case_that_a_branch_found_is_the_same_case_where_it_is_carried_to(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    await reported(context, force, "2026-01", [a_case("K/1", stage="in_assessment")])
    branch = await reported(context, force, "2025-12", [a_case("K/9")], corrects=1)
    later = await opened(context, force, "2026-02")
    await carry(context, LEAD, branch)
    assert (await corrections_of(context, branch)).left == []
    await explained(context, later)
    newest = await sealed(context, later)
    assert (await ids_of(context, newest))["K/9"] == (await ids_of(context, branch))["K/9"]
    once_more = await reported(context, force, "2025-12", [a_case("K/9", victim_count="2")], corrects=2)
    later = await opened(context, force, "2026-02", corrects=1)
    done = await carry(context, LEAD, once_more)
    assert (done.corrections.cases, done.corrections.left) == (1, [])
    assert (await case_of(context, later, "K/9"))["victim_count"] == 2


async def test_only_a_sealed_branch_offers_corrections(context: Context, force: str) -> None:
    first = await reported(context, force, "2025-12", [a_case("K/1")])
    with pytest.raises(Conflict, match="no sealed correction") as refused:
        await corrections_of(context, first)
    assert (refused.value.code, offered_by(first)) == ("not-a-branch", 0)


async def test_corrections_of_cases_that_are_gone_or_known_otherwise_since_are_left(
    context: Context, force: str
) -> None:
    await reported(context, force, "2025-12", [a_case("K/1"), a_case("K/2")])
    newest = await opened(context, force, "2026-01")
    await sent(context, newest, [a_case("K/2")], mode=Mode.SNAPSHOT)
    await word_on(context, newest, "withdraw", "K/1", reason="not_in_search")
    await explained(context, newest)
    await sealed(context, newest)
    later = await opened(context, force, "2026-02")
    await sent(context, later, [a_case("K/9")])
    branch = await reported(context, force, "2025-12", [a_case("K/1", **LEADS), a_case("K/9", **LEADS)], corrects=1)
    done = await carry(context, LEAD, branch)
    assert (done.corrections.cases, done.upload) == (0, None)
    assert {(left.key, left.why.value) for left in done.corrections.left} == {
        ("K/1", "not_held"),
        ("K/9", "reference_taken"),
    }
    assert sorted(await cases_of(context, later)) == ["K/2", "K/9"]


async def test_a_case_renamed_in_a_branch_is_renamed_in_the_open_return(context: Context, force: str) -> None:
    await reported(context, force, "2025-12", [a_case("K/1")])
    await reported(context, force, "2026-01", [a_case("K/1", stage="in_assessment")])
    renamed = [a_case("K/1/new", former_case_ref="K/1")]
    branch = await reported(context, force, "2025-12", renamed, corrects=1)
    later = await opened(context, force, "2026-02")
    ids = await ids_of(context, later)
    done = await carry(context, LEAD, branch)
    assert done.corrections.left == []
    assert await ids_of(context, later) == {"K/1/new": ids["K/1"]}
    assert (await case_of(context, later, "K/1/new"))["stage"] == "in_assessment"
