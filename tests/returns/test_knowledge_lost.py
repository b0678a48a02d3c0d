"""What was known and is empty now is a finding until it is known again or explained (semantics 17, 23)."""

from __future__ import annotations

from service.returns.context import Context
from service.returns.upload import Mode
from tests.support.returns import a_case, explained, opened, reported, sealed, sent
from tests.support.stock import answers_to, blocks, findings_of, told

LOST = "Q301"


async def test_sending_the_same_file_again_does_not_make_a_loss_forgotten(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    for _ in range(2):
        await sent(context, item, [{"case_ref": "K/1", "setting": ""}])
        assert await told(context, item, LOST) == [(LOST, "K/1")]


async def test_a_loss_is_not_forgotten_when_something_else_of_the_case_is_sent(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1", stage_date="2025")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [{"case_ref": "K/1", "setting": ""}])
    await sent(context, item, [{"case_ref": "K/1", "priority": "rape"}])
    assert await blocks(context, item) == {"unanswered-findings": 1}


async def test_a_loss_is_not_forgotten_in_the_next_snapshot(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    for _ in range(2):
        await sent(context, item, [a_case("K/1", setting="")], mode=Mode.SNAPSHOT)
        assert await told(context, item, LOST) == [(LOST, "K/1")]


async def test_a_loss_is_over_when_the_value_is_sent_again(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1"), a_case("K/2")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [{"case_ref": f"K/{n}", "setting": "", "nfa_by": ""} for n in (1, 2)])
    await sent(context, item, [{"case_ref": "K/1", "setting": "gang"}, {"case_ref": "K/2", "setting": ""}])
    lost = [(one.document["case_ref"], one.document["field"]) for one in await findings_of(context, item, LOST)]
    assert sorted(lost) == [("K/1", "nfa_by"), ("K/2", "nfa_by"), ("K/2", "setting")]


async def test_a_loss_is_over_when_the_case_is_as_its_base_again(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1", setting="")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [{"case_ref": "K/1", "setting": "gang"}])
    await sent(context, item, [{"case_ref": "K/1", "setting": ""}])
    assert await told(context, item, LOST) == []


async def test_the_words_for_one_field_do_not_answer_for_another_that_had_the_same_value(
    context: Context, force: str
) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", suspects_charged="3")])
    await sent(context, item, [{"case_ref": "K/1", "suspect_count": ""}])
    await explained(context, item, LOST)
    await sent(context, item, [{"case_ref": "K/1", "suspects_charged": ""}])
    answers = {one.document["field"]: one.answer for one in await findings_of(context, item, LOST)}
    assert answers == {"suspect_count": "Checked against the file.", "suspects_charged": None}


async def test_a_sealed_loss_is_not_asked_for_in_the_next_period(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [a_case("K/1")])
    item = await opened(context, force, "2026-02")
    await sent(context, item, [{"case_ref": "K/1", "setting": ""}])
    await sealed(context, await explained(context, item))
    after = await opened(context, force, "2026-03")
    await sent(context, after, [{"case_ref": "K/1", "setting": ""}])
    assert await answers_to(context, after, LOST) == {}


async def test_a_held_row_loses_nothing(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1")])
    await sent(context, item, [a_case("K/1", setting="", suspect_count="two")])
    assert await told(context, item, LOST) == []
