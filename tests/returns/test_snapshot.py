"""A snapshot is the whole stock: what is not in it is asked for, never dropped in silence (semantics 18, 19)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from service.returns.answers import AnswersRefused
from service.returns.context import Context
from service.returns.model import AnyReturn, Open
from service.returns.seal import NotReady
from service.returns.upload import Mode, Upload
from service.returns.withdrawals import Word, answer_missing, delete_case
from tests.support.returns import LEAD, a_case, again, explained, opened, sealed, sent
from tests.support.stock import (
    assert_tallies_are_right,
    blocks,
    cases_of,
    counts_of,
    findings_of,
    held_in,
    ids_of,
    missing_in,
    versions_of,
    word_on,
)


async def snapshot(context: Context, item: AnyReturn, rows: Iterable[Mapping[str, str]] | bytes) -> Upload:
    return await sent(context, item, rows, mode=Mode.SNAPSHOT)


async def carrying(context: Context, force: str, *references: str) -> Open:
    """An open return that carries these cases from the sealed one before it."""
    before = await opened(context, force, "2026-01")
    await snapshot(context, before, [a_case(reference) for reference in references])
    await sealed(context, await explained(context, before))
    return await opened(context, force, "2026-02")


async def test_a_column_absent_from_a_snapshot_is_not_provided(context: Context, force: str) -> None:
    item = await opened(context, force)
    await snapshot(context, item, [{"case_ref": "K/1", "stage": "identified", "setting": ""}])
    row = (await cases_of(context, item))["K/1"]
    assert row.values["setting"] is None
    assert "setting" not in row.empties
    assert {name for name, why in row.empties.items() if why == "not_provided"} == (
        row.values.keys() - {"case_ref", "stage", "setting"}
    )


async def test_a_snapshot_puts_each_row_in_the_place_of_the_whole_case(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1")
    await snapshot(context, item, [{"case_ref": "K/1", "stage": "assessed"}])
    row = (await cases_of(context, item))["K/1"]
    assert (row.values["stage"], row.values["suspect_count"]) == ("assessed", None)
    assert row.empties["suspect_count"] == "not_provided"


async def test_what_a_snapshot_no_longer_says_of_a_case_is_knowledge_lost(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1")
    row = a_case("K/1")
    del row["setting"]
    answer = await snapshot(context, item, [row])
    (lost,) = await findings_of(context, item, "Q301")
    assert (lost.document["field"], lost.document["value"]) == ("setting", "organised")
    assert answer.findings["quality"] == 2


async def test_cases_not_in_the_snapshot_are_listed_and_block_the_seal(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2", "K/3")
    answer = await snapshot(context, item, [a_case("K/1"), a_case("K/4")])
    assert (answer.new, answer.unchanged, answer.not_in_snapshot) == (1, 1, 2)
    assert {key: one.answer for key, one in (await missing_in(context, item)).items()} == {"K/2": None, "K/3": None}
    await explained(context, item)
    with pytest.raises(NotReady) as refused:
        await sealed(context, item)
    assert [(reason.code, reason.count) for reason in refused.value.reasons] == [("not-in-snapshot", 2)]


async def test_until_it_is_answered_a_missing_case_still_stands(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    await snapshot(context, item, [a_case("K/1")])
    assert sorted(await cases_of(context, item)) == ["K/1", "K/2"]
    assert await counts_of(context, item, "cases", "withdrawn", "not_in_snapshot") == (2, 0, 1)


async def test_a_missing_case_that_is_kept_stays_as_it_was(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    before = await cases_of(context, item)
    await snapshot(context, item, [a_case("K/1")])
    await word_on(context, item, "keep", "K/2")
    assert await blocks(context, await explained(context, item)) == {}
    done = await sealed(context, item)
    assert await cases_of(context, done) == before


async def test_a_missing_case_that_is_withdrawn_ends_with_its_reason(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2", "K/3")
    await snapshot(context, item, [a_case("K/1")])
    await word_on(context, item, "withdraw", "K/2", reason="duplicate")
    await word_on(context, item, "withdraw", "K/3", reason="other", words="Not ours after all.")
    assert await counts_of(context, item, "cases", "withdrawn", "not_in_snapshot") == (1, 2, 0)
    await explained(context, item)
    done = await sealed(context, item)
    assert list(await cases_of(context, done)) == ["K/1"]
    assert done.receipt["counts"]["withdrawn"] == 2
    ends = {reference: (to, why) for reference, _, to, why in await versions_of(context, force)}
    assert (ends["K/2"], ends["K/3"]) == ((2, "duplicate"), (2, "other"))
    await assert_tallies_are_right(context, done)


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [("withdraw", None, None), ("withdraw", "lost", None), ("withdraw", "other", " "), ("forget", None, None)],
)
async def test_an_answer_without_its_reason_is_refused(
    context: Context, force: str, answer: str, reason: str | None, words: str | None
) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    await snapshot(context, item, [a_case("K/1")])
    with pytest.raises(AnswersRefused):
        await word_on(context, item, answer, "K/2", reason=reason, words=words or "")
    assert (await missing_in(context, item))["K/2"].answer is None


async def test_of_several_answers_all_or_none_are_taken(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    await snapshot(context, item, [a_case("K/1")])
    ids, now = await ids_of(context, item), await again(context, item)
    assert isinstance(now, Open)
    given = [Word(case_id=ids["K/2"], answer="keep"), Word(case_id=ids["K/1"], answer="keep")]
    with pytest.raises(AnswersRefused) as refused:
        await answer_missing(context, LEAD, now, given, None)
    assert [problem.pointer for problem in refused.value.problems] == ["/withdrawals/1/case_id"]
    assert (await missing_in(context, item))["K/2"].answer is None


async def test_an_answer_can_be_changed_until_the_seal(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    await snapshot(context, item, [a_case("K/1")])
    await word_on(context, item, "withdraw", "K/2", reason="duplicate")
    await word_on(context, item, "keep", "K/2")
    assert await counts_of(context, item, "cases", "withdrawn") == (2, 0)
    assert (await missing_in(context, item))["K/2"].reason is None


async def test_a_case_that_comes_after_all_is_no_longer_missing(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    await snapshot(context, item, [a_case("K/1")])
    await word_on(context, item, "withdraw", "K/2", reason="duplicate")
    await sent(context, item, [a_case("K/2", setting="gang")])
    assert await missing_in(context, item) == {}
    assert await counts_of(context, item, "cases", "changed", "withdrawn") == (2, 1, 0)


async def test_a_second_snapshot_asks_only_for_what_is_not_in_it(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2", "K/3", "K/4")
    await snapshot(context, item, [a_case("K/1")])
    await word_on(context, item, "keep", "K/2")
    answer = await snapshot(context, item, [a_case("K/1"), a_case("K/3")])
    assert answer.not_in_snapshot == 2
    assert {key: one.answer for key, one in (await missing_in(context, item)).items()} == {"K/2": "keep", "K/4": None}


async def test_a_case_new_in_the_draft_is_asked_for_too(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1")
    await sent(context, item, [a_case("K/9")])
    answer = await snapshot(context, item, [a_case("K/1")])
    assert answer.not_in_snapshot == 1
    assert list(await missing_in(context, item)) == ["K/9"]
    await word_on(context, item, "withdraw", "K/9", reason="recorded_in_error")
    assert await counts_of(context, item, "cases", "new", "withdrawn") == (1, 0, 0)
    await explained(context, item)
    assert list(await cases_of(context, await sealed(context, item))) == ["K/1"]


async def test_a_held_row_with_a_readable_reference_counts_as_present(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2", "K/3")
    answer = await snapshot(
        context, item, [a_case("K/1"), a_case("K/2", suspect_count="two"), a_case("K/3"), a_case("K/3")]
    )
    assert (answer.held, answer.not_in_snapshot) == (3, 0)
    assert await missing_in(context, item) == {}
    assert sorted(await cases_of(context, item)) == ["K/1", "K/2", "K/3"]


async def test_a_row_that_cannot_be_parsed_counts_as_present_by_its_reference(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    answer = await snapshot(context, item, b"case_ref,stage\nK/1,identified\nK/2,identified,and,more\n")
    assert [row.key for row in await held_in(context, item)] == ["K/2"]
    assert answer.not_in_snapshot == 0
    assert await missing_in(context, item) == {}


async def test_a_held_row_without_a_reference_covers_no_case(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    answer = await snapshot(context, item, [a_case("K/1"), a_case("")])
    assert (answer.held, answer.not_in_snapshot) == (1, 1)


async def test_a_snapshot_replaces_the_rows_held_before(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1")
    await sent(context, item, [a_case("K/8", suspect_count="two"), a_case("K/9", setting="nowhere")])
    await snapshot(context, item, [a_case("K/1"), a_case("K/9", setting="elsewhere")])
    assert [row.key for row in await held_in(context, item)] == ["K/9"]


async def test_a_case_deleted_one_by_one_is_not_asked_for_again(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    ids = await ids_of(context, item)
    await delete_case(context, LEAD, item, ids["K/2"], "duplicate", None, None)
    await snapshot(context, item, [a_case("K/1")])
    assert (await missing_in(context, item))["K/2"].answer == "withdraw"
    assert await counts_of(context, item, "cases", "withdrawn", "not_in_snapshot") == (1, 1, 0)


async def test_a_snapshot_of_nothing_asks_for_every_case(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    answer = await snapshot(context, item, b"case_ref,stage\n")
    assert (answer.received, answer.not_in_snapshot) == (0, 2)
    assert await blocks(context, item) == {"not-in-snapshot": 2}


async def test_a_dry_snapshot_asks_for_nothing(context: Context, force: str) -> None:
    item = await carrying(context, force, "K/1", "K/2")
    answer = await sent(context, item, [a_case("K/1")], mode=Mode.SNAPSHOT, dry_run=True)
    assert answer.not_in_snapshot == 1
    assert await missing_in(context, item) == {}
