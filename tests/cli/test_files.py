"""Commands that need no service: what they print, and their exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from service.cli import _COMMANDS, command
from service.contract.library import contracts_root
from service.contract.model import PartName
from service.errors import UnsupportedMedia
from service.returns.offline import validate
from service.terms.check import load_published
from tests.support.rows import as_csv
from tests.support.workbooks import a_workbook, archive_of

PUBLISHED = load_published()
CONTRACT = PUBLISHED.library.contracts["2025.1"]


def ran(*arguments: object) -> Result:
    """What a command did, in this process."""
    return CliRunner().invoke(command, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "messy.csv"
    assert ran("generate", "--force", "kent", "--cases", 300, "--messy", "--out", file).exit_code == 0
    return file


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "clean.csv"
    assert ran("generate", "--force", "kent", "--cases", 120, "--seed", 3, "--out", file).exit_code == 0
    return file


def every_command() -> list[tuple[str, ...]]:
    context = click.Context(command)
    found: list[tuple[str, ...]] = []
    for name in _COMMANDS:
        each = command.get_command(context, name)
        inner = list(each.commands) if isinstance(each, click.Group) else []
        found += [(name,), *((name, one) for one in inner)]
    return found


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cases.ods", archive_of({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "OpenDocument"),
        ("cases.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "an old workbook (XLS)"),
    ],
)
def test_a_workbook_of_another_kind_is_told_what_to_be_saved_as(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = ran("validate", tmp_path / name)
    assert done.exit_code != 0
    assert isinstance(done.exception, UnsupportedMedia)
    assert says in done.exception.says
    assert "Excel Workbook (.xlsx)" in done.exception.do


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...]) -> None:
    shown = ran(*words, "--help")
    assert shown.exit_code == 0
    assert "Example:" in shown.output
    assert "case-returns" in shown.output.rpartition("Example:")[2]


def test_help_and_validate_start_without_database_or_network_code(clean: Path) -> None:
    heavy = ("sqlalchemy", "asyncpg", "litestar", "httpx", "rich", "uvicorn")
    code = (
        "import sys; from service.cli import command; "
        f"command(['validate', {str(clean)!r}], standalone_mode=False); "
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_validate_says_no_where_a_row_is_held(messy: Path, clean: Path) -> None:
    assert ran("validate", messy).exit_code == 1
    shown = ran("validate", clean)
    assert shown.exit_code == 0
    assert "120 rows: 120 accepted, 0 held." in shown.output
    assert "cases_before: it is about the whole return" in shown.output


def test_validate_prints_the_same_findings_in_every_format(messy: Path) -> None:
    report = validate(messy, CONTRACT, CONTRACT.parts[PartName.CASE])
    document = json.loads(ran("validate", messy, "--format", "json").output)
    assert (document["received"], document["held"]) == (report.received, report.held)
    rows = list(csv.DictReader(io.StringIO(ran("validate", messy, "--format", "csv").stdout)))
    assert [(row["row"], row["rule"]) for row in rows] == [
        (str(item["row"]), item["rule"]) for item in document["items"]
    ]
    assert list(rows[0]) == ["rule", "severity", "part", "row", "case_ref", "field", "value", "says", "fix"]
    assert len(rows) == sum(document["findings"].values())


def test_a_workbook_is_validated_and_counted_like_the_same_rows_in_csv(tmp_path: Path, clean: Path) -> None:
    with clean.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["suspect_count"] = "05-Mar"
    workbook, sheet = tmp_path / "cases.xlsx", tmp_path / "cases.csv"
    workbook.write_bytes(a_workbook(rows))
    sheet.write_text(as_csv(rows))
    said = [ran("validate", file, "--format", "csv") for file in (workbook, sheet)]
    assert said[0].exit_code == said[1].exit_code == 1
    assert "Write 3-5." in said[0].stdout
    assert said[0].stdout == said[1].stdout
    assert ran("tally", workbook).stdout.splitlines()[1:] == ran("tally", sheet).stdout.splitlines()[1:]


def test_no_cell_of_a_printed_csv_is_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "formula.csv"
    file.write_text('case_ref,stage,suspect_count\nK/1,identified,"=HYPERLINK(1)"\n')
    shown = ran("validate", file, "--format", "csv")
    values = {row["field"]: row["value"] for row in csv.DictReader(io.StringIO(shown.output))}
    assert values["suspect_count"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "nowhere.csv"),
        ("validate", __file__, "--contract", "1999.1"),
        ("validate", __file__, "--part", "people"),
        ("generate", "--force", "nowhere", "--out", "x.csv"),
        ("generate", "--force", "kent", "--messy", "--out", "x.ndjson"),
        ("scope", "sql", "nix"),
        ("scope", "words", "nix"),
        ("scope", "sql", "2025-11-wide", "--dialect", "klingon"),
        ("tally", __file__, "--scope", "nix"),
        ("demo", "--port", "-1"),
        ("clients", "add", "X", "--permission", "returns:read", "--out", "x.json"),
        ("nix",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    assert ran(*arguments).exit_code == 2


def test_an_error_is_told_in_words_and_is_1(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_bytes(b"PK\x03\x04rest")
    program = shutil.which("case-returns", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program is not None
    done = subprocess.run([program, "validate", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_generate_gives_the_same_rows_for_the_same_seed(tmp_path: Path) -> None:
    written = []
    for name, seed in (("a.csv", 5), ("b.csv", 5), ("c.csv", 6)):
        assert (
            ran("generate", "--force", "surrey", "--cases", 40, "--seed", seed, "--out", tmp_path / name).exit_code == 0
        )
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1] != written[2]


def test_generate_writes_ndjson_in_a_later_version(tmp_path: Path) -> None:
    file = tmp_path / "rows.ndjson"
    ran("generate", "--force", "surrey", "--cases", 30, "--contract", "2026.1", "--out", file)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(rows) == 30
    assert "victim_age_youngest" in rows[0]
    assert ran("validate", file, "--contract", "2026.1").exit_code == 0


def test_a_tally_counts_every_accepted_row_once(clean: Path, messy: Path) -> None:
    document = json.loads(ran("tally", clean, "--format", "json").output)
    totals = document["totals"]
    assert totals["in_scope"] + totals["undetermined"] + totals["out_of_scope"] == 120
    assert sum(item["cases"] for item in document["attrition"]) == totals["out_of_scope"]
    assert document["scope"]["hash"] == PUBLISHED.scopes["2025-11-wide"].hash
    shown = ran("tally", messy, "--scope", "2026-02-referral")
    assert shown.exit_code == 1
    assert "would be held" in shown.output


def test_a_tally_of_cells_counts_their_weight(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_text("setting,nfa_date,suspect_count,cases\ngang,2014,1,37\ngang,2015,2+,not_provided\n")
    document = json.loads(ran("tally", file, "--part", "aggregates", "--format", "json").output)
    assert document["totals"] == {"in_scope": 0, "undetermined": 0, "out_of_scope": 37, "least": 0, "most": None}
    assert next(item for item in document["attrition"] if item["rule"] == "suspects")["cases"] == 37


def test_contracts_check_names_file_line_and_column(tmp_path: Path) -> None:
    assert ran("contracts", "check").exit_code == 0
    folder = tmp_path / "contracts"
    shutil.copytree(contracts_root(), folder)
    scope = folder / "scopes" / "2025-11-wide.yaml"
    scope.write_text(scope.read_text().replace("suspect_count >= 2", "suspects_count >= 2"))
    shown = ran("contracts", "check", "--folder", folder)
    assert shown.exit_code == 1
    assert "scopes/2025-11-wide.yaml, line" in shown.output
    assert "column 1 of the condition" in shown.output


def test_a_scope_is_printed_in_words_for_people_and_for_programs() -> None:
    shown = ran("scope", "words", "2025-11-wide")
    assert shown.exit_code == 0
    assert "A case meets this rule if ‘Suspects’ is 2 or more." in shown.output
    document = json.loads(ran("scope", "words", "2025-11-wide", "--format", "json").output)
    assert [rule["id"] for rule in document["rules"]] == list(PUBLISHED.scopes["2025-11-wide"].rule_ids)
    assert all(rule["sentence"] in shown.output and rule["undecided"] in shown.output for rule in document["rules"])


def test_a_scope_that_is_being_written_is_printed_in_words(tmp_path: Path) -> None:
    file = tmp_path / "2027-01-mine.yaml"
    published = (contracts_root() / "scopes" / "2025-11-wide.yaml").read_text()
    mine = published.replace("edition: 2025-11-wide", "edition: 2027-01-mine")
    file.write_text(mine.replace("suspect_count >= 2", "suspect_count > 5"))
    shown = ran("scope", "words", file)
    assert shown.exit_code == 0
    assert "A case meets this rule if ‘Suspects’ is more than 5." in shown.output
    file.write_text(mine.replace("suspect_count", "suspect_cuont"))
    wrong = ran("scope", "words", file)
    assert wrong.exit_code == 1
    assert "Did you mean `suspect_count`?" in wrong.output
    assert ran("scope", "words", tmp_path / "absent.yaml").exit_code == 2


def test_scope_check_reads_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "2025-11-wide.yaml"
    shutil.copy(contracts_root() / "scopes" / "2025-11-wide.yaml", file)
    good = ran("scope", "check", file)
    assert good.exit_code == 0
    assert PUBLISHED.scopes["2025-11-wide"].hash in good.output
    file.write_text(file.read_text().replace("victim_count >= 1", "victim_count >= 'one'"))
    bad = ran("scope", "check", file)
    assert bad.exit_code == 1
    assert f"{file}:20:27: `victim_count` is a whole number, and this is a text in quotes. " in bad.output


def test_openapi_is_printed_without_a_database() -> None:
    document = json.loads(ran("openapi").output)
    assert document["openapi"].startswith("3.1")
    assert "/api/forces/{force}/returns/{period}/seal" in document["paths"]


def test_a_committed_openapi_document_is_told_from_a_stale_one(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert ran("openapi", "--out", file).exit_code == 0
    assert ran("openapi", "--check", "--out", file).exit_code == 0
    file.write_text(file.read_text("utf-8").replace("sealReturn", "shutReturn"), "utf-8")
    stale = ran("openapi", "--check", "--out", file)
    assert stale.exit_code == 1
    assert "shutReturn" in stale.output
    assert f"openapi --out {file}" in stale.output


@pytest.mark.parametrize("name", ["cases.csv", "cases.xlsx"])
def test_a_template_can_be_checked_as_it_is(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert ran("template", "cases", "--out", file).exit_code == 0
    assert ran("validate", file).exit_code == 0


@pytest.mark.parametrize(
    ("part", "heading", "means"),
    [
        ("case", "case_ref,offence_code", "sent as a snapshot it says that there is not one case"),
        ("aggregate", "setting,cases", "says that there is none"),
        ("workforce", "team,phase", "says that there is none"),
    ],
)
def test_a_file_of_a_heading_alone_says_that_there_is_no_row_in_it(
    tmp_path: Path, part: str, heading: str, means: str
) -> None:
    file = tmp_path / "empty.csv"
    file.write_text(f"{heading}\n", encoding="utf-8")
    words = ("validate", file, "--contract", "2025.1", "--part", part)
    table, as_json, as_lines = (ran(*words, "--format", form) for form in ("table", "json", "csv"))
    assert [each.exit_code for each in (table, as_json, as_lines)] == [0, 0, 0], "no row is held"
    (note,) = [each for each in json.loads(as_json.stdout)["notes"] if "no row" in each]
    assert note.startswith("There is no row in this file, so nothing was checked.")
    assert means in note
    assert note in table.stdout
    assert note in as_lines.stderr
    assert len(list(csv.reader(io.StringIO(as_lines.stdout)))) == 1, "what a program reads is the heading alone"


def test_a_file_with_a_row_says_nothing_of_being_empty(clean: Path) -> None:
    assert "no row" not in ran("validate", clean, "--contract", "2025.1").stdout
