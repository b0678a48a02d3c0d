"""What validate writes: every finding, and a copy of the rows in which the cells that are meant are marked."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import command, files
from tests.support.rows import a_row, as_csv, as_ndjson
from tests.support.workbooks import a_workbook, parts_of, records_of, sheets_of

ROWS = [
    a_row(case_ref="K/0001", suspect_count="3-5", nfa_date="2014-03"),
    a_row(case_ref="K/0002", suspect_count="two", victim_count=0),
    a_row(case_ref="K/0003", stage="nowhere", nfa_date=""),
    a_row(case_ref="K/0002", suspect_count="=1+1"),
]
FORMS = {
    "cases.csv": as_csv(ROWS).encode(),
    "cases.xlsx": a_workbook(ROWS),
    "cases.ndjson": as_ndjson(ROWS).encode(),
    "cases.json": json.dumps(ROWS).encode(),
}


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def marked(workbook: bytes) -> dict[str, str]:
    """The comments of the first sheet by their cell."""
    xml = parts_of(workbook)["xl/comments1.xml"].decode()
    found = re.findall(r'<comment ref="([A-Z]+\d+)".*?<t[^>]*>(.*?)</t>', xml, re.DOTALL)
    return dict(found)


@pytest.mark.parametrize("name", FORMS)
def test_every_finding_is_marked_in_a_copy_of_the_rows(tmp_path: Path, name: str) -> None:
    file, out = tmp_path / name, tmp_path / "findings.xlsx"
    file.write_bytes(FORMS[name])
    document = json.loads(ran("validate", file, "--format", "json").stdout)
    assert ran("validate", file, "--findings", out).exit_code == 1
    content = out.read_bytes()
    assert list(sheets_of(content)) == ["Cases", "Findings", "Guidance", "Codes"]
    copied = [{name: value for name, value in row.items() if name in ROWS[0]} for row in records_of(content, "Cases")]
    assert copied == [{name: str(value) for name, value in row.items() if value != ""} for row in ROWS]
    listed = records_of(content, "Findings")
    assert len(listed) == len(document["items"]) == sum(document["findings"].values()) > 5
    for line, item in zip(listed, document["items"], strict=True):
        assert {each: line.get(each, "") for each in ("rule", "severity", "field", "value", "says", "fix")} == {
            each: str(item[each] or "") for each in ("rule", "severity", "field", "value", "says", "fix")
        }
        assert line["row"] == str(item["row"])
    comments = marked(content)
    assert set(comments) == {line["cell"].partition("!")[2] for line in listed}
    xml = parts_of(content)["xl/worksheets/sheet1.xml"].decode()
    styles = re.findall(r"<xf [^>]*>", parts_of(content)["xl/styles.xml"].decode().partition("<cellXfs")[2])
    for cell in comments:
        style = re.findall(rf'<c r="{cell}" s="(\d+)"', xml)[0]
        assert 'applyFill="1"' in styles[int(style)]
    assert b"<f>" not in xml.encode()


def test_a_marked_copy_of_a_work_list_still_says_what_was_handed_out(tmp_path: Path) -> None:
    file, out = tmp_path / "cases.csv", tmp_path / "findings.xlsx"
    said = [json.dumps({"case_ref": row["case_ref"], "suspect_count": ""}) for row in ROWS]
    file.write_text(as_csv({**row, "handed_out": each} for row, each in zip(ROWS, said, strict=True)))
    assert ran("validate", file, "--findings", out).exit_code == 1
    assert [row["handed_out"] for row in records_of(out.read_bytes(), "Cases")] == said


def test_a_marked_copy_can_be_checked_again_and_says_the_same(tmp_path: Path) -> None:
    file, out = tmp_path / "cases.csv", tmp_path / "findings.xlsx"
    unknown = [{**row, "officer": "x", "notes": "mine"} for row in ROWS]
    file.write_text(f"{as_csv(unknown)}K/9,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n")
    first = ran("validate", file, "--findings", out)
    assert first.exit_code == 1
    again = ran("validate", out, "--format", "csv")
    told = [(row["row"], row["rule"], row["field"]) for row in csv.DictReader(io.StringIO(again.stdout))]
    before = ran("validate", file, "--format", "csv")
    expected = [(row["row"], row["rule"], row["field"]) for row in csv.DictReader(io.StringIO(before.stdout))]
    assert [each for each in told if each[0] != "6"] == [each for each in expected if each[0] != "6"]
    (held,) = [row for row in records_of(out.read_bytes(), "Cases") if "K/9" in row["case_ref"]]
    assert held["case_ref"].startswith("K/9,1,2,3")
    assert "officer" in marked(out.read_bytes())["L1"]


@pytest.mark.parametrize("name", ["findings.csv", "findings.json"])
def test_the_other_forms_have_every_finding_too(tmp_path: Path, name: str) -> None:
    file, out = tmp_path / "cases.csv", tmp_path / name
    file.write_bytes(FORMS["cases.csv"])
    assert ran("validate", file, "--findings", out).exit_code == 1
    listed = json.loads(ran("validate", file, "--format", "json").stdout)["items"]
    if name.endswith("json"):
        assert json.loads(out.read_text())["items"] == listed
    else:
        rows = list(csv.DictReader(io.StringIO(out.read_text())))
        assert [row["rule"] for row in rows] == [item["rule"] for item in listed]
        assert {row["finding"][:1] for row in rows if row["severity"] == "quality"} == {"f"}
        assert {row["answer"] for row in rows} == {""}


def test_findings_are_written_to_files_of_known_forms_alone(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_bytes(FORMS["cases.csv"])
    assert ran("validate", file, "--findings", tmp_path / "findings.pdf").exit_code == 2


def test_a_long_file_is_read_with_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(as_csv([a_row(case_ref=f"K/{n}") for n in range(3_000)]))
    assert ran("validate", file).stderr == ""
    monkeypatch.setattr(files, "_LONG", 1)
    lines = ran("validate", file).stderr.splitlines()
    assert len(lines) >= 1
    assert re.fullmatch(r"Checking cases\.csv: [\d,]+ of [\d,]+ KB", lines[-1])


def test_rules_that_nothing_was_asked_of_are_listed_with_what_they_lack(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("case_ref,stage,nfa_date,outcome\nK/1,identified,,\nK/2,identified,2014,\n")
    said = json.loads(ran("validate", file, "--format", "json").stdout)["not_run"]
    why = {item["what"]: item["why"] for item in said}
    assert why["Q335"] == "No row of the part ‘Cases’ says ‘Victims’ (victim_count)."
    assert "Q344" not in why  # it asks whether the outcome is recorded, and found that it is not
    assert "Q343" in why
    assert "  Q335, " in ran("validate", file).stdout or ", Q335" in ran("validate", file).stdout
