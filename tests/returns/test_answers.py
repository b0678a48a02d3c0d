"""Findings and the words that answer them: by case or by rule, for as long as the values stay (semantics 13, 23)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName
from service.errors import PreconditionFailed
from service.returns.answers import AnswersRefused, Words, explain, unanswered_rules
from service.returns.context import Context
from service.returns.model import AnyReturn, Open, etag_of
from service.returns.seal import NotReady
from service.returns.standing import standing_by_rule
from service.returns.withdrawals import delete_case
from tests.support.returns import LEAD, a_case, again, explained, opened, reported, sealed, sent
from tests.support.stock import answers_to, blocks, findings_of, ids_of, told

MANY = "Q337"
NO_DATE = "Q322"


def a_row(case_ref: str = "K/1", **fields: str) -> dict[str, str]:
    """A case without any finding, but for what the test says."""
    return a_case(case_ref, **({"stage_date": "2025-10"} | fields))


def many(case_ref: str = "K/1", suspects: int = 70, **fields: str) -> dict[str, str]:
    """A case with so many suspects that it must be explained."""
    return a_row(case_ref, suspect_count=str(suspects), suspects_not_recorded=str(suspects), **fields)


async def say(context: Context, item: AnyReturn, *answers: tuple[str, str | None, str]) -> int:
    """Answer findings; how many are answered."""
    now = await again(context, item)
    assert isinstance(now, Open)
    words = [Words(rule=rule, key=key, words=said) for rule, key, said in answers]
    return (await explain(context, LEAD, now, words, None))[1]


async def test_findings_come_in_the_order_of_part_row_and_rule(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [{"nfa_date": "2015", "cases": "20000", "victim_count": "0"}], part=PartName.AGGREGATE)
    team = {"team": "other", "phase": "assessment", "officers_fte": "0", "staff_fte": "0"}
    await sent(context, item, [team], part=PartName.WORKFORCE)
    await sent(context, item, [a_case("K/2", victim_count="0", victims_not_recorded="0"), many("K/1"), a_case("K/3")])
    listed = [
        (one.document["part"], one.document["row"], one.document["rule"]) for one in await findings_of(context, item)
    ]
    assert listed == [
        ("case", 2, "Q322"),
        ("case", 2, "Q335"),
        ("case", 3, "Q337"),
        ("case", 4, "Q322"),
        ("aggregate", 2, "Q335"),
        ("aggregate", 2, "Q370"),
        ("workforce", 2, "Q371"),
    ]


async def test_a_rule_is_silent_where_it_is_not_known_whether_something_is_wrong(context: Context, force: str) -> None:
    item = await opened(context, force)
    rows = [
        a_row("K/1", suspect_count="2+", suspects_not_recorded=""),
        a_row("K/2", suspect_count="60+", suspects_not_recorded=""),
        a_row("K/3", suspect_count="50-70", suspects_not_recorded=""),
        a_row("K/4", suspect_count="", suspects_not_recorded=""),
    ]
    await sent(context, item, rows)
    assert await told(context, item, MANY) == [(MANY, "K/2")]


async def test_a_finding_says_the_value_as_it_was_sent(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_row("K/1", suspect_count="60+", suspects_not_recorded="")])
    (finding,) = await findings_of(context, item, MANY)
    assert finding.document["value"] == "60+"
    assert finding.document["says"].startswith("60+ suspects")


async def test_unanswered_findings_block_the_seal(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1"), many("K/2"), a_row("K/3")])
    with pytest.raises(NotReady) as refused:
        await sealed(context, item)
    assert [(reason.code, reason.count) for reason in refused.value.reasons] == [("unanswered-findings", 2)]


async def test_an_answer_for_one_case_answers_that_case_alone(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1"), many("K/2")])
    assert await say(context, item, (MANY, "K/1", "A whole club.")) == 1
    assert await answers_to(context, item, MANY) == {"K/1": "A whole club.", "K/2": None}
    assert await blocks(context, item) == {"unanswered-findings": 1}


async def test_an_answer_for_the_rule_answers_every_finding_of_it(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1"), many("K/2"), a_case("K/3")])
    assert await say(context, item, (MANY, None, "Large networks.")) == 2
    assert await answers_to(context, item, MANY) == {"K/1": "Large networks.", "K/2": "Large networks."}
    assert await blocks(context, item) == {"unanswered-findings": 1}


@pytest.mark.parametrize("case_first", [True, False])
async def test_the_answer_of_a_case_goes_before_that_of_the_rule(
    context: Context, force: str, *, case_first: bool
) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1"), many("K/2")])
    given = [(MANY, "K/1", "A whole club."), (MANY, None, "Large networks.")]
    for one in given if case_first else reversed(given):
        await say(context, item, one)
    assert await answers_to(context, item, MANY) == {"K/1": "A whole club.", "K/2": "Large networks."}


async def test_an_answer_can_be_given_in_better_words(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1")])
    await say(context, item, (MANY, "K/1", "Yes."))
    await say(context, item, (MANY, "K/1", "A whole club."))
    assert await answers_to(context, item, MANY) == {"K/1": "A whole club."}


async def test_an_answer_holds_when_the_same_file_is_sent_again(context: Context, force: str) -> None:
    item = await opened(context, force)
    for _ in range(2):
        await sent(context, item, [many("K/1")])
        if await blocks(context, item):
            await say(context, item, (MANY, "K/1", "A whole club."))
    assert await answers_to(context, item, MANY) == {"K/1": "A whole club."}
    await sealed(context, item)


async def test_an_answer_holds_in_the_next_period(context: Context, force: str) -> None:
    item = await opened(context, force, "2026-01")
    await sent(context, item, [many("K/1")])
    await say(context, item, (MANY, "K/1", "A whole club."))
    await sealed(context, item)
    after = await opened(context, force, "2026-02")
    await sent(context, after, [many("K/1", stage="in_assessment")])
    assert await answers_to(context, after, MANY) == {"K/1": "A whole club."}
    await sealed(context, after)


async def test_an_answer_lapses_when_the_values_of_the_rules_fields_change(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1", 70)])
    await say(context, item, (MANY, "K/1", "A whole club."))
    await sent(context, item, [many("K/1", 71)])
    assert await answers_to(context, item, MANY) == {"K/1": None}
    await sent(context, item, [many("K/1", 70)])
    assert await answers_to(context, item, MANY) == {"K/1": "A whole club."}


async def test_an_answer_outlives_changes_of_other_values(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1")])
    await say(context, item, (MANY, "K/1", "A whole club."))
    await sent(context, item, [{"case_ref": "K/1", "setting": "gang"}])
    assert await answers_to(context, item, MANY) == {"K/1": "A whole club."}


async def test_a_finding_goes_when_the_case_is_corrected(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1"), many("K/2")])
    await sent(context, item, [a_row("K/1")])
    assert await told(context, item) == [(MANY, "K/2")]


async def test_the_findings_of_a_withdrawn_case_need_no_answer(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1"), a_row("K/2")])
    now = await again(context, item)
    assert isinstance(now, Open)
    await delete_case(context, LEAD, now, (await ids_of(context, item))["K/1"], "duplicate", None, None)
    assert await blocks(context, item) == {}
    await sealed(context, item)


@pytest.mark.parametrize(
    ("answer", "pointer"),
    [
        (("Q999", None, "So it is."), "/answers/0/rule"),
        (("V220", None, "So it is."), "/answers/0/rule"),
        ((MANY, None, "  "), "/answers/0/words"),
        ((MANY, None, "x" * 2_001), "/answers/0/words"),
        ((MANY, "K/9", "So it is."), "/answers/0/case_ref"),
        (("Q338", None, "So it is."), "/answers/0/rule"),
    ],
)
async def test_an_answer_that_fits_no_finding_is_refused_with_its_place(
    context: Context, force: str, answer: tuple[str, str | None, str], pointer: str
) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1")])
    with pytest.raises(AnswersRefused) as refused:
        await say(context, item, answer)
    assert [problem.pointer for problem in refused.value.problems] == [pointer]


async def test_of_several_answers_all_or_none_are_taken(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1")])
    with pytest.raises(AnswersRefused):
        await say(context, item, (MANY, "K/1", "A whole club."), (MANY, "K/9", "So it is."))
    assert await answers_to(context, item, MANY) == {"K/1": None}


async def test_of_two_answers_to_one_finding_the_later_stands_and_a_case_goes_before_all(
    context: Context, force: str
) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1"), many("K/2")])
    said = ((MANY, "K/1", "First."), (MANY, "K/1", "A whole club."), (MANY, None, "Before."), (MANY, None, "Checked."))
    assert await say(context, item, *said) == 1 + 1 + 2 + 2
    assert await answers_to(context, item, MANY) == {"K/1": "A whole club.", "K/2": "Checked."}


async def test_many_answers_are_stored_by_few_statements(
    context: Context, force: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = await opened(context, force)
    await sent(context, item, [many(f"K/{number}") for number in range(50)])
    asked: list[object] = []
    execute = AsyncConnection.execute

    async def counted(self: AsyncConnection, *given: Any, **more: Any) -> Any:
        asked.append(given[0])
        return await execute(self, *given, **more)

    monkeypatch.setattr(AsyncConnection, "execute", counted)
    assert await say(context, item, *((MANY, f"K/{number}", "A club.") for number in range(50))) == 50
    assert len(asked) < 40
    assert await blocks(context, item) == {}


async def test_an_answer_to_an_outdated_draft_is_refused(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1")])
    seen = await again(context, item)
    assert isinstance(seen, Open)
    await sent(context, item, [many("K/1", 71)])
    with pytest.raises(PreconditionFailed):
        await explain(context, LEAD, seen, [Words(rule=MANY, key=None, words="Yes.")], etag_of(seen))


async def test_the_rules_that_wait_for_words_are_named(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1"), a_case("K/2")])
    await say(context, item, (MANY, None, "Large networks."))
    now = await again(context, item)
    assert isinstance(now, Open)
    async with context.db.force(now.force) as tx:
        assert await unanswered_rules(tx, now) == [NO_DATE]


async def test_findings_of_cells_and_teams_are_answered_by_their_rule(context: Context, force: str) -> None:
    item = await opened(context, force)
    cells = [{"nfa_date": year, "cases": "20000"} for year in ("2015", "2016")]
    await sent(context, item, cells, part=PartName.AGGREGATE)
    team = {"team": "other", "phase": "assessment", "officers_fte": "1", "vacancies_fte": "2.5"}
    await sent(context, item, [team], part=PartName.WORKFORCE)
    assert await say(context, item, ("Q370", None, "Counted twice."), ("Q373", None, "A new team.")) == 3
    assert await blocks(context, item) == {}
    await sent(context, item, cells, part=PartName.AGGREGATE)
    assert await blocks(context, item) == {}
    await sent(context, item, [{"nfa_date": "2015", "cases": "20001"}], part=PartName.AGGREGATE)
    assert await blocks(context, item) == {"unanswered-findings": 1}


async def test_words_on_one_cell_do_not_speak_for_another_with_the_same_number(context: Context, force: str) -> None:
    item = await opened(context, force)
    cells = [{"nfa_date": "2015", "cases": "20000"}]
    await sent(context, item, cells, part=PartName.AGGREGATE)
    await say(context, item, ("Q370", None, "Counted twice."))
    await sent(context, item, [*cells, {"nfa_date": "2017", "cases": "20000"}], part=PartName.AGGREGATE)
    assert await blocks(context, item) == {"unanswered-findings": 1}


# Findings about the whole return


def some(count: int, **fields: str) -> Sequence[dict[str, str]]:
    return [a_row(f"K/{number}", **fields) for number in range(1, count + 1)]


async def macro(context: Context, item: AnyReturn) -> list[str]:
    return [rule for rule, _ in await told(context, item) if rule.startswith("M")]


async def test_a_return_that_grew_by_a_fifth_must_be_explained(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", some(10))
    item = await opened(context, force, "2026-02")
    await sent(context, item, some(11))
    assert await macro(context, item) == []
    await sent(context, item, some(12))
    assert await macro(context, item) == ["M402"]
    (finding,) = await findings_of(context, item, "M402")
    assert finding.document["says"].startswith("The return holds 12 cases, and the one before held 10: a change of 20")


async def test_a_return_that_lost_a_fifth_must_be_explained(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", some(10))
    item = await opened(context, force, "2026-02")
    for reference in ("K/1", "K/2"):
        now = await again(context, item)
        assert isinstance(now, Open)
        await delete_case(context, LEAD, now, (await ids_of(context, item))[reference], "duplicate", None, None)
    assert await macro(context, item) == ["M401"]
    assert await blocks(context, item) == {"unanswered-findings": 1}


async def test_a_return_that_lost_every_case_is_told_apart(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", some(1))
    item = await opened(context, force, "2026-02")
    await delete_case(context, LEAD, item, (await ids_of(context, item))["K/1"], "recorded_in_error", None, None)
    assert await macro(context, item) == ["M407"]


async def test_a_macro_answer_lapses_when_its_measure_changes(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", some(10))
    item = await opened(context, force, "2026-02")
    await sent(context, item, some(12))
    await say(context, item, ("M402", None, "A new search."))
    assert await blocks(context, item) == {}
    await sent(context, item, some(12, setting="gang"))
    assert await blocks(context, item) == {}
    await sent(context, item, some(13))
    assert await answers_to(context, item, "M402") == {None: None}


async def test_an_undetermined_fifth_must_be_explained(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [*some(4), a_row("K/5", suspect_count="", suspects_not_recorded="")])
    assert await macro(context, item) == ["M403"]


async def test_a_declared_year_without_a_case_must_be_explained(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_row("K/1", nfa_date="2013"), a_row("K/2", nfa_date="2015")])
    assert await macro(context, item) == ["M404"]
    await sent(context, item, [a_row("K/3", nfa_date="2014")])
    assert await macro(context, item) == []


async def test_references_that_differ_in_capitals_alone_must_be_explained(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [a_row("K/1"), a_row("k-1"), a_row("K/2")])
    (finding,) = await findings_of(context, item, "M405")
    assert finding.document["value"] == "2"


async def test_parts_that_disagree_must_be_explained(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, some(2))
    await sent(context, item, [{"nfa_date": "2014", "cases": "5"}], part=PartName.AGGREGATE)
    (finding,) = await findings_of(context, item, "M406")
    assert finding.document["value"] == "3"


async def test_a_first_return_has_nothing_to_be_compared_with(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, some(30))
    assert await macro(context, item) == []


async def test_an_explained_finding_is_sealed_with_its_words(context: Context, force: str) -> None:
    item = await opened(context, force)
    await sent(context, item, [many("K/1")])
    await say(context, item, (MANY, "K/1", "A whole club."))
    done = await sealed(context, await explained(context, item))
    assert await answers_to(context, done, MANY) == {"K/1": "A whole club."}


async def standing(context: Context, item: AnyReturn, rule: str = MANY) -> tuple[int, int, int, int]:
    """How many findings of the rule are answered from before, lapsed, new, and still wait."""
    now = await again(context, item)
    assert isinstance(now, Open)
    async with context.db.force(item.force) as tx:
        found = (await standing_by_rule(tx, now)).get(rule)
    return (0, 0, 0, 0) if found is None else (found.answered, found.lapsed, found.new, found.waiting)


async def test_a_finding_is_new_until_another_return_has_its_words(context: Context, force: str) -> None:
    item = await opened(context, force, "2026-01")
    await sent(context, item, [many("K/1"), many("K/2")])
    assert await standing(context, item) == (0, 0, 2, 2)
    await say(context, item, (MANY, "K/1", "A large network."))
    assert await standing(context, item) == (0, 0, 2, 1)
    await explained(context, item)
    await sealed(context, item)

    following = await opened(context, force)
    await sent(context, following, [many("K/1", priority="rape"), many("K/2", priority="rape"), many("K/3")])
    assert await standing(context, following) == (2, 0, 1, 1)
    await explained(context, following)  # said again, of what stood already
    assert await standing(context, following) == (2, 0, 1, 0)


async def test_words_that_no_longer_fit_the_values_are_told_to_have_lapsed(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [many("K/1"), many("K/2")])
    item = await opened(context, force)
    await sent(context, item, [many("K/1", 80), many("K/2", priority="rape")])
    assert await standing(context, item) == (1, 1, 0, 1)
    await say(context, item, (MANY, "K/1", "Ten more were found."))
    assert await standing(context, item) == (1, 1, 0, 0)


async def test_an_explained_cell_has_no_name_by_which_it_could_lapse(context: Context, force: str) -> None:
    cell = {"nfa_date": "2015", "cases": "20000"}
    item = await opened(context, force, "2026-01")
    await sent(context, item, [cell], part=PartName.AGGREGATE)
    assert await standing(context, item, "Q370") == (0, 0, 1, 1)
    await explained(context, item)
    await sealed(context, item)
    following = await opened(context, force)
    await sent(context, following, [cell, {**cell, "nfa_date": "2016"}], part=PartName.AGGREGATE)
    assert await standing(context, following, "Q370") == (1, 0, 1, 1)


async def test_a_sealed_return_keeps_how_its_findings_stood_to_their_answers(context: Context, force: str) -> None:
    await reported(context, force, "2026-01", [many("K/1"), many("K/2")])
    item = await opened(context, force)
    await sent(context, item, [many("K/1", 80), many("K/2", priority="rape"), many("K/3")])
    await explained(context, item)
    done = await sealed(context, item)
    assert {"rule": MANY, "answered": 1, "lapsed": 1, "new": 1} in done.summary["answers"]
