"""What commands write: never over somebody's work, whole or not at all, and an error is told as one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import command
from service.cli.target import written_whole
from tests.support.returns import a_case, csv_of

ROWS = csv_of([a_case("K/1", suspect_count="two")])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "cases.csv"
    made.write_bytes(ROWS)
    return made


def refused(*words: object) -> str:
    result = CliRunner().invoke(command, [str(word) for word in words])
    assert result.exit_code == 2, result.output
    return result.stderr


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_findings_never_take_the_place_of_the_file_that_is_checked(file: Path, overwrite: list[str]) -> None:
    assert "is a file that is read here" in refused("validate", file, "--findings", file, *overwrite)
    assert file.read_bytes() == ROWS


def test_nor_of_the_file_of_the_period_before_by_whatever_name(file: Path, tmp_path: Path) -> None:
    before, link = tmp_path / "before.csv", tmp_path / "link.csv"
    before.write_bytes(ROWS)
    link.symlink_to(before)
    words = ("validate", file, "--previous", before, "--findings", link, "--overwrite")
    assert "is a file that is read here" in refused(*words)
    assert before.read_bytes() == ROWS


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "cases.csv", "--findings"),
        ("template", "cases", "--out"),
        ("generate", "--force", "kent", "--cases", "3", "--out"),
        ("pack", "--out"),
    ],
)
def test_what_is_there_already_stays_unless_it_is_said_otherwise(
    file: Path, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "there.csv"
    there.write_text("somebody's work")
    assert "there already" in refused(*words, there)
    assert there.read_text() == "somebody's work"
    if words[0] != "pack":
        CliRunner().invoke(command, [*words, str(there), "--overwrite"])
        assert there.read_text() != "somebody's work"


def test_a_folder_that_is_not_there_is_told_before_anything_is_checked(file: Path, tmp_path: Path) -> None:
    assert "There is no folder" in refused("validate", file, "--findings", tmp_path / "nowhere" / "f.csv")


def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    there = tmp_path / "there.csv"
    there.write_text("before")

    def half() -> None:
        with written_whole(there) as out:
            out.write(b"half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        half()
    assert there.read_text() == "before"
    assert list(tmp_path.iterdir()) == [there]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_told_in_words_and_is_no_held_row(file: Path) -> None:
    code = f"from service.cli import main; import sys; sys.argv[1:] = ['validate', {str(file)!r}]; main()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert os.strerror(28) in done.stderr
    assert "Traceback" not in done.stderr
