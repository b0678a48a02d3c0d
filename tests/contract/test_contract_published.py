"""What the two published versions of the contract say, as people outside have been told they say it."""

from __future__ import annotations

import re

import pytest

from service.contract.library import Library, version_key
from service.contract.model import Contract, Field, PartName, Role, Severity
from service.contract.values import read_cell
from service.criteria.tree import fields_of
from service.terms.check import Published

CASE_FIELDS = """
case_ref former_case_ref lead_force shared_with shared_ref
offence_code offence_from offence_to reported_date setting victim_count youngest_victim_age suspect_count
outcome nfa_by nfa_date
stage stage_date priority concern
missed_lines new_lines risk safeguarding_referral_date justice_opportunity assessed_date
decision decided_by decision_date victim_contact
suspects_charged concluded_date result
suspects_asian suspects_black suspects_mixed suspects_other suspects_white suspects_not_recorded suspects_self_defined
victims_asian victims_black victims_mixed victims_other victims_white victims_not_recorded victims_self_defined
"""


@pytest.fixture(scope="module")
def library(published: Published) -> Library:
    return published.library


@pytest.fixture(scope="module")
def first(library: Library) -> Contract:
    return library.contracts["2025.1"]


@pytest.fixture(scope="module")
def draft(library: Library) -> Contract:
    return library.contracts["2026.1"]


def test_the_case_part_has_the_fields_of_the_standard_in_its_order(first: Contract) -> None:
    assert [field.name for field in first.parts[PartName.CASE].fields] == CASE_FIELDS.split()


def test_every_role_has_its_field(first: Contract) -> None:
    roles = {role: field.name for role, field in first.parts[PartName.CASE].by_role.items()}

    assert roles == {
        Role.KEY: "case_ref",
        Role.FORMER_KEY: "former_case_ref",
        Role.LEAD: "lead_force",
        Role.SHARED_WITH: "shared_with",
        Role.SHARED_REF: "shared_ref",
        Role.SETTING: "setting",
        Role.YEAR: "nfa_date",
        Role.STAGE: "stage",
    }
    assert first.parts[PartName.AGGREGATE].by_role[Role.WEIGHT].name == "cases"


def test_stages_stand_in_their_order(first: Contract) -> None:
    stage = first.parts[PartName.CASE].by_role[Role.STAGE]

    assert stage.list is not None
    assert [code.code for code in stage.list.codes] == [
        "identified",
        "in_assessment",
        "assessed",
        "referred",
        "panel_review",
        "reinvestigation",
        "concluded",
    ]


def test_an_aggregate_cell_may_leave_every_dimension_empty(first: Contract) -> None:
    part = first.parts[PartName.AGGREGATE]

    assert not [field.name for field in part.fields if field.required]
    assert {field.name for field in part.fields if field.dimension} >= {
        "setting", "stage", "outcome", "nfa_by", "nfa_date", "offence_code", "suspect_count", "victim_count",
        "youngest_victim_age",
    }  # fmt: skip


def test_named_sets_leave_out_what_depends_and_say_so(first: Contract) -> None:
    outcomes = first.vocabulary.sets["nfa_outcomes"]

    assert "16" in outcomes.codes
    assert outcomes.left_out == ("22",)
    assert first.vocabulary.sets["sexual_offences"].left_out == ()


def test_every_example_is_a_value_that_its_field_takes(library: Library) -> None:
    for contract in library.contracts.values():
        for field in _fields(contract):
            assert field.example, field.name
            assert read_cell(field, field.example).failed is None, (contract.version, field.name)


def test_every_field_says_what_it_means_in_a_sentence(library: Library) -> None:
    for contract in library.contracts.values():
        for field in _fields(contract):
            assert field.label
            assert field.meaning.endswith("."), field.name


def test_there_are_rules_of_every_severity_and_enough_of_them(first: Contract) -> None:
    assert {rule.severity for rule in first.rules} == set(Severity)
    assert sum(rule.criterion is not None for rule in first.rules) >= 40


def test_every_rule_says_what_is_wrong_and_what_to_do(library: Library) -> None:
    for contract in library.contracts.values():
        for rule in contract.rules:
            assert rule.says.endswith((".", "}")), rule.id
            assert rule.fix.endswith((".", "}")), rule.id


def test_the_second_version_has_many_rules_each_with_guidance(draft: Contract) -> None:
    assert len(draft.rules) >= 120
    assert all(rule.guidance.endswith(".") for rule in draft.rules), [rule.id for rule in draft.rules]
    assert draft.rule["V220"].guidance.startswith("Compare with the victim's account")


def test_the_letter_of_a_rule_is_that_of_its_severity_in_the_version_that_brought_it(library: Library) -> None:
    for contract in library.contracts.values():
        for rule in contract.rules:
            if rule.since == contract.version:
                assert rule.id[0] == rule.severity[0].upper(), rule.id


def test_a_list_holds_its_codes_in_as_many_bits_as_a_mask_has(library: Library) -> None:
    assert all(code.ordinal <= 62 for one in library.lists.values() for code in one.codes)


def test_the_draft_adds_derives_and_renames(draft: Contract) -> None:
    part = draft.parts[PartName.CASE]
    names = [field.name for field in part.fields]

    assert {"contact_offence", "suspects_alive", "independently_reviewed", "independent_review_body"} <= set(names)
    assert "victim_age_youngest" in names
    assert "youngest_victim_age" not in names
    assert [item.value for item in part.by_name["contact_offence"].derive] == ["yes", "no"]


def test_the_rules_of_a_version_hold_in_the_next_under_its_names(first: Contract, draft: Contract) -> None:
    assert first.rule.keys() <= draft.rule.keys()
    rule = draft.rule["Q330"]

    assert rule.criterion is not None
    assert fields_of(rule.criterion) == ("offence_code", "victim_age_youngest")
    assert "{victim_age_youngest}" in rule.says
    assert "youngest_victim_age" not in (rule.when or "")


def test_no_rule_of_a_version_speaks_of_a_field_that_it_does_not_have(library: Library) -> None:
    for contract in library.contracts.values():
        measures = {item.name for item in contract.measures}
        for rule in contract.rules:
            for part in rule.parts:
                known = measures if part is PartName.RETURN else contract.parts[part].shown.keys()
                assert set(rule.fields) <= known, rule.id


def test_both_scopes_are_there_as_published(published: Published) -> None:
    wide, referral = published.scopes["2025-11-wide"], published.scopes["2026-02-referral"]

    assert wide.rule_ids == ("offence", "suspects", "victims", "ended", "when")
    assert referral.rule_ids == (
        "offence", "contact", "suspects", "alive", "victims", "ended", "when", "unreviewed",
    )  # fmt: skip
    assert (wide.state, referral.state) == ("in_force", "proposed")
    assert (wide.vocabulary, referral.vocabulary) == ("2025.1", "2026.1")
    assert wide.hash != referral.hash
    assert all(re.fullmatch(r"[0-9a-f]{64}", edition.hash) for edition in (wide, referral))


def test_versions_stand_in_the_order_of_the_calendar() -> None:
    assert sorted(["2025.10", "2026.1", "2025.2"], key=version_key) == ["2025.2", "2025.10", "2026.1"]


def _fields(contract: Contract) -> list[Field]:
    return [field for part in contract.parts.values() for field in part.fields]
