"""What is written on the way to a workbook does not stay behind."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from service.contract.workbook import Column, Workbook

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
