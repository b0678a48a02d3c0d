"""A standard that nobody had in mind: the US loan register of 2018, as data alone, judged by the service's own code."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import command
from service.contract.library import load_library
from service.contract.model import Part, PartName, Role
from service.contract.values import Check
from service.returns.offline import validate
from service.returns.readers import XLSX
from service.terms.check import check
from tests.support.hmda import BROKEN, CLEAN, FOLDER, written

LIBRARY = load_library(FOLDER)
CONTRACT = LIBRARY.contracts["2018"]
REGISTER = CONTRACT.parts[PartName.CASE]
MEDIA = ("text/csv", "application/json", "application/x-ndjson", XLSX)
IN_CELLS = {"X05", "X06", "X13", "X14", "X16", "S305"}
"""What is not one row's wrong cell: each has a test of its own, but for what was known before, which no file knows."""


def fired(content: bytes, media: str = "text/csv", part: Part = REGISTER) -> Counter[str]:
    return Counter(finding.rule for finding in validate(content, CONTRACT, part, media).findings)


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def test_the_folder_is_a_whole_standard_of_data() -> None:
    assert check(FOLDER) == ()
    assert len(REGISTER.fields) >= 12
    assert sum(rule.id[0] in "SV" for rule in CONTRACT.rules) >= 12
    assert {field.role for field in REGISTER.fields if field.role} == {Role.KEY, Role.STAGE, Role.YEAR}
    assert not [path for path in FOLDER.rglob("*") if path.suffix == ".py"]


@pytest.mark.parametrize("media", MEDIA)
def test_nothing_fires_on_a_clean_file(media: str) -> None:
    report = validate(written(CLEAN, media), CONTRACT, REGISTER, media)
    assert list(report.findings) == []
    assert report.accepted == len(CLEAN)


@pytest.mark.parametrize("media", MEDIA)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda item: f"{item['edit']}-{'-'.join(item['cells'])}")
def test_each_edit_fires_where_its_thing_is_wrong_and_no_other_does(broken: dict[str, Any], media: str) -> None:
    rows = [dict(row) for row in CLEAN]
    rows[broken["row"] - 1] |= broken["cells"]
    # a column that the standard does not have is a mistake of the heading as well as of the row that fills it
    doubled = {"X12"} if broken["edit"] == "X12" and media in ("text/csv", XLSX) else set()
    expected = Counter([broken["edit"], *broken["also"], *doubled])
    assert fired(written(rows, media), media) == expected


def test_every_edit_has_a_file_that_breaks_it() -> None:
    assert {rule.id for rule in CONTRACT.rules} == {broken["edit"] for broken in BROKEN} | IN_CELLS


def test_a_loan_that_is_reported_twice_is_found_in_every_medium() -> None:
    for media in MEDIA:
        assert fired(written([*CLEAN, CLEAN[2]], media), media) == {"S305": 2}


def test_what_cannot_be_read_has_the_ids_of_this_standard() -> None:
    whole = written(CLEAN, "text/csv")
    assert fired(whole + b"10BX939C5543TQA1144M999900000" + b",1" * 60 + b"\n")["X05"] == 1
    assert fired(whole.replace(b",CA,", b",\x81\x8d,"))["X06"] == 1
    assert fired(b'[{"uli": "jane.doe@example.org", "action_taken": "1"}]', "application/json")["V608"] == 1


def test_cells_of_its_table_are_read_and_doubles_among_them_found() -> None:
    table = CONTRACT.parts[PartName.AGGREGATE]
    rows = "loan_purpose,action_taken,action_taken_date,loans\n1,1,2018,37\n31,1,2018,12\n"
    assert fired(rows.encode(), part=table) == {"X10": 2}  # this standard takes no range anywhere
    rows = rows.replace("2018,", "2018-06-01,")
    assert fired(rows.encode(), part=table) == {}
    assert fired(f"{rows}1,1,2018-06-01,3\n".encode(), part=table) == {"X14": 2}


def test_the_numbers_of_a_public_scheme_are_not_taken_for_a_persons() -> None:
    tract = next(row for row in CLEAN if row["census_tract"].startswith("01"))
    assert tract["census_tract"] == "01001020100", "eleven digits that would be a telephone number elsewhere"
    assert Check.PERSONAL in {rule.check for rule in CONTRACT.rules}


def test_a_folder_is_given_where_a_version_is_named() -> None:
    clean = ran("validate", FOLDER / "clean.csv", "--contract", FOLDER)
    assert clean.exit_code == 0
    assert "8 rows: 8 accepted, 0 held." in clean.output
    assert "Contract 2018." in clean.output
    same = ran("validate", FOLDER / "clean.csv", "--contract", FOLDER / "returns" / "2018")
    assert same.output == clean.output


def test_a_broken_file_is_told_in_the_words_of_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_bytes(
        written([CLEAN[0] | {"preapproval": "1"}, *CLEAN[1:3], CLEAN[3] | {"rate_spread": "1.5"}], "text/csv")
    )
    shown = ran("validate", file, "--contract", FOLDER, "--format", "csv")
    assert shown.exit_code == 1
    found = list(csv.DictReader(io.StringIO(shown.output)))
    assert [(row["rule"], row["uli"], row["field"]) for row in found] == [
        ("V657", "10BX939C5543TQA1144M999404071", "rate_spread"),
    ]
    assert found[0]["says"] == "The rate spread is 1.5, where there is none."


@pytest.mark.parametrize(
    "scope", [(), ("--scope", "2018-home-purchase"), ("--scope", FOLDER / "scopes" / "2018-home-purchase.yaml")]
)
def test_a_file_is_counted_under_a_scope_of_the_folder(scope: tuple[object, ...]) -> None:
    shown = ran("tally", FOLDER / "clean.csv", "--contract", FOLDER, *scope, "--format", "json")
    assert shown.exit_code == 0
    document = json.loads(shown.output)
    assert document["scope"]["edition"] == "2018-home-purchase"
    assert document["totals"] == {"in_scope": 2, "undetermined": 0, "out_of_scope": 6, "least": 2, "most": 2}
    assert {item["rule"]: item["cases"] for item in document["attrition"] if item["cases"]} == {
        "originated": 5,
        "purchase": 1,
    }


def test_cells_are_counted_under_the_same_scope_with_what_they_leave_open(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(
        "loan_purpose,action_taken,occupancy_type,construction_method,lien_status,loan_amount,action_taken_date,loans\n"
        "1,1,1,1,1,200000,2018-06-01,30\n1,1,,1,1,200000,2018-06-01,7\n31,1,1,1,1,200000,2018-06-01,100\n"
    )
    shown = ran("tally", file, "--part", "aggregates", "--contract", FOLDER, "--format", "json")
    document = json.loads(shown.output)
    assert document["totals"] == {"in_scope": 30, "undetermined": 7, "out_of_scope": 100, "least": 30, "most": 37}
    assert document["missing"] == [{"attribute": "occupancy_type", "cases": 7}]


def test_an_empty_sheet_of_the_folder_has_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    assert ran("template", "cases", "--contract", FOLDER, "--out", file).exit_code == 0
    assert file.read_text(encoding="utf-8-sig").strip().split(",") == [field.name for field in REGISTER.fields]


def test_a_folder_with_a_mistake_is_refused_with_its_place(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "hmda")
    rules = tmp_path / "hmda" / "returns" / "2018" / "rules.yaml"
    rules.write_text(rules.read_text().replace("when: loan_type is null", "when: loan_typ is null"))
    shown = ran("validate", FOLDER / "clean.csv", "--contract", tmp_path / "hmda")
    assert shown.exit_code == 1
    assert "returns/2018/rules.yaml, line" in str(shown.exception)
