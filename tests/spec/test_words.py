"""What conditions, published editions and validation rules say in plain English."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from service.contract.library import Library
from service.contract.model import Contract, PartName
from service.contract.values import Check
from service.contract.words import CHECKS, derived_in_words, rules_in_words
from service.criteria.parse import parse
from service.criteria.wording import sentence
from service.scope.edition import Edition
from service.scope.published import edition_of
from service.scope.words import EditionInWords, edition_in_words, text_of
from tests.support import spec

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "tests" / "spec" / "words"


def worded(library: Library, *conditions: str) -> EditionInWords:
    """An edition of the newest vocabulary with these conditions, in words."""
    rules = [
        {"id": f"r{place}", "title": f"Rule {place}", "guidance": "Look.", "when": when}
        for place, when in enumerate(conditions)
    ]
    head: dict[str, Any] = {"edition": "e1", "title": "An edition", "state": "draft"}
    return edition_in_words(
        edition_of({**head, "vocabulary": library.newest.version, "rules": rules}, library), library
    )


@pytest.mark.parametrize("row", list(spec.wordings()), ids=lambda row: row.condition)
def test_a_condition_reads_in_english_as_the_table_says(row: spec.Wording, library: Library) -> None:
    contract = library.contracts[row.vocabulary]
    criterion = parse(row.condition, contract.vocabulary, null_tests=True)
    assert sentence(criterion, contract.titles[PartName.CASE]) == row.words


def test_the_words_of_a_published_edition_change_only_where_a_reviewer_sees_it(
    library: Library, editions: Mapping[str, Edition]
) -> None:
    assert {path.stem for path in WORDS.glob("*.txt")} == set(editions)
    for name, edition in editions.items():
        kept = WORDS / f"{name}.txt"
        stale = f"look, then keep: uv run case-returns scope words {name} > {kept.relative_to(ROOT)}"
        assert kept.read_text(encoding="utf-8") == text_of(edition_in_words(edition, library)), stale


def test_a_rule_says_which_attributes_leave_it_undecided(library: Library) -> None:
    one, both, either = worded(
        library,
        "suspect_count >= 2",
        "suspect_count >= 2 and (suspect_count <= 9 or victim_count >= 2)",
        "suspect_count >= 2 or victim_count >= 2",
    ).rules
    assert one.undecided == "It cannot be decided if ‘Suspects’ is not recorded."
    assert both.undecided == (
        "It cannot be decided if ‘Suspects’ is not recorded. It also cannot be decided if ‘Victims’ is not recorded, "
        "unless the rest of the rule decides it."
    )
    assert either.undecided == (
        "It cannot be decided if ‘Suspects’ is not recorded or ‘Victims’ is not recorded, unless the rest of the rule "
        "decides it."
    )


def test_a_rule_that_no_attribute_alone_leaves_undecided_says_so(library: Library) -> None:
    (rule,) = worded(library, "nfa_by in ('police', 'cps') or contact_offence in ('yes', 'no')").rules
    assert rule.undecided == (
        "It cannot be decided if nothing is recorded of ‘No further action by’ and ‘Contact offence’ (where it does "
        "not follow from other attributes)."
    )


def test_a_derived_attribute_says_what_is_taken_and_from_which_codes_nothing_follows(library: Library) -> None:
    (rule,) = worded(library, "contact_offence = 'yes'").rules
    assert rule.derived[:2] == (
        "Where ‘Contact offence’ is not recorded, it is taken to be ‘Yes’ if ‘Offence’ is in the set ‘contact "
        "offences’.",
        "Otherwise ‘Contact offence’ is taken to be ‘No’ if ‘Offence’ is in the set ‘non-contact offences’.",
    )
    assert rule.derived[2].startswith("These codes are in none of these sets, because the code list says that it ")
    assert "22A (Causing sexual activity without consent)" in rule.derived[2]
    assert rule.undecided.endswith("‘Contact offence’ is not recorded and does not follow from other attributes.")
    assert rule.sets == ("contact_offences", "non_contact_offences")
    field = library.newest.parts[PartName.CASE].by_name["contact_offence"]
    assert derived_in_words(replace(field, derive=()), library.newest) == ()


def test_the_codes_that_a_set_leaves_out_are_named_with_the_rule_that_uses_it(
    library: Library, editions: Mapping[str, Edition]
) -> None:
    for edition in editions.values():
        words = edition_in_words(edition, library)
        said = {one.set: tuple(code.code for code in one.codes) for rule in words.rules for one in rule.left_out}
        titles = {item.name: item.title for item in words.sets}
        assert said == {titles[name]: codes for name, codes in edition.codes_left_out.items()}
    (rule,) = worded(library, "outcome in nfa_outcomes").rules
    assert [one.words for one in rule.left_out] == [
        "This code is not in the set ‘nfa outcomes’, because the code list says that it depends: 22 (Diversionary or "
        "educational activity; further action not in the public interest)."
    ]


def test_an_edition_of_one_rule_speaks_of_one(library: Library) -> None:
    assert worded(library, "suspect_count >= 2").summary == "A case is in scope if it meets this rule: Rule 0."


def test_everything_that_reading_can_find_has_words() -> None:
    assert set(CHECKS) == set(Check)


@pytest.mark.parametrize("version", ["2025.1", "2026.1"])
def test_no_two_validation_rules_of_a_part_read_alike(version: str, library: Library) -> None:
    contract: Contract = library.contracts[version]
    words = rules_in_words(contract)
    assert set(words) == set(contract.rule)
    for part in (*contract.parts, PartName.RETURN):
        said = [words[rule.id] for rule in contract.rules if part in rule.parts]
        assert len(said) == len(set(said))
