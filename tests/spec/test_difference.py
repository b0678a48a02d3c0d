"""What one edition changes in another, as a reader of the change sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from service.api.difference_shapes import DifferenceDocument, difference_document
from service.contract.library import Library
from service.contract.model import PartName
from service.criteria.parse import parse
from service.scope.difference import MovedRule, difference
from service.scope.difference_words import NOTHING, difference_in_words, text_of_difference
from service.scope.edition import Edition
from service.scope.part_words import changes_in_words
from service.scope.published import edition_of

WIDE, REFERRAL = "2025-11-wide", "2026-02-referral"


def an_edition(library: Library, *rules: tuple[str, str], vocabulary: str = "2026.1", **head: Any) -> Edition:
    """An edition of rules with these ids and conditions."""
    listed = [{"id": name, "title": f"Rule {name}", "guidance": "Look.", "when": when} for name, when in rules]
    document = {"edition": "e1", "title": "An edition", "state": "draft", "vocabulary": vocabulary, "rules": listed}
    return edition_of({**document, **head}, library)


def test_the_referral_definition_adds_three_rules_and_changes_two(
    library: Library, editions: Mapping[str, Edition]
) -> None:
    found = difference(editions[WIDE], editions[REFERRAL], library)
    assert [rule.id for rule in found.added] == ["contact", "alive", "unreviewed"]
    assert [item.id for item in found.changed] == ["victims", "when"]
    assert found.kept == ("offence", "suspects", "ended")
    assert (found.removed, found.moved) == ((), ())


def test_the_changes_between_the_published_editions_are_said_in_words(
    library: Library, editions: Mapping[str, Edition]
) -> None:
    words = difference_in_words(library, difference(editions[WIDE], editions[REFERRAL]))
    assert words.summary == (
        "2026-02-referral, compared with 2025-11-wide, adds 3 rules and changes 2 rules. 3 rules say what they said."
    )
    assert words.vocabulary == (
        "2026-02-referral reads by contract version 2026.1, and 2025-11-wide by 2025.1.",
        "The field `youngest_victim_age` is called `victim_age_youngest`: another name, and no change of a rule.",
    )
    says = {rule.id: rule.says for rule in words.rules}
    assert says["victims"][0] == "The lowest value of ‘Victims’ moved from 1 to 2."
    assert says["when"][:2] == (
        "The earliest date of ‘No further action on’ moved from 1 November 2010 to 1 January 2010.",
        "The latest date of ‘No further action on’ moved from 31 October 2025 to 31 March 2025.",
    )
    assert says["contact"] == ("It is rule 2 of 8.",)


def test_a_rule_that_changed_stands_there_whole_before_and_now(
    library: Library, editions: Mapping[str, Edition]
) -> None:
    words = difference_in_words(library, difference(editions[WIDE], editions[REFERRAL]))
    (victims,) = [rule for rule in words.rules if rule.id == "victims"]
    assert (victims.before, victims.after) == (
        "A case meets this rule if ‘Victims’ is 1 or more.",
        "A case meets this rule if ‘Victims’ is 2 or more.",
    )
    assert (victims.when_before, victims.when_after) == ("victim_count >= 1", "victim_count >= 2")
    assert (victims.place_before, victims.place_after) == (3, 5)


def test_the_document_of_a_difference_has_the_form_that_the_api_declares(
    library: Library, editions: Mapping[str, Edition]
) -> None:
    document = difference_document(library, difference(editions[WIDE], editions[REFERRAL]))
    shown = msgspec.convert(document, DifferenceDocument)
    assert (shown.before.hash, shown.after.hash) == (editions[WIDE].hash, editions[REFERRAL].hash)
    assert [rule.changed for rule in shown.rules if rule.kind == "changed"] == [["condition", "title"]] * 2
    assert shown.links["self"] == "/api/scopes/2026-02-referral/difference?against=2025-11-wide"


def test_the_same_rules_are_said_to_be_the_same(library: Library) -> None:
    one = an_edition(library, ("a", "suspect_count >= 2"))
    other = an_edition(library, ("a", "suspect_count >= 2"), edition="e2")
    assert difference_in_words(library, difference(one, other)).summary == NOTHING
    assert NOTHING in text_of_difference(difference_in_words(library, difference(one, other)))


def test_one_rule_that_moved_to_the_end_is_the_only_one_that_moved(library: Library) -> None:
    rules = [(name, "suspect_count >= 2") for name in "abcd"]
    found = difference(an_edition(library, *rules), an_edition(library, *rules[1:], rules[0]))
    assert found.moved == (MovedRule("a", 1, 4),)
    (told,) = difference_in_words(library, found).rules
    assert told.kind == "moved"
    assert told.says == (
        "It is rule 4 of 4, and was rule 1 of 4: a case that fails several rules is counted under the first of them.",
    )


def test_of_rules_in_reverse_order_the_one_in_the_middle_stays(
    library: Library, editions: Mapping[str, Edition]
) -> None:
    wide = editions[WIDE]
    rules = [(rule.id, rule.when) for rule in wide.rules]
    turned = an_edition(library, *reversed(rules), vocabulary=wide.vocabulary)
    found = difference(an_edition(library, *rules, vocabulary=wide.vocabulary), turned)
    assert "moves 4 rules" in difference_in_words(library, found).summary
    assert [(move.id, move.before, move.after) for move in found.moved] == [
        ("when", 5, 1),
        ("ended", 4, 2),
        ("suspects", 2, 4),
        ("offence", 1, 5),
    ]


@pytest.mark.parametrize(
    ("order", "moved"),
    [
        ("dbca", [MovedRule("d", 4, 1), MovedRule("a", 1, 4)]),
        ("dacb", [MovedRule("d", 4, 1), MovedRule("b", 2, 4)]),
        ("cbad", [MovedRule("c", 3, 1), MovedRule("a", 1, 3)]),
    ],
)
def test_a_rule_that_stands_where_it_stood_is_not_said_to_have_moved_if_as_few_others_can_be(
    order: str, moved: list[MovedRule], library: Library
) -> None:
    before, after = ([(name, "suspect_count >= 2") for name in names] for names in ("abcd", order))
    assert difference(an_edition(library, *before), an_edition(library, *after)).moved == tuple(moved)


def test_no_more_rules_are_said_to_have_moved_for_one_that_stands_where_it_stood(library: Library) -> None:
    before, after = ([(name, "suspect_count >= 2") for name in names] for names in ("abcde", "decab"))
    found = difference(an_edition(library, *before), an_edition(library, *after))
    assert found.moved == (MovedRule("d", 4, 1), MovedRule("e", 5, 2), MovedRule("c", 3, 3))


def test_a_title_and_a_guidance_that_changed_are_said_apart_from_the_condition(library: Library) -> None:
    rule = {"id": "a", "title": "Old", "guidance": "Look.", "when": "suspect_count >= 2"}
    one, other = (an_edition(library, rules=[{**rule, **new}]) for new in ({}, {"title": "New", "guidance": "Count."}))
    (told,) = difference_in_words(library, difference(one, other)).rules
    assert told.says == (
        "The title is ‘New’; it was ‘Old’.",
        "The guidance is ‘Count.’; it was ‘Look.’.",
    )
    assert (told.before, told.after) == (None, None)


def test_codes_are_read_forward_before_conditions_are_compared(library: Library) -> None:
    older = an_edition(library, ("a", "setting = 'institutional'"), vocabulary="2025.1")
    split = "setting in ('school', 'care_home', 'religious', 'sport', 'other_institution')"
    assert difference(older, an_edition(library, ("a", split)), library).kept == ("a",)
    fewer = an_edition(library, ("a", split.replace("'sport', ", "")))
    (told,) = difference_in_words(library, difference(older, fewer)).rules
    assert told.says == (
        "‘Institutional abuse: sports club, or another out-of-school setting’ left the codes of ‘Setting’ that meet "
        "this rule.",
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("suspect_count >= 2", "suspect_count > 2", ["The lowest value of ‘Suspects’ moved from 2 to 3."]),
        (
            "suspect_count >= 2",
            "suspect_count between 2 and 9",
            ["There is now a highest value of ‘Suspects’: 9."],
        ),
        (
            "nfa_date >= '2010-01-01' and nfa_date < '2025-01-01'",
            "nfa_date < '2025-01-01'",
            ["There is no longer an earliest date of ‘No further action on’; it was 1 January 2010."],
        ),
        (
            "nfa_by in ('police', 'cps')",
            "nfa_by = 'police'",
            ["‘The Crown Prosecution Service’ left the codes of ‘No further action by’ that meet this rule."],
        ),
        (
            "nfa_by <> 'police'",
            "nfa_by not in ('police', 'cps')",
            ["‘The Crown Prosecution Service’ entered the codes of ‘No further action by’ that do not meet this rule."],
        ),
        (
            "suspect_count >= 2",
            "suspect_count >= 2 and victim_count >= 1",
            ["It also asks that ‘Victims’ is 1 or more."],
        ),
        (
            "suspect_count >= 2 or victim_count >= 1",
            "suspect_count >= 2",
            ["It is no longer enough that ‘Victims’ is 1 or more."],
        ),
        (
            "suspect_count >= 2 or nfa_by = 'cps'",
            "suspect_count >= 2 or victim_count >= 1 or nfa_by = 'cps'",
            ["It is now also enough that ‘Victims’ is 1 or more."],
        ),
        (
            "offence_code in child_offences or (offence_code in sexual_offences and victim_age_youngest < 18)",
            "offence_code in child_offences or (offence_code in sexual_offences and victim_age_youngest < 16)",
            ["The highest value of ‘Age of the youngest victim’ moved from 17 to 15."],
        ),
        (
            "nfa_by = 'cps' or (suspect_count >= 2 and victim_count >= 1)",
            "nfa_by = 'cps' or (suspect_count >= 2 and victim_count >= 1 and suspects_alive >= 1)",
            [
                "It was enough that ‘Suspects’ is 2 or more, and ‘Victims’ is 1 or more; now that ‘Suspects’ is 2 or "
                "more, and ‘Victims’ is 1 or more, and ‘Suspects believed alive’ is 1 or more."
            ],
        ),
        (
            "suspect_count >= 2 and victim_count >= 1",
            "suspect_count >= 2 or victim_count >= 1",
            ["All of its parts had to hold; one of them is enough now."],
        ),
        (
            "suspect_count >= 2 or victim_count >= 1 or nfa_by = 'cps'",
            "nfa_by = 'cps' and suspect_count > 1 and victim_count >= 1",
            ["One of its parts was enough; all of them have to hold now."],
        ),
        (
            "suspect_count >= 2 and suspect_count <= 9",
            "suspect_count >= 2 or suspect_count <= 9",
            ["All of its parts had to hold; one of them is enough now."],
        ),
        (
            "suspect_count >= 2 and suspect_count <= 9 and nfa_by = 'cps'",
            "suspect_count between 2 and 9 or nfa_by = 'cps'",
            ["All of its parts had to hold; one of them is enough now."],
        ),
        (
            "suspect_count >= 2 and nfa_by = 'cps'",
            "not (suspect_count >= 2 and nfa_by = 'cps')",
            ["It is the opposite of what it was."],
        ),
        (
            "not (suspect_count >= 2 or nfa_by = 'cps')",
            "suspect_count >= 2 or nfa_by = 'cps'",
            ["It is the opposite of what it was."],
        ),
        (
            "suspect_count >= 2 and nfa_by = 'cps'",
            "suspect_count < 2 or nfa_by <> 'cps'",
            ["It is the opposite of what it was."],
        ),
        (
            "suspect_count between 2 and 9 and nfa_by = 'cps'",
            "not (suspect_count >= 2 and suspect_count <= 9 and nfa_by = 'cps')",
            ["It is the opposite of what it was."],
        ),
        (
            "nfa_by = 'cps'",
            "not nfa_by = 'cps'",
            [
                "It asked that ‘No further action by’ is ‘The Crown Prosecution Service’; now that ‘No further action "
                "by’ is not ‘The Crown Prosecution Service’."
            ],
        ),
        (
            "suspect_count >= 2 and victim_count >= 1",
            "suspect_count >= 2 or victim_count >= 1 or nfa_by = 'cps'",
            ["The condition is built in another way."],
        ),
        (
            "suspect_count >= 2 and victim_count >= 1",
            "suspect_count >= 2 and nfa_by = 'cps'",
            [
                "It no longer asks that ‘Victims’ is 1 or more.",
                "It also asks that ‘No further action by’ is ‘The Crown Prosecution Service’.",
            ],
        ),
        (
            "suspect_count < victim_count",
            "suspect_count <= victim_count",
            [
                "It asked that ‘Suspects’ is less than ‘Victims’; now that ‘Suspects’ is the same as or less than "
                "‘Victims’."
            ],
        ),
        (
            "outcome in nfa_outcomes",
            "outcome in ('5', '9')",
            [
                "The codes 10, 11, 12, 13, 14, 15, 16, 17, 18 and 21 left the codes of ‘Outcome’ that meet this rule.",
                "The codes are listed; before, they were the set ‘nfa outcomes’.",
            ],
        ),
    ],
)
def test_what_changed_in_a_condition_is_said_part_by_part(
    before: str, after: str, says: list[str], library: Library
) -> None:
    contract = library.newest
    one, other = (parse(text, contract.vocabulary, null_tests=False) for text in (before, after))
    assert list(changes_in_words(one, other, contract.titles[PartName.CASE])) == says
