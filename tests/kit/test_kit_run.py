"""``case-returns kit run``: against this package, somebody else's program, and a running service."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from service.cli import command
from service.clock import london_date, system_clock
from service.storage.database import Database
from service.terms.calendar import parse_period, period_of
from service.terms.model import Accepted
from tests.support.notices import a_notice, in_force
from tests.support.server import PERIOD, PUBLISHED, Return, Served, a_served

OF_EVERY_SORT = (
    *("V220", "Q336", "S105-csv", "Q301", "V211", "excel", "cells", "V210-team", "no-key-column", "wrong-part"),
    *("M401", "M404", "M406", "M407"),
)
"""Examples that a service is asked about in one way or another; that it agrees on all rows is tested below HTTP."""


OLD = ("--contract", "2025.1")
"""The version that the served terms take."""


def ran(*words: object) -> Result:
    return CliRunner().invoke(command, ["kit", "run", *map(str, words)])


def certificate(*words: object) -> tuple[dict[str, Any], int]:
    result = ran(*words, "--format", "json")
    assert result.stdout, result.output
    return json.loads(result.stdout), result.exit_code


def a_program(folder: Path, body: str) -> str:
    """A supplier's program, and the command that runs it."""
    file = folder / "program of ours.py"
    file.write_text("import json, sys\nfile, media, part, version = sys.argv[1:5]\n" + dedent(body), encoding="utf-8")
    return f"{sys.executable} {shlex.quote(str(file))} {{file}} {{media}} {{part}} {{version}}"


def test_our_own_validator_passes_and_says_what_it_was_held_to() -> None:
    said, status = certificate("--offline", "--media", "csv")
    assert (status, said["failed"], said["failures"]) == (0, 0, [])
    assert said["passed"] == said["files"] > 100
    assert len(said["pack"]) == len(said["contract"]) == 64
    assert said["program"].startswith("case-returns ")
    assert {item["example"] for item in said["not_run"]} >= {"case/Q301", "return/M401"}
    assert said["examples"] + len(said["not_run"]) <= said["of"]


def test_a_part_of_the_kit_is_not_called_the_whole() -> None:
    result = ran("--offline", "--example", "case/V220", "--media", "json")
    assert result.exit_code == 0
    assert "Examples:  1 of" in result.stdout
    assert "in what was run" in result.stdout


def test_our_validator_is_a_program_like_another() -> None:
    entry = "import sys; from service.cli import main; sys.argv[0] = 'case-returns'; main()"
    ours = f"{sys.executable} -c {shlex.quote(entry)} validate"
    words = f"{ours} {{file}} --contract {{version}} --part {{part}} --previous={{previous}} --format json"
    chosen = [word for name in ("V220", "Q371", "no-key-column", "Q560") for word in ("--example", name)]
    said, status = certificate("--command", words, "--contract", "2026.1", "--media", "csv", *chosen)
    assert (said["failures"], said["files"], said["not_run"], status) == ([], 4, [], 0)


def test_a_program_that_is_given_one_file_is_not_asked_about_the_one_before(tmp_path: Path) -> None:
    words = a_program(tmp_path, "print(json.dumps({'findings': []}))")
    said, status = certificate("--command", words, "--contract", "2026.1", "--media", "csv", "--example", "Q560")
    assert (status, said["files"]) == (2, 0)
    assert "write {previous}" in said["not_run"][0]["why"]


def test_a_program_that_finds_nothing_is_told_each_finding_that_did_not_come(tmp_path: Path) -> None:
    words = a_program(tmp_path, "print(json.dumps({'findings': []}))")
    said, status = certificate("--command", words, "--media", "csv", "--example", "case/V220", "--example", "dates")
    assert status == 1
    (failed,) = [item for item in said["failures"] if item["example"] == "case/V220"]
    assert failed["differences"] == [
        {"what": "exit status", "expected": 1, "came": 0},
        {"what": "findings that did not come", "expected": ["row 2: V220 offence_to"], "came": []},
    ]
    assert said["passed"] == 2  # in the dates, nothing is to be found


def test_a_program_that_counts_otherwise_is_told_how(tmp_path: Path) -> None:
    words = a_program(
        tmp_path,
        """
        tally = {"in_scope": 5, "undetermined": 0, "out_of_scope": 0}
        print(json.dumps({"findings": [], "received": 3, "accepted": 3, "held": 0, "tallies": {"2025-11-wide": tally}}))
        """,
    )
    said, _ = certificate("--command", words, "--media", "csv", "--example", "case/several")
    assert [item["what"] for item in said["failures"][0]["differences"]] == [
        "in_scope under 2025-11-wide",
        "undetermined under 2025-11-wide",
    ]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("sys.exit(3)", "It ended with status 3."),
        ("print('fine')", "not one JSON document"),
        ("print(json.dumps({'found': []}))", "has no list of findings"),
        ("", "printed nothing"),
    ],
)
def test_a_program_that_gives_no_answer_fails(tmp_path: Path, body: str, says: str) -> None:
    result = ran("--command", a_program(tmp_path, body), "--media", "csv", "--example", "case/V220")
    assert result.exit_code == 1
    assert says in result.stdout


def test_a_program_may_refuse_a_file_with_its_code_or_without(tmp_path: Path) -> None:
    for body, status in (("sys.exit(1)", 0), ("print(json.dumps({'refused': 'wrong-part'})); sys.exit(1)", 1)):
        words = a_program(tmp_path, body)
        assert ran("--command", words, "--example", "no-key-column").exit_code == status


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Say one of"),
        (("--offline", "--command", "x {file}"), "Say one of"),
        (("--command", "no-such-program {file}"), "There is no program"),
        (("--command", "python3 x.py"), "does not say where the file comes in"),
        (("--against", "http://localhost:1"), "belong together"),
    ],
)
def test_wrong_usage_is_told(words: tuple[str, ...], says: str) -> None:
    result = ran(*words)
    assert result.exit_code == 2
    assert says in result.stderr


def test_where_nothing_is_run_nothing_is_certified() -> None:
    result = ran("--offline", "--example", "V999")
    assert result.exit_code == 2
    assert "Nothing was run." in result.stdout


async def test_a_service_passes_in_returns_of_its_own_and_nothing_remains(database: Database, tmp_path: Path) -> None:
    async with a_served(database, tmp_path, clock=system_clock) as served:
        key = tmp_path / "kent.json"
        key.write_bytes(msgspec.json.encode(await served.key("kent")))
        url = served.addresses.origin
        chosen = [word for name in OF_EVERY_SORT for word in ("--example", name)]
        said, status = await asyncio.to_thread(certificate, *OLD, "--against", url, "--key", key, "--seal", *chosen)
        assert said["failures"] == []
        assert (status, said["not_run"]) == (0, [])
        assert said["examples"] == len(OF_EVERY_SORT) + 1  # one of them is of two parts
        left = (await (await served.client("kent")).get("/api/forces/kent/returns?limit=1000")).json()["items"]
        assert {item["state"] for item in left} == {"withdrawn"}
        nca = await served.client(body="nca")
        picture = (await nca.get("/api/national/picture")).json()
        assert picture["totals"]["most"] == 0


NOTICED = ("V220", "Q336", "M404", "Q337")
"""Examples of three rules that the notices below treat otherwise, and of one that they leave as it is."""


@asynccontextmanager
async def a_service_with_notices(database: Database, folder: Path) -> AsyncIterator[list[object]]:
    """A service at which three rules are treated otherwise than published, and the words to run those examples."""
    async with a_served(database, folder, clock=system_clock) as served:
        key = folder / "kent.json"
        key.write_bytes(msgspec.json.encode(await served.key("kent")))
        for rule, severity in (("V220", "off"), ("Q336", "validity"), ("M404", "off")):
            notice = a_notice(rule, severity, id=f"2026-01-{rule.lower()}", start=date(2026, 1, 1))
            await in_force(served.context, notice)
        chosen = [word for name in NOTICED for word in ("--example", name)]
        yield [*OLD, "--against", served.addresses.origin, "--key", key, *chosen]


async def test_what_differs_at_a_service_by_a_rule_notice_names_it_and_is_no_failure(
    database: Database, tmp_path: Path
) -> None:
    async with a_service_with_notices(database, tmp_path) as words:
        said, status = await asyncio.to_thread(certificate, *words, "--seal")
        told = await asyncio.to_thread(ran, *words, "--media", "csv")
    assert (status, said["failures"], said["failed"]) == (0, [], 0)
    named = {(item["example"].rpartition("/")[2], *item["notices"]) for item in said["by_notice"]}
    assert named == {("V220", "2026-01-v220"), ("Q336", "2026-01-q336"), ("M404", "2026-01-m404")}
    assert all(item["differences"] for item in said["by_notice"])
    assert said["noticed"] == len(said["by_notice"])
    assert said["passed"] + said["noticed"] == said["files"]
    assert said["passed"] >= 4, "the rule of which no notice speaks"
    assert "case/V220/case.csv: differs by notice 2026-01-v220" in told.stdout
    assert "in what was run, but for what rule notice 2026-01-m404, 2026-01-q336, 2026-01-v220 changed." in told.stdout


@pytest.mark.parametrize("known", [(), ("Q337",)])
async def test_what_no_notice_explains_stays_a_failure(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: tuple[str, ...]
) -> None:
    """As where a service treats a rule otherwise and shows no notice, or one about another rule."""
    monkeypatch.setattr("service.cli.kit._notices_of", lambda *_: [a_notice(rule) for rule in known])
    async with a_service_with_notices(database, tmp_path) as words:
        said, status = await asyncio.to_thread(certificate, *words, "--media", "csv")
    assert (status, said["noticed"]) == (1, 0)
    assert {item["example"].rpartition("/")[2] for item in said["failures"]} >= {"V220", "Q336"}


async def test_what_builds_on_a_sealed_return_is_not_run_unless_that_is_asked_for(
    database: Database, tmp_path: Path
) -> None:
    async with a_served(database, tmp_path, clock=system_clock) as served:
        key = tmp_path / "kent.json"
        key.write_bytes(msgspec.json.encode(await served.key("kent", "returns:read", "returns:write")))
        words = (*OLD, "--against", served.addresses.origin, "--key", key, "--example", "M401", "--example", "M403")
        said, status = await asyncio.to_thread(certificate, *words)
        assert (status, said["failures"], said["files"]) == (0, [], 1)
        assert [item["example"] for item in said["not_run"]] == ["return/M401"]


BESIDE = ("Q561", "like-one-that-was-sealed", "not-exactly-alike")
"""Examples about what was sealed in the period before, and one about the rows of one file."""


@asynccontextmanager
async def a_service_of_both(database: Database, folder: Path) -> AsyncIterator[tuple[Served, list[object]]]:
    """A service that takes either version from the first period on, and the words to run the newer one's kit on it."""
    first = parse_period(PERIOD)
    accepted = tuple(Accepted(version=version, start=first) for version in PUBLISHED.library.contracts)
    terms = {name: msgspec.structs.replace(each, contracts=accepted) for name, each in PUBLISHED.terms.items()}
    both = msgspec.structs.replace(PUBLISHED, terms=terms)
    async with a_served(database, folder, published=both, clock=system_clock) as served:
        key = folder / "kent.json"
        key.write_bytes(msgspec.json.encode(await served.key("kent")))
        chosen = [word for name in BESIDE for word in ("--example", name)]
        yield served, ["--contract", "2026.1", "--against", served.addresses.origin, "--key", key, *chosen]


async def test_a_file_is_sent_for_the_next_period_on_top_of_what_was_sealed_before(
    database: Database, tmp_path: Path
) -> None:
    async with a_service_of_both(database, tmp_path) as (served, words):
        for _ in range(2):  # the second run finds what the first one left
            said, status = await asyncio.to_thread(certificate, *words, "--seal", "--media", "csv", "--media", "json")
            assert (status, said["failures"], said["not_run"]) == (0, [], [])
            assert (said["examples"], said["files"]) == (len(BESIDE), 2 * len(BESIDE))
        left = (await (await served.client("kent")).get("/api/forces/kent/returns?limit=1000")).json()["items"]
        assert {item["state"] for item in left} == {"withdrawn"}
        assert {item["period"] for item in left} == {PERIOD, str(parse_period(PERIOD).plus(1))}


async def test_where_the_next_period_has_not_begun_nothing_is_sealed_for_it(database: Database, tmp_path: Path) -> None:
    async with a_service_of_both(database, tmp_path) as (served, words):
        month = str(period_of(london_date(system_clock())))
        said, status = await asyncio.to_thread(certificate, *words, "--seal", "--period", month, "--media", "csv")
        assert (status, said["files"]) == (0, 1)
        assert {item["why"].partition(",")[0] for item in said["not_run"]} == {
            f"its file is for the month after {month}"
        }
        left = (await (await served.client("kent")).get("/api/forces/kent/returns?limit=1000")).json()["items"]
        assert [(item["period"], item["revision"]) for item in left] == [(month, 1)]  # of the one that needs no other


async def test_a_force_that_reports_is_refused_before_anything_is_sent(database: Database, tmp_path: Path) -> None:
    async with a_served(database, tmp_path, clock=system_clock) as served:
        key = tmp_path / "kent.json"
        key.write_bytes(msgspec.json.encode(await served.key("kent")))
        item = Return(await served.client("kent"))
        await item.open()
        before = (await item.client.get(item.path)).headers["etag"]
        result = await asyncio.to_thread(ran, *OLD, "--against", served.addresses.origin, "--key", key)
        assert result.exit_code == 1
        assert f"has a return for {PERIOD} (open)" in str(result.exception)
        assert (await item.client.get(item.path)).headers["etag"] == before
