"""A scope document becomes an edition, or every reason why not, each in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from service.contract.library import Library
from service.criteria.ruling import MOST_ATTRIBUTES
from service.criteria.sql import ruling_sql
from service.criteria.vocabulary import FieldType, Kind, Vocabulary
from service.scope.edition import Edition, EditionErrors, State, load_edition
from service.scope.verdict import Judgement, Verdict, judge, judgement_of, verdict_of
from tests.support.engines import columns_of

SQL = Path(__file__).parent / "sql"
PEOPLE = Vocabulary("1", {name: FieldType(name, Kind.NUMBER) for name in ("people", "places")}, {})


def a_rule(**changes: Any) -> dict[str, Any]:
    return {"id": "many", "title": "Many people", "guidance": "Count them.", "when": "people >= 2", **changes}


def a_document(**changes: Any) -> dict[str, Any]:
    head = {"edition": "e1", "title": "An edition", "state": "in force", "vocabulary": "1"}
    return {**head, "rules": [a_rule(), a_rule(id="somewhere", when="places >= 1")], **changes}


def problems_of(**changes: Any) -> list[tuple[tuple[str | int, ...], int | None]]:
    with pytest.raises(EditionErrors) as raised:
        load_edition(a_document(**changes), PEOPLE, hash="h")
    assert all(problem.says and problem.do for problem in raised.value.problems)
    return [(problem.path, problem.column) for problem in raised.value.problems]


def test_an_edition_has_its_rules_in_order_and_the_attributes_that_they_read() -> None:
    edition = load_edition(a_document(), PEOPLE, hash="h")
    assert (edition.name, edition.state, edition.vocabulary, edition.hash) == ("e1", State.IN_FORCE, "1", "h")
    assert edition.rule_ids == ("many", "somewhere")
    assert edition.definition.attributes == ("people", "places")


def test_a_judgement_names_the_first_rule_that_is_false_or_what_is_missing() -> None:
    edition = load_edition(a_document(), PEOPLE, hash="h")
    assert judge(edition, {"people": (2, 3), "places": (1, 1)}) == Judgement(Verdict.IN_SCOPE)
    assert judge(edition, {"places": (0, 0)}) == Judgement(Verdict.OUT_OF_SCOPE, rule="somewhere")
    assert judge(edition, {"people": (1, 2)}) == Judgement(Verdict.UNDETERMINED, missing=("people", "places"))


@pytest.mark.parametrize("ruling", [-2, -1, 0, 1, 2, 3])
def test_a_ruling_stands_for_one_verdict(ruling: int) -> None:
    edition = load_edition(a_document(), PEOPLE, hash="h")
    assert judgement_of(edition, ruling).verdict is verdict_of(ruling)


def test_an_edition_whose_rules_are_written_but_none_is_told_that_it_has_none() -> None:
    with pytest.raises(EditionErrors) as raised:
        load_edition(a_document(rules=[]), PEOPLE, hash="h")
    assert [problem.says for problem in raised.value.problems] == ["`rules` has no rule."]
    with pytest.raises(EditionErrors) as raised:
        load_edition(a_document(rules=None), PEOPLE, hash="h")
    assert [problem.says for problem in raised.value.problems] == ["`rules` is missing."]


def test_a_condition_that_is_wrong_is_named_with_its_rule_and_column() -> None:
    rules = [a_rule(), a_rule(id="b", when="people >= 2 and placse >= 1"), a_rule(id="c", when="people is null")]
    assert problems_of(rules=rules) == [(("rules", 1, "when"), 17), (("rules", 2, "when"), 1)]


def test_all_problems_of_a_document_are_named_at_once() -> None:
    rules = [a_rule(), a_rule(), a_rule(id="Not so"), a_rule(id="d", title=""), a_rule(id="e", wen="x"), "people > 2"]
    assert problems_of(title="", state="sleeping", vocabulary="2", colour="red", rules=rules) == [
        (("title",), None),
        (("colour",), None),
        (("state",), None),
        (("vocabulary",), None),
        (("rules", 1, "id"), None),
        (("rules", 2, "id"), None),
        (("rules", 3, "title"), None),
        (("rules", 4, "wen"), None),
        (("rules", 5), None),
    ]


@pytest.mark.parametrize("rules", [None, [], "people > 2"])
def test_an_edition_without_rules_is_refused(rules: object) -> None:
    assert problems_of(rules=rules) == [(("rules",), None)]


def test_more_attributes_than_a_ruling_has_bits_are_refused() -> None:
    names = [f"f{number}" for number in range(MOST_ATTRIBUTES + 1)]
    wide = Vocabulary("1", {name: FieldType(name, Kind.NUMBER) for name in names}, {})
    rules = [a_rule(id=name, when=f"{name} >= 1") for name in names]
    with pytest.raises(EditionErrors, match="f30"):
        load_edition(a_document(rules=rules), wide, hash="h")
    assert len(load_edition(a_document(rules=rules[:-1]), wide, hash="h").definition.attributes) == MOST_ATTRIBUTES


def test_the_codes_that_a_named_set_leaves_out_are_listed_with_the_edition(editions: Mapping[str, Edition]) -> None:
    left_out = editions["2025-11-wide"].codes_left_out
    assert left_out["nfa_outcomes"] == ("22",)
    assert "88C" in left_out["child_offences"]
    assert "sexual_offences" not in left_out


@pytest.mark.parametrize("name", ["2025-11-wide", "2026-02-referral"])
def test_the_sql_of_a_published_edition_changes_only_where_a_reviewer_sees_it(
    name: str, library: Library, editions: Mapping[str, Edition]
) -> None:
    edition = editions[name]
    fields = library.contracts[edition.vocabulary].vocabulary.fields
    written = ruling_sql(edition.definition, columns_of(fields)).replace(" WHEN ", "\nWHEN ")
    kept = SQL / f"{name}.sql"
    assert kept.read_text(encoding="utf-8") == written + "\n", f"{kept.name} is stale: look, then keep:\n{written}"
