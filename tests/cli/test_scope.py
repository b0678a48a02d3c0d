"""A scope edition that somebody writes: checked, compared, and printed on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from service.api.difference_shapes import DifferenceDocument
from service.cli import command
from service.contract.library import contracts_root
from tests.support.drafts import DRAFT

WIDE, REFERRAL = "2025-11-wide", "2026-02-referral"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "trial.yaml"
    written.write_text(DRAFT, "utf-8")
    return written


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["scope", *map(str, arguments)])


def test_a_good_draft_says_whom_it_counts(file: Path) -> None:
    shown = ran("check", file)
    assert shown.exit_code == 0
    assert "Good: 2026-05-trial, 2 rules over contract 2026.1." in shown.output
    assert "A case is in scope if it meets all 2 rules: Two or more suspects; Closed in time." in shown.output


def test_a_published_edition_is_checked_by_its_name() -> None:
    shown = ran("check", REFERRAL, "--against", WIDE)
    assert shown.exit_code == 0
    assert shown.output == ran("check", contracts_root() / "scopes" / f"{REFERRAL}.yaml", "--against", WIDE).output
    shown = ran("check", "nix.yaml")
    assert shown.exit_code == 2
    assert f"There is no file nix.yaml, and none of that name is published: {WIDE}, {REFERRAL}." in shown.output


def test_a_draft_says_what_it_changes_in_a_published_edition(file: Path) -> None:
    shown = ran("check", file, "--against", WIDE)
    assert "2026-05-trial, compared with 2025-11-wide, adds one rule and removes 4 rules." in shown.output
    assert "Added: Closed in time (closed)" in shown.output
    assert ran("check", file, "--against", "nix").exit_code == 2


def test_every_mistake_stands_with_file_line_and_column(file: Path) -> None:
    file.write_text(DRAFT.replace("suspect_count", "suspects_count").replace("2026-05-trial", "trial"), "utf-8")
    shown = ran("check", file)
    assert shown.exit_code == 1
    first, second = shown.output.splitlines()
    assert first.startswith(f"{file}:1:10: This cannot be the name of an edition. ")
    assert second == (f"{file}:8:11: There is no field `suspects_count` in 2026.1. Did you mean `suspect_count`?")


@pytest.mark.parametrize(
    ("when", "comparison", "truth"),
    [
        ("suspect_count >= 1000", "suspect_count >= 1000", "false"),
        ("suspect_count > 999", "suspect_count > 999", "false"),
        ("not suspect_count = 1000", "suspect_count = 1000", "false"),
        ("victim_count >= 2 or suspect_count between 1000 and 1001", "suspect_count between 1000 and 1001", "false"),
        ("suspect_count >= 0", "suspect_count >= 0", "true"),
        ("victim_count >= 2 and suspect_count < 1000", "suspect_count < 1000", "true"),
        ("suspect_count <> 1000", "suspect_count <> 1000", "true"),
        ("suspect_count between 0 and 999", "suspect_count between 0 and 999", "true"),
    ],
)
def test_a_comparison_that_the_bounds_of_its_field_decide_is_refused(
    file: Path, when: str, comparison: str, truth: str
) -> None:
    file.write_text(DRAFT.replace("suspect_count >= 2", when), "utf-8")
    shown = ran("check", file)
    assert shown.exit_code == 1, shown.output
    says = (
        f"`{comparison}` is {truth} of every value that can be recorded: `suspect_count` is at least 0 and at most 999."
    )
    assert f"{says} Compare with a value between the two, or leave the comparison out." in shown.output
    not_asked = "Whether `suspect_count` is recorded is nothing that a definition asks"
    assert (not_asked in shown.output) is (truth == "true")


@pytest.mark.parametrize("when", ["suspect_count >= 999", "suspect_count < 1", "suspect_count between 998 and 1500"])
def test_a_comparison_that_a_value_can_decide_is_taken(file: Path, when: str) -> None:
    file.write_text(DRAFT.replace("suspect_count >= 2", when), "utf-8")
    assert ran("check", file).exit_code == 0


def test_until_when_it_is_tallied_is_checked_and_said(file: Path) -> None:
    file.write_text(f"{DRAFT}tallied_until: 31/12/2026\n", "utf-8")
    shown = ran("check", file)
    assert shown.exit_code == 1
    assert shown.output.startswith(f"{file}:13:16: `tallied_until` is not a day. Write year, month and day")
    file.write_text(f"{DRAFT}tallied_until: 2026-12-31\n", "utf-8")
    says = "returns are tallied under this one all the same until the end of 31 December 2026."
    assert says in ran("check", file).output
    assert says in ran("words", file).output


def test_mistakes_are_printed_for_programs_too(file: Path) -> None:
    file.write_text(DRAFT.replace("suspect_count", "suspects_count"), "utf-8")
    shown = ran("check", file, "--format", "json")
    assert shown.exit_code == 1
    (error,) = json.loads(shown.output)["errors"]
    assert (error["line"], error["column"], error["pointer"]) == (8, 11, "/rules/0/when")


def test_a_draft_in_json_is_checked_as_one_in_yaml(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "trial.json"
    other.write_text('{"edition": "2026-05-trial"\n "title": "A trial"}', "utf-8")
    assert f"{other}:2:2: This is not JSON: expecting ',' delimiter." in ran("check", other).output


def test_a_file_that_is_not_utf_8_or_too_large_is_refused_in_words(file: Path) -> None:
    file.write_bytes(b"edition: \xff")
    assert ":1:10: The draft is not UTF-8. Save it as UTF-8." in ran("check", file).output
    file.write_bytes(b"#" * 1_000_000)
    assert "Send at most 262,144." in ran("check", file).output


@pytest.mark.parametrize("name", [WIDE, REFERRAL])
def test_a_published_edition_is_checked_with_its_state_and_its_pin(name: str, tmp_path: Path) -> None:
    published = contracts_root() / "scopes" / f"{name}.yaml"
    assert ran("check", published).exit_code == 0
    changed = tmp_path / f"{name}.yaml"
    changed.write_text(published.read_text("utf-8").replace("state: ", "reads: 12\nstate: ", 1), "utf-8")
    shown = ran("check", changed)
    assert shown.exit_code == 1
    assert f"{changed}:" in shown.output


def test_the_difference_of_two_editions_is_printed_in_words() -> None:
    shown = ran("difference", WIDE, REFERRAL)
    assert shown.exit_code == 0
    assert "The earliest date of ‘No further action on’ moved from 1 November 2010 to 1 January 2010." in shown.output


def test_the_difference_of_a_file_and_an_edition_is_printed_for_programs(file: Path) -> None:
    shown = ran("difference", REFERRAL, file, "--format", "json")
    document = msgspec.convert({**json.loads(shown.output), "links": {}}, DifferenceDocument)
    assert (document.before.edition, document.after.edition) == (REFERRAL, "2026-05-trial")
    assert [rule.id for rule in document.kept] == ["suspects"]
    assert {rule.kind for rule in document.rules} == {"added", "removed"}


def test_a_draft_is_printed_as_sql(file: Path) -> None:
    shown = ran("sql", file, "--dialect", "duckdb")
    assert shown.exit_code == 0
    assert "-- out of scope by: -1 suspects, -2 closed" in shown.output


@pytest.mark.parametrize("name", ["check", "words", "sql", "difference"])
def test_every_command_shows_an_example(name: str) -> None:
    assert f"Example: case-returns scope {name} " in ran(name, "--help").output
