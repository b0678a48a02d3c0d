"""A force's own file, read by a mapping that was proposed, corrected and saved."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from service.cli import command
from service.contract.library import load_library
from service.contract.mapping import MappingErrors, read_day, read_mapping
from service.contract.model import PartName
from service.contract.proposal import Column, propose
from service.contract.proposed import as_yaml
from service.returns.offline import validate
from service.returns.readers import BytesSource
from service.returns.translate import NotMapped, translated
from tests.support.files import CASE, CONTRACT, MEDIA
from tests.support.hmda import CLEAN
from tests.support.hmda import FOLDER as HMDA
from tests.support.workbooks import a_workbook

OWN = [
    {
        "Crime Ref": "KE/2014/0001",
        "Officer in the case": "PC Jane Doe 1123",
        "Offence Type": "19D - Rape of a female child under 16",
        "NFA Date": "14/03/2014",
        "Outcome Type": "16 - Evidential difficulties",
        "No. of suspects": "3",
        "No. of victims": "1",
        "Age of youngest victim": "14",
        "Decision Maker": "Police",
        "Status": "Assessment Complete",
        "CSE Setting": "Family",
        "Missed Lines Identified?": "Y",
    },
    {
        "Crime Ref": "KE/2014/0002",
        "Officer in the case": "DC John Smith",
        "Offence Type": "88C",
        "NFA Date": "02/11/2015 00:00:00",
        "Outcome Type": "Outcome 15",
        "No. of suspects": "N/K",
        "No. of victims": "2",
        "Age of youngest victim": "12",
        "Decision Maker": "CPS",
        "Status": "Identified",
        "CSE Setting": "Organised  CSE",
        "Missed Lines Identified?": "N/K",
    },
]
MEANT = [
    {
        "case_ref": "KE/2014/0001",
        "offence_code": "19D",
        "nfa_date": "2014-03-14",
        "outcome": "16",
        "suspect_count": "3",
        "victim_count": "1",
        "youngest_victim_age": "14",
        "nfa_by": "police",
        "stage": "assessed",
        "setting": "intrafamilial",
        "missed_lines": "yes",
    },
    {
        "case_ref": "KE/2014/0002",
        "offence_code": "88C",
        "nfa_date": "2015-11-02",
        "outcome": "15",
        "suspect_count": "not_known",
        "victim_count": "2",
        "youngest_victim_age": "12",
        "nfa_by": "cps",
        "stage": "identified",
        "setting": "organised",
        "missed_lines": "not_known",
    },
]
CORRECTED = [
    ('    # "Family":  # nothing', '    "Family": intrafamilial  # was nothing'),
    ('  # - "Officer in the case"', '  - "Officer in the case"'),
]


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def written(rows: list[dict[str, Any]], kind: str = "csv", delimiter: str = ";") -> bytes:
    if kind == "xlsx":
        return a_workbook(rows)
    out = io.StringIO(newline="")
    sheet = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    sheet.writeheader()
    sheet.writerows(rows)
    return out.getvalue().encode()


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("map") / "export.csv"
    file.write_bytes(written(OWN))
    return file


@pytest.fixture(scope="module")
def proposed(export: Path) -> str:
    out = export.parent / "proposed.yaml"
    shown = ran("map", export, "--out", out)
    assert shown.exit_code == 1
    assert "1 neither: “Officer in the case”" in shown.output
    assert "“Family” in 1" in shown.output
    return out.read_text()


@pytest.fixture(scope="module")
def saved(proposed: str, export: Path) -> Path:
    words = proposed
    for old, new in CORRECTED:
        assert old in words
        words = words.replace(old, new)
    file = export.parent / "mapping.yaml"
    file.write_text(words)
    return file


def test_the_nearest_fields_and_codes_are_proposed_and_what_is_not_found_is_a_comment(proposed: str) -> None:
    document = yaml.safe_load(proposed)
    assert {field: own for own, field in document["columns"].items()}.items() >= {
        ("case_ref", "Crime Ref"),
        ("nfa_by", "Decision Maker"),
        ("stage", "Status"),
        ("youngest_victim_age", "Age of youngest victim"),
    }
    assert document["dates"] == {"nfa_date": "DD/MM/YYYY"}
    assert document["values"]["stage"] == {"Assessment Complete": "assessed"}
    assert document["values"]["suspect_count"] == {"N/K": "not_known"}
    assert "Family" not in document["values"]["setting"]
    assert document["left_out"] is None


def test_a_proposal_holds_no_reference_and_nothing_that_looks_like_a_person(proposed: str) -> None:
    for word in ("KE/2014", "Jane", "Smith", "1123", "14/03", "02/11"):
        assert word not in proposed
    sneaked = [{**row, "Outcome Type": name} for row, name in zip(OWN, ("Jane Doe", "07700 900123"), strict=True)]
    columns = [Column(name, {row[name]: 1 for row in sneaked}) for name in OWN[0]]
    words = as_yaml(propose(columns, CONTRACT, CASE), CASE, CONTRACT)
    assert "Jane Doe" not in words
    assert "900123" not in words


def test_a_proposal_never_replaces_a_file_that_is_there(export: Path, saved: Path) -> None:
    before = saved.read_text()
    assert ran("map", export, "--out", saved).exit_code == 2
    assert saved.read_text() == before


def test_the_values_of_a_column_with_too_many_are_not_listed() -> None:
    columns = [Column("case_ref", {"A/1": 1}), Column("setting", {f"place {number}": 1 for number in range(90)})]
    words = as_yaml(propose(columns, CONTRACT, CASE), CASE, CONTRACT)
    assert "place 7" not in words
    assert "setting: too many different values" in words


def test_a_value_in_several_capitals_is_proposed_once_and_the_proposal_can_be_read() -> None:
    columns = [
        Column("case_ref", {"A/1": 1}),
        Column("stage", {"In Assessment": 2, "in assessment": 1}),
        Column("suspect_count", {"N/K": 1, "n/k": 1}),
    ]
    words = as_yaml(propose(columns, CONTRACT, CASE), CASE, CONTRACT)
    mapping, _ = read_mapping(words, "m.yaml", CONTRACT)
    assert mapping.values["suspect_count"] == {"N/K": "not_known"}


def test_names_and_codes_of_the_version_before_are_proposed_as_what_they_are_now() -> None:
    newer = load_library().contracts["2026.1"]
    part = newer.parts[PartName.CASE]
    columns = [
        Column("case_ref", {"A/1": 1}),
        Column("youngest_victim_age", {"12": 1}),
        Column("priority", {"none": 3, "rape": 1, "flight_risk": 1}),
    ]
    document = yaml.safe_load(as_yaml(propose(columns, newer, part), part, newer))
    assert document["columns"]["youngest_victim_age"] == "victim_age_youngest"
    assert document["values"]["priority"] == {"none": "standard", "rape": "high", "flight_risk": "immediate"}


def test_a_saved_mapping_covers_the_file(export: Path, saved: Path) -> None:
    shown = ran("map", export, "--mapping", saved)
    assert shown.exit_code == 0
    assert "Rows: 2 of 2 can be read in every column." in shown.output
    document = json.loads(ran("map", export, "--mapping", saved, "--format", "json").output)
    assert document["columns"] == {"all": 12, "mapped": 11, "left_out": ["Officer in the case"], "unknown": []}
    assert document["rows"] == {"all": 2, "whole": 2}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_mapped_file_has_the_findings_of_the_rows_that_it_means(kind: str, saved: Path) -> None:
    mapping, part = read_mapping(saved.read_text(), "m.yaml", CONTRACT)
    wrong = [OWN[0] | {"No. of suspects": "several"}, OWN[1] | {"Age of youngest victim": "200"}]
    meant = [MEANT[0] | {"suspect_count": "several"}, MEANT[1] | {"youngest_victim_age": "200"}]
    own = validate(written(wrong, kind), CONTRACT, part, MEDIA[kind], mapping)
    theirs = validate(written(meant, "csv", ","), CONTRACT, part, "text/csv")
    assert list(own.findings) == list(theirs.findings)
    assert {"S101", "V203"} <= {finding.rule for finding in own.findings}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_sent_is_the_contracts_form_and_nothing_that_was_left_out(kind: str, saved: Path) -> None:
    mapping, part = read_mapping(saved.read_text(), "m.yaml", CONTRACT)
    sent = b"".join(translated(BytesSource(written(OWN, kind)), MEDIA[kind], part, CONTRACT, mapping)).decode()
    passed = [{"nfa_by": "Police"}, {"nfa_by": "CPS", "stage": "Identified"}]  # is read as it is, so nothing was done
    assert list(csv.DictReader(sent.splitlines())) == [row | own for row, own in zip(MEANT, passed, strict=True)]
    assert "Jane" not in sent


def test_rows_keep_their_numbers_over_blank_ones(saved: Path) -> None:
    mapping, part = read_mapping(saved.read_text(), "m.yaml", CONTRACT)
    heading, first, second = written(OWN).decode().splitlines()
    content = "\n".join(("", "", heading, "", first, "", "", second.replace("88C", "Q99"))).encode()
    own = validate(content, CONTRACT, part, "text/csv", mapping)
    sent = b"".join(translated(BytesSource(content), "text/csv", part, CONTRACT, mapping))
    theirs = validate(sent, CONTRACT, part, "text/csv")
    assert list(own.findings) == list(theirs.findings)
    assert next(finding.row for finding in own.findings if finding.rule == "V201") == 8


def test_findings_are_told_under_the_senders_own_names(export: Path, saved: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_bytes(written([OWN[0] | {"CSE Setting": "Moon"}]))
    shown = ran("validate", file, "--mapping", saved, "--format", "csv")
    assert shown.exit_code == 1
    told = {row["rule"]: row for row in csv.DictReader(io.StringIO(shown.output))}
    assert (told["V201"]["column"], told["V201"]["field"], told["V201"]["value"]) == ("CSE Setting", "setting", "Moon")
    assert "CSE Setting" in ran("validate", file, "--mapping", saved).output
    assert ran("tally", export, "--mapping", saved, "--format", "json").exit_code == 0


def test_a_column_of_which_nobody_said_what_it_is_is_found_and_never_sent(saved: Path) -> None:
    mapping, part = read_mapping(saved.read_text(), "m.yaml", CONTRACT)
    content = written([row | {"Suspect name": "Jane Doe"} for row in OWN])
    report = validate(content, CONTRACT, part, "text/csv", mapping)
    assert {finding.field for finding in report.findings if finding.rule == "V206"} == {"Suspect name"}
    with pytest.raises(NotMapped) as refused:
        next(translated(BytesSource(content), "text/csv", part, CONTRACT, mapping))
    assert "Suspect name" in refused.value.do
    assert "Suspect name" not in str(refused.value)


MAPPING = """\
contract: "2025.1"
part: case
columns:
  Ref: case_ref
  Status: stage
left_out:
  - Officer
values:
  stage:
    Done: concluded
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("stage\nleft", "stge\nleft", 5, "Did you mean 'stage'?"),
        ("Status: stage", "Status: case_ref", 5, "One column fills one field."),
        ("Status: stage", "REF: stage", 5, "the same column as 'Ref'"),
        ("Status: stage", "Status:", 5, "Write the field that it is"),
        ("- Officer", "- status", 7, "mapped above, and left out here"),
        ("Done: concluded", "Done: conclude", 10, "Did you mean 'concluded'?"),
        ("Done: concluded", "Done: concluded\n    DONE : assessed", 11, "the same value as 'Done'"),
        ("stage:\n    Done", "stag:\n    Done", 9, "There is no field 'stag'"),
        ("stage:\n    Done: concluded", "case_ref:\n    A1: B2", 9, "References stay as they are"),
        ("left_out", "leftout", 6, "There is no key 'leftout'"),
        ("part: case", "part: cases", 2, "Did you mean 'case'?"),
        ('"2025.1"', '"2024.9"', 1, "The mapping is for contract 2024.9"),
        ("values:", "dates:\n  nfa_date: YY-MM\nvalues:", 9, "Write one of: DD/MM/YYYY"),
        ("values:", "dates:\n  stage: DD/MM/YYYY\nvalues:", 9, "'stage' is no date"),
        ("columns:", "columns: [", 5, "This is not YAML"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in MAPPING
    read_mapping(MAPPING, "m.yaml", CONTRACT)
    with pytest.raises(MappingErrors) as refused:
        read_mapping(MAPPING.replace(old, new), "m.yaml", CONTRACT)
    assert any(problem.line == line and says in str(problem) for problem in refused.value.problems), refused.value.says


@given(st.dates(), st.sampled_from(["DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "YYYYMMDD"]))
def test_a_day_of_a_declared_form_is_read_as_that_day(day: Any, form: str) -> None:
    text = form.replace("DD", f"{day:%d}").replace("MM", f"{day:%m}").replace("YYYY", f"{day.year:04}")
    assert read_day(text, form) == day.isoformat()


def test_days_and_words_of_the_loan_register_are_mapped_as_its_guide_has_them(tmp_path: Path) -> None:
    """What the guide writes as 20180311 and NA."""
    rows = [
        {
            name.replace("_", " ").title(): "NA"
            if cell == "not_applicable"
            else cell.replace("-", "")
            if name.endswith("_date")
            else cell
            for name, cell in row.items()
        }
        for row in CLEAN
    ]
    file, out = tmp_path / "lar.csv", tmp_path / "lar.yaml"
    file.write_bytes(written(rows, "csv", ","))
    assert ran("validate", file, "--contract", HMDA).exit_code == 1
    assert ran("map", file, "--contract", HMDA, "--out", out).exit_code == 0
    assert yaml.safe_load(out.read_text())["dates"] == {"application_date": "YYYYMMDD", "action_taken_date": "YYYYMMDD"}
    shown = ran("validate", file, "--contract", HMDA, "--mapping", out)
    assert shown.exit_code == 0
    assert "8 rows: 8 accepted, 0 held. Findings: 0 syntactical, 0 validity, 0 quality" in shown.output


@pytest.mark.parametrize(
    "arguments", [("FILE",), ("FILE", "--out", "a.yaml", "--mapping", "FILE"), ("nowhere.csv", "--out", "a.yaml")]
)
def test_a_mapping_is_either_proposed_or_tried(export: Path, arguments: tuple[str, ...]) -> None:
    assert ran("map", *(each.replace("FILE", str(export)) for each in arguments)).exit_code == 2


def test_a_file_without_columns_cannot_be_mapped(tmp_path: Path, saved: Path) -> None:
    file = tmp_path / "cases.ndjson"
    file.write_text('{"case_ref": "K/1"}\n')
    assert ran("validate", file, "--mapping", saved).exit_code == 1
    assert ran("map", file, "--out", tmp_path / "m.yaml").exit_code == 1
