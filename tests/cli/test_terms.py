"""Terms of reference that somebody writes: checked, compared, and printed on the command line, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from service.api.terms_shapes import TermsDifference
from service.cli import command
from service.contract.library import contracts_root

FIRST, SECOND = "2025-11", "2026-11"
DRAFT = """\
edition: 2027-01
title: Changed
source: A test
contracts:
  - {version: "2025.1", from: 2025-11}
calendar: {every: month, first: 2025-11, due_days: 14}
force_list: forces-2025
participation:
  - {from: 2025-11, forces: [kent, essex]}
  - {from: 2025-11, until: 2026-12, force: sussex}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "terms.yaml"
    written.write_text(DRAFT, "utf-8")
    return written


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["terms", *map(str, arguments)])


def test_a_good_draft_is_said_to_be_good_with_its_hash(file: Path) -> None:
    shown = ran("check", file)
    assert shown.exit_code == 0
    assert shown.output.startswith("Good: 2027-01, forces: 3, contract versions: 2025.1.\nHash: ")
    assert json.loads(ran("check", file, "--format", "json").output)["hash"] in shown.output


def test_every_mistake_stands_with_file_line_and_column(file: Path) -> None:
    file.write_text(DRAFT.replace("kent", "kentt").replace("due_days: 14", "due_days: soon"), "utf-8")
    shown = ran("check", file)
    assert shown.exit_code == 1
    assert shown.output.splitlines() == [
        f"{file}:6:52: 'due_days' is 'soon', which is not a whole number. Write digits alone.",
        f"{file}:9:30: There is no force 'kentt'. Did you mean 'kent'?",
    ]
    told = ran("check", file, "--format", "json")
    assert told.exit_code == 1
    assert [each["pointer"] for each in json.loads(told.output)["errors"]] == [
        "/calendar/due_days",
        "/participation/0/forces/0",
    ]


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_a_published_file_is_checked_as_it_is_and_is_told_from_a_draft(name: str, file: Path) -> None:
    shown = ran("check", contracts_root() / "terms" / f"{name}.yaml")
    assert shown.exit_code == 0
    assert "It is as terms are published" in shown.output
    assert "It is as terms are published" not in ran("check", file).output
    file.write_text(DRAFT + "scope: 2025-11-wide\n", "utf-8")
    assert "adopting terms switches no scope edition" in ran("check", file).output


def test_a_published_file_and_its_name_have_one_hash() -> None:
    path = contracts_root() / "terms" / f"{SECOND}.yaml"
    checked = json.loads(ran("check", path, "--format", "json").output)
    assert checked["hash"] == json.loads(ran("words", SECOND, "--format", "json").output)["hash"]


def test_the_difference_says_what_changes_what_is_in_its_way_and_what_is_to_be_known(file: Path) -> None:
    shown = ran("difference", FIRST, file, "--on", "2026-12-20")
    assert shown.exit_code == 0
    assert "Sussex Police leaves after 2026-12" in shown.output
    in_its_way, known = shown.output.split("In its way:")[1].split("To know before:")
    assert "and the due day has passed." in in_its_way
    assert "sussex leaves after 2026-12, and no force follows it" in " ".join(known.split())
    assert "only the service can say" in known
    assert ran("check", file, "--against", FIRST, "--on", "2026-12-20").output.endswith(shown.output)


def test_the_difference_is_printed_for_programs_as_the_service_answers_it(file: Path) -> None:
    shown = ran("difference", FIRST, file, "--on", "2026-12-20", "--format", "json")
    found = msgspec.convert(json.loads(shown.output), TermsDifference)
    assert (found.edition, found.against) == ("2027-01", FIRST)
    assert found.changes
    assert found.in_its_way
    assert found.to_know


def test_what_is_in_its_way_is_looked_at_on_the_day_that_is_named(file: Path) -> None:
    before = ran("difference", FIRST, file, "--on", "2025-11-20")
    assert "In its way" not in before.output


def test_terms_compared_with_themselves_change_nothing() -> None:
    assert "Nothing is changed." in ran("difference", SECOND, SECOND, "--on", "2026-12-20").output


def test_terms_are_printed_in_words(file: Path) -> None:
    shown = ran("words", file).output
    assert shown.startswith("2027-01: Changed\n\nContract version 2025.1 is accepted from 2025-11.\n")
    assert "2 forces take part from 2025-11: Kent Police, Essex Police.\n" in shown
    assert "Sussex Police takes part from 2025-11 until 2026-12.\n" in shown


def test_a_published_edition_is_checked_by_its_name(file: Path) -> None:
    shown = ran("check", SECOND, "--against", FIRST, "--on", "2026-11-20")
    assert shown.exit_code == 0
    by_file = ran("check", contracts_root() / "terms" / f"{SECOND}.yaml", "--against", FIRST, "--on", "2026-11-20")
    assert shown.output == by_file.output
    said = json.loads(ran("check", SECOND, "--format", "json").output)
    assert (said["file"], said["edition"]) == (SECOND, SECOND)
    assert ran("check", file).exit_code == 0


def test_what_is_neither_a_file_nor_published_is_wrong_usage() -> None:
    shown = ran("check", "my-tems.yaml")
    assert shown.exit_code == 2
    assert "There is no file my-tems.yaml, and none of that name is published: 2025-11, 2026-11." in shown.output


def test_an_edition_that_there_is_not_is_wrong_usage() -> None:
    shown = ran("words", "nix")
    assert shown.exit_code == 2
    assert "There is no edition of the terms nix. There are: 2025-11, 2026-11." in shown.output


@pytest.mark.parametrize("name", ["check", "words", "difference"])
def test_every_command_shows_an_example(name: str) -> None:
    assert f"Example: case-returns terms {name} " in ran(name, "--help").output
