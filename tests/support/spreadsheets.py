"""The reference page of what spreadsheets and people do to values.

``python -m tests.support.spreadsheets`` writes the page anew; a test says when it is stale.
"""

from __future__ import annotations

from pathlib import Path

from service.contract.guidance import seen
from service.contract.library import load_library
from service.contract.model import Contract, PartName
from service.contract.spreadsheets import Entry, Example, habits

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "spreadsheets.md"

_HEAD = """# What spreadsheets and people do to values

<!-- Made from contracts/spreadsheets.yaml by `uv run python -m tests.support.spreadsheets`; not to be edited. -->

What a spreadsheet makes of a value, and what people write in place of one. Each is either read, with what is taken, or
refused: then its row is held, and the finding has the words of this page. Nothing is guessed in silence. Every cell
shown here is one that a test reads, in CSV and as a workbook; those with *kept as* in a workbook alone, where a number
has a format in which it is shown. ␣ stands for a blank at either end, non-breaking ones among them.
"""
_TAKEN = """## Read although it is written otherwise

Where a person would not see that it is written otherwise from how the standard has it, one note for each column says
how many cells it were and in what: in the answer to an upload, on its page, and in what `case-returns validate` says.

| what | cells, and what each is read as | why it is there | what is taken |
|---|---|---|---|"""
_REFUSED = """
## Refused, with what to write

| what | cells, and what each is told to write | why it is there | in |
|---|---|---|---|"""


def page() -> str:
    """The page."""
    contract = load_library().contracts["2025.1"]
    taken = (_row(entry, contract, entry.taken) for entry in habits().taken.values())
    refused = (
        _row(entry, contract, f"fields of {', '.join(sorted(entry.kinds))}") for entry in habits().refused.values()
    )
    return "\n".join([_HEAD, _TAKEN, *taken, _REFUSED, *refused, ""])


def _row(entry: Entry, contract: Contract, last: str) -> str:
    cells = "<br>".join(_example(example, contract) for example in entry.examples)
    return f"| {entry.title} | {cells} | {_cell(entry.why)} | {_cell(last)} |"


def _example(example: Example, contract: Contract) -> str:
    kept = "" if example.shown is None else f", kept as {example.value} and shown as `{example.shown}`"
    label = contract.parts[PartName(example.part)].by_name[example.field].label
    said = f"`{example.taken}`" if example.taken else "not known" if example.taken is not None else example.write or ""
    return _cell(f"`{seen(example.cell)}` ({label}{kept}): {said}")


def _cell(text: str) -> str:
    """Text of a table: nothing that Markdown or HTML would take for its own. Between backticks stands code."""
    pieces = text.replace("|", "\\|").split("`")
    return "`".join(piece if place % 2 else piece.replace("<", "&lt;") for place, piece in enumerate(pieces))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
