"""What is written on the way to a workbook does not stay behind; and how a sheet of long texts is laid out."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from service.contract.workbook import Column, Workbook
from tests.support.workbooks import coloured_in, parts_of

COLUMNS = [Column(name="case_ref")]


def test_nothing_is_left_of_a_workbook_that_was_finished_or_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Workbook() as book:
        book.sheet("Cases", COLUMNS).add(["K/1"])
        assert book.content()
    with Workbook() as book:
        book.sheet("Cases", COLUMNS).add(["K/1"])
        assert [folder.stat().st_mode & 0o777 for folder in tmp_path.iterdir()] == [0o700]
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_left_behind_that_was_killed_is_taken_away_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed = (
        "import os, tempfile; from service.contract.workbook import *\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "book = Workbook(); book.sheet('Cases', [Column(name='case_ref')]).add(['K/1']); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == 9
    assert len(list(tmp_path.iterdir())) == 1
    with Workbook() as book:
        assert len(list(tmp_path.iterdir())) == 1
        book.sheet("Cases", COLUMNS)
        book.finished().close()
    assert list(tmp_path.iterdir()) == []


def test_a_row_is_as_high_as_its_longest_text_for_not_every_program_sees_to_that() -> None:
    with Workbook() as book:
        sheet = book.sheet("Cases", [*COLUMNS, Column(name="notes", width=10, wraps=True)])
        for notes in ("short", "one two three four five", "one\ntwo", "word " * 1_000, None):
            sheet.add(["K/1", notes])
        xml = parts_of(book.content())["xl/worksheets/sheet1.xml"].decode()
    assert re.findall(r'<row r="(\d+)"[^>]* ht="([0-9.]+)"', xml) == [("3", "45"), ("4", "30"), ("5", "405")]


def test_cells_that_are_asked_have_a_colour_whether_they_say_something_or_not() -> None:
    with Workbook() as book:
        sheet = book.sheet("Cases", [*COLUMNS, Column(name="one"), Column(name="other", text=False)])
        sheet.add(["K/1", None, 3], asked=[1])
        sheet.add(["K/2", "=1", 3], asked=[1, 2])
        sheet.add(["K/3", "2+", 3])
        content = book.content()
    assert coloured_in(content) == [["one"], ["one", "other"], []]


def test_a_sheet_is_printed_with_its_heading_on_every_page_and_without_what_is_for_a_program() -> None:
    with Workbook() as book:
        book.sheet("Cases", [*COLUMNS, Column(name="handed_out", width=300, aside=True)]).add(["K/1", "{}"])
        book.sheet("Wide", [*COLUMNS, *(Column(name=f"n{n}") for n in range(20))])
        parts = parts_of(book.content())
    names = dict(
        re.findall(r'<definedName name="_xlnm.(\w+)" localSheetId="0">([^<]+)<', str(parts["xl/workbook.xml"]))
    )
    assert names == {"Print_Area": "Cases!$A$1:$A$2", "Print_Titles": "Cases!$1:$1"}
    assert b"Wide!$A:$A,Wide!$1:$1" in parts["xl/workbook.xml"]
    assert b'orientation="landscape"' in parts["xl/worksheets/sheet2.xml"]
