"""What the documents show of the command line is what it says: each block of a walk is run, and compared."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>[\w.-]+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)
_PROGRAM = "uv run case-returns "


def pages() -> list[Path]:
    """Every document in which a command is shown with what it says."""
    return [page for page in sorted((ROOT / "docs").rglob("*.md")) if "```console\n" in page.read_text()]


def said(command: str, folder: Path) -> str:
    """What the program says, errors included, without blanks at the ends of lines."""
    assert command.startswith(_PROGRAM), f"a walk shows only {_PROGRAM.strip()}: {command}"
    words = [str(Path(sys.executable).with_name("case-returns")), *command.removeprefix(_PROGRAM).split()]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    return "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines())


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_what_a_document_shows_is_what_the_program_says(page: Path, tmp_path: Path) -> None:
    shown = 0
    for block in _BLOCK.finditer(page.read_text()):
        if block["file"]:
            (tmp_path / block["file"]).write_text(block["text"])
        if block["kind"] == "console":
            command, _, expected = block["text"].partition("\n")
            assert said(command.removeprefix("$ "), tmp_path) == expected.rstrip("\n"), command
            shown += 1
    assert shown
