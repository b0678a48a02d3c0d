"""Rules as rule notices and their own last day have them on a day: a pure function of contract, notices and day."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.fitting import fitted
from service.contract.library import load_library
from service.contract.model import Severity, deviations_of, deviations_text
from service.contract.notices import Adopted, Notice, Replaced, is_replaced, noticed, problems_of, replaced, treatments
from tests.support.contracts import Contracts
from tests.support.notices import a_notice
from tests.support.returns import published

CONTRACTS = published().library.contracts
CONTRACT = CONTRACTS["2025.1"]
DAY = date(2026, 3, 1)


def test_a_rule_that_is_off_is_not_asked_on_its_days_and_asked_on_all_others() -> None:
    notice = a_notice("Q335", "off", until=date(2026, 3, 31))
    asked = {day: "Q335" in noticed(CONTRACT, [notice], date(2026, *day)).rule for day in ((2, 28), (3, 1), (3, 31))}
    assert asked == {(2, 28): True, (3, 1): False, (3, 31): False}
    assert noticed(CONTRACT, [notice], date(2026, 4, 1)) is CONTRACT


def test_a_rule_that_is_graded_anew_names_its_notice_and_nothing_else_of_it_changes() -> None:
    notice = a_notice("V220", "quality")
    before, after = CONTRACT.rule["V220"], noticed(CONTRACT, [notice], DAY).rule["V220"]
    assert (after.severity, after.notice) == (Severity.QUALITY, notice.id)
    assert (after.criterion, after.says, after.fields) == (before.criterion, before.says, before.fields)


def test_of_two_notices_the_one_that_begins_later_holds_and_of_two_alike_the_one_adopted_later() -> None:
    off, back = a_notice("Q335", "off"), a_notice("Q335", "quality", start=date(2026, 4, 1))
    assert "Q335" not in noticed(CONTRACT, [back, off], date(2026, 3, 31)).rule
    assert noticed(CONTRACT, [back, off], date(2026, 4, 1)) is CONTRACT
    assert noticed(CONTRACT, [off, a_notice("Q335", "validity")], DAY).rule["Q335"].severity is Severity.VALIDITY


@pytest.mark.parametrize(
    ("rule", "fix"),
    [
        ("Q335", "Correct the number; leave it empty if it is not known."),
        ("Q330", "Correct the offence or the age."),
        ("Q351", "Refer, and give the date."),
        ("Q355", "Correct the row."),
        ("Q372", "Correct the number: it is in full-time equivalents."),
        ("Q310", "Fill in missed_lines, or go back to an earlier stage."),
    ],
)
def test_a_rule_that_is_made_to_hold_rows_offers_no_answer_in_words(rule: str, fix: str) -> None:
    held = noticed(CONTRACT, [a_notice(rule, "validity")], DAY)
    told = f"{fix} Words cannot answer it: a rule notice has this rule hold the row."
    assert [fitted(held.rule[rule], Severity.VALIDITY), fitted(CONTRACT.rule[rule], Severity.VALIDITY)] == [told, told]
    assert [fitted(held.rule[rule], Severity.QUALITY), fitted(CONTRACT.rule[rule], Severity.QUALITY)] == [
        CONTRACT.rule[rule].fix
    ] * 2


def test_no_published_rule_offers_words_once_it_is_made_to_hold_rows() -> None:
    for contract in CONTRACTS.values():
        for rule in contract.rules:
            words = fitted(rule, Severity.VALIDITY).partition(" Words cannot")[0]
            if "validity" in treatments(rule):
                assert not re.search(r"\b(say|confirm|explain)\b", words, re.IGNORECASE), (rule.id, words)


def test_a_rule_that_is_made_one_to_be_answered_offers_words() -> None:
    rule = noticed(CONTRACT, [a_notice("V220", "quality")], DAY).rule["V220"]
    told = "Correct one of the two dates. Or say in words why it is right: a rule notice has this rule hold no row."
    assert fitted(rule, rule.severity) == told
    assert fitted(CONTRACT.rule["V220"], Severity.QUALITY) == told
    assert fitted(rule, Severity.VALIDITY) == CONTRACT.rule["V220"].fix


def adopted(*notices: Notice, on: date = date(2026, 2, 1)) -> list[Adopted]:
    """The notices, all come into force on one day, one after another."""
    return [Adopted(notice=notice, on=on) for notice in notices]


def test_a_notice_is_replaced_by_a_later_one_from_its_first_day_on_and_for_as_long_as_that_holds() -> None:
    first = a_notice("Q335", "off")
    second = a_notice("Q335", "quality", start=date(2026, 4, 1), until=date(2026, 4, 30))
    both = adopted(first, second)
    days = [date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 30), date(2026, 5, 1)]
    assert [is_replaced(first, both, day) for day in days] == [False, True, True, False]
    assert replaced(first, both, days[1]) == (Replaced(by=second.id, since=days[1], contracts=("2025.1",)),)
    assert [is_replaced(second, both, day) for day in days] == [False] * 4


def test_a_notice_that_was_confirmed_after_its_first_day_replaces_from_then_on() -> None:
    first, second = a_notice("Q335", "off"), a_notice("Q335", "quality")
    both = [*adopted(first), *adopted(second, on=date(2026, 3, 9))]
    assert replaced(first, both, date(2026, 3, 9))[0].since == date(2026, 3, 9)
    assert not is_replaced(second, both, date(2026, 3, 9))


def test_a_notice_names_the_one_that_came_after_it_and_not_what_came_after_that() -> None:
    first, second = a_notice("Q335", "off"), a_notice("Q335", "quality", start=date(2026, 4, 1))
    third = a_notice("Q335", "validity", start=date(2026, 5, 1))
    every = adopted(first, second, third)
    found = [[each.by for each in replaced(notice, every, date(2026, 5, 2))] for notice in (first, second, third)]
    assert found == [[second.id], [third.id], []]


def test_a_notice_replaced_in_one_version_alone_is_still_in_force() -> None:
    first = a_notice("Q335", "off", contracts=("2025.1", "2026.1"))
    second = a_notice("Q335", "quality", start=date(2026, 4, 1), contracts=("2026.1",))
    other = a_notice("Q336", "quality", start=date(2026, 4, 1))
    every = adopted(first, second, other)
    assert [each.contracts for each in replaced(first, every, date(2026, 4, 1))] == [("2026.1",)]
    assert not is_replaced(first, every, date(2026, 4, 1))


def test_a_notice_for_another_version_says_nothing_of_this_one() -> None:
    assert noticed(CONTRACT, [a_notice(contracts=("2026.1",))], DAY) is CONTRACT


def test_a_rule_has_a_last_day_of_its_own_and_a_notice_goes_before_it(tmp_path: Path) -> None:
    copy = Contracts(tmp_path).change(
        "returns/2025.1/rules.yaml", "when: victim_count = 0\n", "when: victim_count = 0\n    until: 2026-03-31\n"
    )
    contract = load_library(copy.root).contracts["2025.1"]
    assert contract.rule["Q335"].until == date(2026, 3, 31)
    assert "Q335" in noticed(contract, [], date(2026, 3, 31)).rule
    assert "Q335" not in noticed(contract, [], date(2026, 4, 1)).rule
    assert "Q335" in noticed(contract, [a_notice("Q335", "quality")], date(2026, 4, 1)).rule


def test_a_last_day_that_is_no_day_is_told_with_its_line(tmp_path: Path) -> None:
    copy = Contracts(tmp_path).change(
        "returns/2025.1/rules.yaml", "when: victim_count = 0\n", "when: victim_count = 0\n    until: soon\n"
    )
    assert copy.only_problem().line == copy.line_of("returns/2025.1/rules.yaml", "until: soon")


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"rule": "Q999"}, "/rule"),
        ({"rule": "S101"}, "/rule"),
        ({"rule": "V201", "severity": "quality"}, "/rule"),
        ({"rule": "Q301"}, "/rule"),
        ({"severity": "macro"}, "/severity"),
        ({"rule": "M401", "severity": "quality"}, "/severity"),
        ({"id": "q335"}, "/id"),
        ({"until": date(2026, 2, 28)}, "/until"),
        ({"start": date(2026, 1, 1), "until": DAY - timedelta(1)}, "/until"),
        ({"why": "  "}, "/why"),
        ({"contracts": ()}, "/contracts"),
        ({"contracts": ("2024.1",)}, "/contracts/0"),
        ({"contracts": ("2025.1", "2025.1")}, "/contracts/1"),
    ],
)
def test_a_notice_that_cannot_be_says_which_member_is_wrong(said: dict[str, Any], pointer: str) -> None:
    assert [problem.pointer for problem in problems_of(a_notice(**said), CONTRACTS, DAY)] == [pointer]


@pytest.mark.parametrize(
    ("rule", "severity"),
    [("Q335", "off"), ("Q335", "validity"), ("V220", "quality"), ("Q302", "off"), ("M401", "off"), ("M401", "macro")],
)
def test_what_a_notice_may_say(rule: str, severity: str) -> None:
    assert problems_of(a_notice(rule, severity), CONTRACTS, DAY) == []


NOTICES = st.builds(
    lambda rule, severity, start, length: a_notice(
        rule, severity, start=DAY + timedelta(start), until=None if length is None else DAY + timedelta(start + length)
    ),
    st.sampled_from(["Q335", "Q336", "V220"]),
    st.sampled_from(["off", "quality", "validity"]),
    st.integers(-3, 3),
    st.none() | st.integers(0, 4),
)


@given(st.lists(NOTICES, max_size=6), st.integers(-4, 8))
def test_each_rule_is_as_the_last_notice_that_holds_says_and_every_other_as_published(
    notices: list[Notice], days: int
) -> None:
    day = DAY + timedelta(days)
    asked = noticed(CONTRACT, notices, day)
    for rule in CONTRACT.rules:
        holding = [each for each in notices if each.rule == rule.id and each.holds_on(day)]
        last = max(holding, key=lambda each: (each.start, notices.index(each)), default=None)
        expected = rule.severity.value if last is None else last.severity
        found = asked.rule.get(rule.id)
        assert (found.severity.value if found is not None else "off") == expected
    assert deviations_of(deviations_text(asked.deviations)) == dict(asked.deviations)
    assert asked.hash == CONTRACT.hash
