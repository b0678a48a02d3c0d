"""Whoever edits what is published sees every mistake at once, each with its file, its line, and its column."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from service.contract.library import load_library
from service.contract.source import LibraryErrors
from tests.support.contracts import Contracts

RULES = "returns/2025.1/rules.yaml"
CONTRACT = "returns/2025.1/contract.yaml"
WIDE = "scopes/2025-11-wide.yaml"
REFERRAL = "scopes/2026-02-referral.yaml"
TERMS = "terms/2025-11.yaml"


def test_what_is_published_has_no_problem(contracts: Contracts) -> None:
    assert contracts.problems(published=True) == []


CONDITIONS = [
    ("unknown field", "victim_count = 0", "victims_count = 0", 1, "victims_count"),
    (
        "unknown code",
        "result = 'charged' and suspects_charged = 0",
        "suspects_charged = 0 and result = 'chraged'",
        35,
        "chraged",
    ),
    ("wrong type", "suspects_charged > suspect_count", "suspects_charged > 'many'", 20, "suspects_charged"),
    ("two types", "offence_to < offence_from", "offence_to < suspect_count", 14, "suspect_count"),
    ("contradiction", "victim_count = 0", "victim_count > 3 and victim_count < 2", 22, "never true"),
    (
        "unknown set",
        "stage in assessed_or_later and risk is null",
        "stage in assesed_or_later and risk is null",
        10,
        "assesed",
    ),
    ("arithmetic", "victim_count = 0", "victim_count + 1 = 0", 14, "Arithmetic"),
]


@pytest.mark.parametrize(
    ("old", "new", "column", "says"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS]
)
def test_a_wrong_condition_is_named_with_its_column(
    contracts: Contracts, old: str, new: str, column: int, says: str
) -> None:
    contracts.change(RULES, f"when: {old}\n", f"when: {new}\n")

    problem = next(item for item in contracts.problems() if item.file == RULES)

    assert (problem.line, problem.column) == (contracts.line_of(RULES, new), column)
    assert says in problem.says


MISTAKES = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", MISTAKES, ids=[row["mistake"] for row in MISTAKES])
def test_a_mistake_is_named_where_it_stands(contracts: Contracts, row: dict[str, str]) -> None:
    if "draft" in row:
        contracts.as_draft(row["draft"])
    contracts.change(row["file"], row["old"], row["new"])

    found = contracts.problems()

    assert any(row["says"] in str(problem) for problem in found), "\n".join(map(str, found))
    assert all(problem.line >= 1 for problem in found)


def test_a_problem_points_at_its_line(contracts: Contracts) -> None:
    contracts.change(TERMS, "due_days: 14", "due_days: soon")

    problem = contracts.only_problem()

    assert (problem.file, problem.line) == (TERMS, contracts.line_of(TERMS, "due_days"))


def test_the_nearest_word_is_offered(contracts: Contracts) -> None:
    contracts.change(CONTRACT, "list: settings-2025\n", "list: setting-2025\n")

    problem = next(item for item in contracts.problems() if "setting-2025" in item.says)

    assert problem.do == "Did you mean 'settings-2025'?"


def test_all_problems_of_all_files_show_at_once(contracts: Contracts) -> None:
    contracts.change(RULES, "when: victim_count = 0\n", "when: victim_count = 0 and\n")
    contracts.change(CONTRACT, "greatest: 120", "greatest: -1")
    contracts.change(WIDE, "suspect_count >= 2", "suspects >= 2")

    assert {problem.file for problem in contracts.problems()} == {RULES, CONTRACT, WIDE}


def test_loading_refuses_what_is_wrong_and_says_so_line_by_line(contracts: Contracts) -> None:
    contracts.change(RULES, "when: victim_count = 0\n", "when: victims = 0\n")

    with pytest.raises(LibraryErrors) as caught:
        load_library(contracts.root)

    assert f"{RULES}, line {contracts.line_of(RULES, 'victims = 0')}, column 1 of the condition" in str(caught.value)


def test_a_file_that_is_not_yaml_is_one_problem_of_that_file(contracts: Contracts) -> None:
    contracts.change(TERMS, "edition:", "edition: [")

    assert [problem.file for problem in contracts.problems() if "not YAML" in problem.says] == [TERMS]


def test_a_published_file_that_changes_is_found(contracts: Contracts) -> None:
    contracts.change(WIDE, "Two or more suspects", "Two suspects or more")

    found = contracts.problems(published=True)

    assert [problem.file for problem in found] == ["PUBLISHED"]
    assert WIDE in found[0].says


def test_a_published_file_that_is_gone_is_found(contracts: Contracts) -> None:
    (contracts.root / TERMS).unlink()

    assert any("is gone" in problem.says for problem in contracts.problems(published=True))


def test_an_edition_over_a_draft_notices_that_what_it_reads_has_changed(contracts: Contracts) -> None:
    contracts.change("returns/2026.1/contract.yaml", '{contact: "no"}', '{contact: "depends"}')

    assert contracts.only_problem().file == REFERRAL


def test_a_draft_may_change_where_no_edition_reads_it(contracts: Contracts) -> None:
    contracts.as_draft("2026.1")
    contracts.change("returns/2026.1/contract.yaml", "label: Reviewed by", "label: Reviewing body")
    contracts.change("codes/review-bodies-2026.csv", "A public inquiry", "An inquiry")

    assert contracts.problems(published=True) == []


def test_an_edition_cannot_read_a_field_that_may_be_not_applicable(contracts: Contracts) -> None:
    contracts.change(WIDE, "nfa_date between", "safeguarding_referral_date between")

    assert "not applicable" in contracts.only_problem().says


def test_a_proposed_edition_over_a_draft_must_pin_what_it_reads(contracts: Contracts) -> None:
    contracts.as_draft("2026.1")
    pin = (contracts.root / REFERRAL).read_text().split("reads: ")[1].split("\n")[0]
    contracts.change(REFERRAL, f"reads: {pin}\n", "")

    assert pin in contracts.only_problem().do


def test_an_ordinal_keeps_its_code_in_a_later_edition_of_the_list(contracts: Contracts) -> None:
    later = (contracts.root / "codes/settings-2026.csv").read_text().replace("gang,", "group,")
    (contracts.root / "codes/settings-2027.csv").write_text(later)

    assert "belongs to 'gang' in settings-2025" in contracts.only_problem().says
