"""A command that works on a database that is there: a folder without one, one never made ready, one without terms."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import command
from service.errors import CaseReturnsError
from tests.support.postgres import Server

NEED_TERMS = (
    ["reconcile"],
    ["rejudge"],
    ["clients", "add", "Desk", "--body", "nca", "--permission", "national:read", "--out", "nca.json"],
)
ALL = (*NEED_TERMS, ["clients", "list"], ["clients", "disable", "kent-1"], ["audit", "verify"])


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a command is run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CASE_RETURNS_DATABASE_URL", raising=False)
    return tmp_path


@pytest.fixture
def named(server: Server, inside: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a database that commands are told to use, and that nobody has made yet."""
    del inside
    name = f"named_{secrets.token_hex(4)}"
    urls = server.at(name)
    monkeypatch.setenv("CASE_RETURNS_DATABASE_URL", urls.service)
    monkeypatch.setenv("CASE_RETURNS_MIGRATE_URL", urls.owner)
    yield name
    asyncio.run(server.drop(name))


def refusal(arguments: list[str]) -> str:
    """What a command refuses with, in words."""
    shown = CliRunner().invoke(command, arguments)
    assert isinstance(shown.exception, CaseReturnsError), shown.output
    return str(shown.exception)


@pytest.mark.parametrize("arguments", ALL, ids=" ".join)
def test_a_mistyped_data_folder_is_refused_and_not_made(inside: Path, arguments: list[str]) -> None:
    says = refusal([*arguments, "--data", "nope"])
    assert says.startswith(f"There is no database in {inside / 'nope'}. Name the data folder with --data;")
    assert list(inside.iterdir()) == []


def test_a_folder_that_holds_other_things_is_left_as_it_is(inside: Path) -> None:
    (inside / "notes.txt").touch()
    assert refusal(["reconcile", "--data", str(inside)]).startswith("There is no database in ")
    assert [each.name for each in inside.iterdir()] == ["notes.txt"]


def test_the_doctor_makes_no_database_to_say_that_one_can_be_run(inside: Path) -> None:
    shown = CliRunner().invoke(command, ["doctor", "--data", "nope"], env={"CASE_RETURNS_PORT": "0"})
    assert f"good  database: none yet in {inside / 'nope'}; PostgreSQL " in shown.output
    assert list(inside.iterdir()) == []


@pytest.mark.parametrize("arguments", ALL, ids=" ".join)
def test_a_database_that_was_never_made_ready_is_refused(server: Server, named: str, arguments: list[str]) -> None:
    asyncio.run(server.create(named))
    assert refusal(arguments).startswith("There is nothing of Case Returns in this database. Name the one")


def test_a_database_without_terms_is_refused_where_they_are_needed(server: Server, named: str) -> None:
    asyncio.run(server.migrated(named))
    for arguments in NEED_TERMS:
        assert refusal(arguments).startswith("No terms of reference are adopted in this database. Name the one")
    assert CliRunner().invoke(command, ["clients", "list"]).exit_code == 0
