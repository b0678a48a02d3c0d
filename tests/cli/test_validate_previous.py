"""``case-returns validate --previous``: a file beside the one of the period before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import command
from tests.support.files import as_ndjson
from tests.support.returns import a_case, a_case_of_2026, csv_of
from tests.support.workbooks import a_workbook

EXACT = {"reported_date": "2013-09-02", "nfa_date": "2014-03-07", "stage_date": "2026-01"}
BEFORE = [
    a_case_of_2026("K/1", stage="referred", suspects_charged="", **EXACT),
    a_case_of_2026("K/2", stage="identified", suspects_charged="1", **EXACT | {"nfa_date": "2014-03-09"}),
]


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["validate", *map(str, arguments), "--contract", "2026.1"])


def said(*arguments: object) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ran(*arguments, "--format", "json").stdout)
    return document


def found(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(item["case_ref"], item["rule"]) for item in document["items"]}


@pytest.fixture
def now(tmp_path: Path) -> Path:
    """The first case has gone back, the second lost what was known, and a new one is like the first."""
    file = tmp_path / "now.csv"
    rows = [
        a_case_of_2026("K/1", stage="in_assessment", **EXACT),
        {**BEFORE[1], "suspects_charged": ""},
        a_case_of_2026("K/3", stage="in_assessment", **EXACT),
    ]
    file.write_bytes(csv_of(rows))
    return file


@pytest.mark.parametrize("ending", ["csv", "ndjson", "xlsx"])
def test_a_file_is_compared_with_the_one_before_in_whatever_medium(tmp_path: Path, now: Path, ending: str) -> None:
    content = {"csv": csv_of(BEFORE), "ndjson": as_ndjson(BEFORE).encode(), "xlsx": a_workbook(BEFORE)}[ending]
    before = tmp_path / f"before.{ending}"
    before.write_bytes(content)
    document = said(now, "--previous", before)
    wanted = {("K/1", "Q560"), ("K/2", "Q301"), ("K/1", "Q563"), ("K/3", "Q563")}
    assert wanted <= found(document)
    assert {rule for _, rule in found(document) - wanted}.isdisjoint({"Q301", "Q560", "Q561", "Q562", "Q563"})
    assert {"Q301", "Q560", "Q561", "Q562", "V211"}.isdisjoint(item["what"] for item in document["not_run"])


def test_without_it_what_compares_is_listed_with_what_to_do_but_for_cases_that_are_alike(now: Path) -> None:
    document = said(now)
    why = {item["what"]: item["why"] for item in document["not_run"]}
    assert {"Q301", "Q560", "Q561", "Q562", "V211"} <= why.keys()
    assert all("--previous FILE" in why[rule] for rule in ("Q301", "Q560", "Q561", "Q562", "V211"))
    assert "Q563" not in why
    assert {key for key, rule in found(document) if rule == "Q563"} == {"K/1", "K/3"}


def test_columns_that_the_file_lacks_stay_as_they_were(tmp_path: Path) -> None:
    before, now = tmp_path / "before.csv", tmp_path / "now.csv"
    before.write_bytes(csv_of(BEFORE))
    now.write_text("case_ref,suspects_charged\nK/2,0\nK/4,0\n")
    document = said(now, "--previous", before)
    assert (document["received"], document["held"]) == (2, 1)
    assert {("K/2", "Q562"), ("K/4", "V202")} <= found(document)
    assert ("K/2", "V202") not in found(document)


def test_rows_of_the_file_before_that_could_not_be_accepted_are_left_out_and_counted(tmp_path: Path, now: Path) -> None:
    before = tmp_path / "before.csv"
    before.write_bytes(csv_of([{**BEFORE[0], "suspect_count": "two"}, BEFORE[1]]))
    document = said(now, "--previous", before)
    assert "1 row of the file before could not be accepted, and is left out." in document["notes"]
    assert ("K/1", "Q560") not in found(document)


def test_a_file_before_in_the_older_version_is_read_in_the_newer(tmp_path: Path) -> None:
    before, now = tmp_path / "before.csv", tmp_path / "now.csv"
    old = [a_case(f"K/{n}", stage="referred", priority="rape", setting="institutional", **EXACT) for n in (1, 2, 3)]
    before.write_bytes(csv_of(old))
    same = a_case_of_2026("K/1", stage="referred", priority="high", setting="institutional", **EXACT)
    rows = [same, {**same, "case_ref": "K/2", "stage": "identified"}]
    now.write_bytes(csv_of(rows))
    document = said(now, "--previous", before, "--previous-contract", "2025.1")
    compared = {(key, rule) for key, rule in found(document) if rule in ("Q301", "Q560", "Q563")}
    assert compared == {("K/2", "Q560"), ("K/2", "Q563")}  # the first says nothing new
    assert document["notes"] == []
    refused = ran(now, "--previous", before, "--previous-contract", "2026.1")
    assert (refused.exit_code, "no version 2026.1 before" in refused.stderr) == (2, True)


def test_a_part_without_references_has_no_file_before(now: Path) -> None:
    refused = ran(now, "--previous", now, "--part", "workforce")
    assert refused.exit_code == 2
    assert "sent whole each time" in refused.stderr
