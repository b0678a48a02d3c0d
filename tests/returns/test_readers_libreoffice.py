"""A workbook that a spreadsheet program saved, as a person would have filled it in and pasted into it.

Made with LibreOffice Calc 7.4.7.2 (Debian 12) out of the template of cases of version 2025.1: columns that are not
needed and the guidance deleted, texts typed into the cells as they are (row 2 and the references) and into cells of the
format General, as pasting makes them, in British English; saved as Excel 2007-365 (.xlsx).
"""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest

from service.contract.findings import fix
from tests.support.files import CONTRACT, blocks_of

FILE = Path(__file__).with_name("libreoffice.xlsx")
(BLOCK,) = (block for block in blocks_of(FILE.read_bytes(), "xlsx") if block.rows)


def test_the_file_is_of_the_program_that_it_is_said_to_be_of() -> None:
    with zipfile.ZipFile(FILE) as archive:
        assert b"<Application>LibreOffice/7.4.7.2$" in archive.read("docProps/app.xml")


def test_what_was_typed_into_the_cells_of_the_template_is_read_as_it_was_typed() -> None:
    said = {name: column[0] for name, column in BLOCK.values.items()}
    assert said["suspect_count"] == (3, 5)
    assert said["nfa_date"] == (date(2014, 3, 1), date(2014, 3, 31))
    assert BLOCK.keys == ["CR/2026/1", "00042", "CR/2026/3", "CR/2026/4", None, "CR/2026/6"]
    assert 0 not in BLOCK.held


@pytest.mark.parametrize(
    ("row", "field", "value", "write"),
    [
        (3, "suspect_count", "2026-05-03", "Write 3-5. Format the column as Text first, or it becomes a day again."),
        (4, "suspect_count", "5-Mar", "Write 3-5. Format the column as Text first, or it becomes a day again."),
        (5, "suspect_count", "#N/A", "Mend the formula, or write the value in its place."),
        (6, "nfa_date", "Mar 2014", "Write 2014-03."),
        (
            6,
            "case_ref",
            "1.23456789012346e+17",
            "Format the column as Text, and take the reference again from where it came; it cannot be had from this "
            "file.",
        ),
        (7, "suspect_count", "3–5", "Write 3-5."),
        (7, "nfa_date", "1905", "Format the column as Text, and write the year again."),
        (
            7,
            "stage",
            "N/K",
            "Every row needs it: write one of identified, in_assessment, assessed, referred, panel_review, "
            "reinvestigation, concluded.",
        ),
    ],
)
def test_what_the_program_or_a_person_spoilt_says_what_to_write(row: int, field: str, value: str, write: str) -> None:
    (finding,) = (finding for finding in BLOCK.findings if (finding.row, finding.field) == (row, field))
    assert finding.value == value
    assert fix(CONTRACT, finding) == write


def test_nothing_else_is_found_and_what_was_read_otherwise_is_told() -> None:
    assert len(BLOCK.findings) == 8
    assert BLOCK.values["nfa_date"][1] == (date(2014, 3, 7), date(2014, 3, 7))
    assert BLOCK.values["nfa_date"][3] == (date(2014, 1, 1), date(2014, 12, 31))
    assert BLOCK.values["suspect_count"][4] == (3, 3)
    notes = [note for block in blocks_of(FILE.read_bytes(), "xlsx") for note in block.notes]
    assert notes == [
        "The sheet “Cases” was read. Not read: “Codes”.",
        "The column “notes” is your own: it was not read, and nothing of it is kept.",
        "2 cells are formulas (the first in row 5): read was what was calculated last.",
        "setting: 1 cell is written otherwise, and was read: 1 with blanks around, 1 in other capitals than the code.",
        "nfa_date: 1 cell is written otherwise, and was read: 1 with a day shown as a year, read as the year.",
        "missed_lines: 1 cell is written otherwise, and was read: 1 with a spreadsheet's own true or false for yes or "
        "no.",
    ]
