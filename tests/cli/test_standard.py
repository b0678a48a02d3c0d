"""Which standard a command works by: never one that has the name of what is published, and other content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import command
from service.contract.library import contracts_root

RULES = "returns/2025.1/rules.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what is published in which one rule weighs something else, and a file to be checked."""
    copied = tmp_path / "contracts"
    shutil.copytree(contracts_root(), copied)
    rules = copied / RULES
    words = rules.read_text("utf-8")
    rules.write_text(words.replace("severity: quality", "severity: validity", 1), "utf-8")
    (tmp_path / "cases.csv").write_text("case_ref,stage\nK/1,identified\n", "utf-8")
    return copied


def validated(folder: Path, *more: str) -> Result:
    arguments = ["validate", str(folder.parent / "cases.csv"), "--contract", str(folder), *more]
    return CliRunner().invoke(command, arguments)


def test_a_folder_that_was_changed_after_it_was_published_is_refused(folder: Path) -> None:
    told = validated(folder)
    assert told.exit_code != 0
    assert "'returns/2025.1' is not what was published under this name." in str(told.exception)


def test_a_folder_that_lists_nothing_is_held_to_what_is_published_here(folder: Path) -> None:
    (folder / "PUBLISHED").unlink()
    told = validated(folder)
    assert told.exit_code != 0
    assert "Contract version 2025.1 is published with other content than this folder has." in str(told.exception)


def test_an_unchanged_copy_is_as_good_as_what_is_published(folder: Path) -> None:
    shutil.copy(contracts_root() / RULES, folder / RULES)
    assert "Contract 2025.1" in validated(folder).output
