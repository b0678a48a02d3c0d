"""What a rule notice does to returns: to uploads, to what was uploaded before, and not to what is sealed.

Notices are for everyone, so each test speaks of a rule that no other of this file speaks of.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.contract.model import PartName
from service.errors import PreconditionFailed
from service.returns.answers import AnswersRefused
from service.returns.asked import returns_now
from service.returns.context import Context
from service.returns.model import AnyReturn, Open, etag_of
from service.returns.seal import seal
from service.returns.upload import Mode
from tests.support.notices import a_notice, in_force
from tests.support.returns import LEAD, SIGNED, a_case, again, both_versions, explained, opened, reported, sealed, sent
from tests.support.stock import blocks, case_of, findings_of, held_in, told

BACKWARDS = {"offence_from": "2015", "offence_to": "2014-06", "nfa_date": "2016"}
"""What V220 is about."""


async def today(context: Context, item: AnyReturn) -> Open:
    """The return as anybody finds it who looks at it now."""
    found = next(each for each in await returns_now(context, item.force) if each.id == item.id)
    assert isinstance(found, Open)
    return found


async def grades(context: Context, item: AnyReturn, rule: str) -> list[tuple[str, str | None]]:
    """Severity and notice of each finding of a rule."""
    return [(each.document["severity"], each.document["notice"]) for each in await findings_of(context, item, rule)]


async def test_a_rule_that_is_off_finds_nothing_in_an_upload(context: Context, force: str) -> None:
    item = await opened(context, force)
    assert (await sent(context, item, [a_case(victim_count="0")], dry_run=True)).findings["quality"] == 2
    await in_force(context, a_notice("Q335"))
    assert (await sent(context, item, [a_case(victim_count="0")], dry_run=True)).findings["quality"] == 1
    await sent(context, item, [a_case(victim_count="0")])
    assert await told(context, item, "Q335") == []


async def test_findings_of_a_rule_that_is_switched_off_leave_a_draft_when_it_is_looked_at(
    context: Context, force: str
) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case(suspect_count="0", suspects_not_recorded="")])
    before = await again(context, item)
    assert "unanswered-findings" in await blocks(context, item)
    await in_force(context, a_notice("Q336"))
    after = await today(context, item)
    assert await told(context, item, "Q336") == []
    assert etag_of(after) != etag_of(before), "nobody signs what they have not seen"
    assert etag_of(await today(context, item)) == etag_of(after)


async def test_what_was_read_before_a_notice_cannot_be_sealed_after_it(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case(nfa_by="cps")])
    seen = await explained(context, item)
    await in_force(context, a_notice("Q340", "validity"))
    with pytest.raises(PreconditionFailed):
        await seal(context, LEAD, seen.force, seen.id, SIGNED, etag_of(seen))


async def test_a_rule_of_validity_that_is_made_one_of_quality_asks_and_frees_what_it_held(
    context: Context, force: str
) -> None:
    item = await opened(context, force)
    rows = [a_case("K/1", **BACKWARDS), a_case("K/2", **BACKWARDS, suspect_count="two")]
    await sent(context, item, rows)
    notice = await in_force(context, a_notice("V220", "quality"))
    await today(context, item)
    assert [(row.key, row.freed_by) for row in await held_in(context, item)] == [
        ("K/1", notice.notice.id),
        ("K/2", None),
    ]
    assert await grades(context, item, "V220") == [("quality", notice.notice.id)] * 2
    assert (await blocks(context, item))["held-rows"] == 2
    answer = await sent(context, item, rows)
    assert (answer.accepted, answer.held) == (1, 1)
    assert [row.key for row in await held_in(context, item)] == ["K/2"]


async def test_a_held_row_is_freed_by_a_rule_that_is_switched_off(context: Context, force: str) -> None:
    item = await opened(context, force)
    row = a_case(reported_date="2013", offence_from="2014", nfa_date="2016")
    assert (await sent(context, item, [row])).held == 1
    notice = await in_force(context, a_notice("V221"))
    await today(context, item)
    assert [each.freed_by for each in await held_in(context, item)] == [notice.notice.id]
    assert (await sent(context, item, [row])).held == 0


async def test_a_rule_that_is_tightened_holds_rows_and_stands_in_the_way_of_those_accepted_before(
    context: Context, force: str
) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1", victim_count="70", victims_not_recorded="70"), a_case("K/2")])
    await explained(context, item)
    notice = await in_force(context, a_notice("Q338", "validity"))
    now = await today(context, item)
    assert await grades(context, item, "Q338") == [("validity", notice.notice.id)]
    assert (await blocks(context, item))["held-by-notice"] == 1
    with pytest.raises(AnswersRefused):
        await explained(context, now, "Q338")
    answer = await sent(context, item, [a_case("K/3", victim_count="80", victims_not_recorded="80"), a_case("K/1")])
    assert (answer.accepted, answer.held) == (1, 1)
    assert "held-by-notice" not in await blocks(context, item)


async def test_a_sealed_return_is_never_asked_again(context: Context, force: str) -> None:
    rows = [a_case(suspect_count="70", suspects_not_recorded="70")]
    done = await reported(context, force, "2026-02", rows)
    before = await findings_of(context, done)
    assert "Q337" in {each.document["rule"] for each in before}
    await in_force(context, a_notice("Q337", "validity"))
    await returns_now(context, done.force)
    assert await findings_of(context, done) == before
    following = await opened(context, force, "2026-03")
    assert await blocks(context, following) == {}
    answer = await sent(context, following, [a_case("K/9")])
    assert answer.held == 0
    assert (await case_of(context, await sealed(context, await explained(context, following))))["suspect_count"] == 70


async def test_a_rule_that_comes_back_is_asked_of_what_this_return_sent(context: Context, force: str) -> None:
    clock: Any = context.clock
    await in_force(context, a_notice("Q345", until=date(2026, 3, 3)))
    item = await opened(context, force)
    bad = a_case(nfa_by="")
    await sent(context, item, [bad])
    assert await told(context, item, "Q345") == []
    moment = clock.now
    try:
        clock.forward(days=1)
        await today(context, item)
        found = await findings_of(context, item, "Q345")
        assert [each.document["case_ref"] for each in found] == ["K/1"]
        await explained(context, item, "Q345")
        answered = [each.answer for each in await findings_of(context, item, "Q345")]
        await sent(context, item, [bad], mode=Mode.SNAPSHOT)
        assert [each.answer for each in await findings_of(context, item, "Q345")] == answered, (
            "bound to the same values"
        )
    finally:
        clock.now = moment


async def test_a_macro_rule_can_be_switched_off(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_case("K/1"), a_case("K-1")])
    (finding,) = [each for each in await findings_of(context, item) if each.document["part"] == "return"]
    await in_force(context, a_notice(finding.document["rule"]))
    await today(context, item)
    assert [each for each in await findings_of(context, item) if each.document["part"] == "return"] == []


async def test_a_part_that_is_no_case_is_asked_again_too(context: Context, force: str) -> None:
    clock: Any = context.clock
    await in_force(context, a_notice("Q371", until=date(2026, 3, 3)))
    item = await opened(context, force)
    team = {"team": "child_exploitation", "phase": "assessment", "officers_fte": "0", "staff_fte": "0"}
    await sent(context, item, [team], part=PartName.WORKFORCE)
    assert await told(context, item, "Q371") == []
    moment = clock.now
    try:
        clock.forward(days=1)
        await today(context, item)
        assert await told(context, item, "Q371") == [("Q371", None)]
        await explained(context, item, "Q371")
        await sent(context, item, [team], part=PartName.WORKFORCE)
        assert [each.answer for each in await findings_of(context, item, "Q371")] == ["Checked against the file."]
    finally:
        clock.now = moment


async def test_a_rule_that_a_notice_turned_off_for_one_version_is_asked_once_when_the_return_leaves_it(
    context: Context, force: str
) -> None:
    context = both_versions(context)
    await in_force(context, a_notice("Q372"))
    item = await opened(context, force, contract_version="2025.1")
    team = {"team": "other", "phase": "assessment", "officers_fte": "2000", "staff_fte": "0"}
    await sent(context, item, [team], part=PartName.WORKFORCE)
    assert await told(context, item, "Q372") == []

    raised = await opened(context, force, contract_version="2026.1")

    assert await told(context, raised, "Q372") == [("Q372", None)]
