"""The table of what spreadsheets and people do to values: every cell of it is read, or refused, as it says."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from service.contract.findings import fix, says
from service.contract.library import contracts_root, load_library
from service.contract.model import Contract, Field, PartName
from service.contract.readings import READINGS
from service.contract.source import Problems
from service.contract.spreadsheets import FILE, Entry, Example, habits, read_habits
from service.contract.values import Otherwise, read_cell
from service.returns.readers import XLSX, BytesSource, TypedBlock, read
from service.terms.check import check
from tests.support.workbooks import Shown, a_workbook

CONTRACT: Contract = load_library().contracts["2025.1"]
TABLE = habits()


def examples(entries: Any) -> list[Any]:
    return [
        pytest.param(entry, example, id=f"{entry.name}-{number}")
        for entry in entries
        for number, example in enumerate(entry.examples)
    ]


TAKEN = examples(TABLE.taken.values())
REFUSED = examples(TABLE.refused.values())


def field_of(example: Example) -> Field:
    return CONTRACT.parts[example.part].by_name[example.field]


def value_of(example: Example) -> object:
    """What the file of a workbook has in the cell."""
    if example.value is None:
        return example.cell
    if example.shown is None:
        return example.value == "yes"
    number = float(example.value) if "." in example.value else int(example.value)
    return Shown(number, example.shown)


def record(example: Example, value: object) -> dict[str, object]:
    """A row with the cell, and the columns without which there is no file of its part."""
    needed = {PartName.CASE: ["case_ref"], PartName.AGGREGATE: ["cases"], PartName.WORKFORCE: ["team", "phase"]}
    names = [name for name in needed[example.part] if name != example.field]
    return {**dict.fromkeys(names, "K/1"), example.field: value}


def as_csv(example: Example) -> bytes:
    row = record(example, example.cell)
    text = io.StringIO()
    csv.writer(text).writerows([list(row), list(row.values())])
    return text.getvalue().encode()


def blocks(example: Example) -> dict[str, TypedBlock]:
    """The row as it is read of a workbook; and of CSV, where the cell says there what it says here."""
    part = CONTRACT.parts[example.part]
    sent = {XLSX: a_workbook([record(example, value_of(example))])}
    if example.value is None:
        sent["text/csv"] = as_csv(example)
    found = {}
    for media, content in sent.items():
        (found[media],) = read(BytesSource(content), media, part, CONTRACT)
    return found


@pytest.mark.parametrize(("entry", "example"), TAKEN)
def test_what_the_table_takes_is_read_and_noted_as_it_says(entry: Entry, example: Example) -> None:
    for media, block in blocks(example).items():
        plain = read_cell(field_of(example), example.taken or "")
        assert plain.failed is None
        assert [finding for finding in block.findings if finding.field == example.field] == [], media
        assert block.values[example.field] == [plain.value], media
        assert (block.empties[0] or {}).get(example.field) == plain.empty, media
        told = f"{example.field}: 1 cell is written otherwise, and was read: 1 {entry.noted}."
        assert (told in block.notes) == bool(entry.noted), (media, block.notes)
        assert len(block.notes) == bool(entry.noted)


@pytest.mark.parametrize(("entry", "example"), REFUSED)
def test_what_the_table_refuses_is_told_in_its_words(entry: Entry, example: Example) -> None:
    for media, block in blocks(example).items():
        assert block.values[example.field] == [None], media
        (finding,) = [finding for finding in block.findings if finding.field == example.field]
        assert finding.severity.holds
        assert fix(CONTRACT, finding) == example.write, media
        if entry.says:
            words = entry.says.partition("}")[2].partition("{")[0]
            assert words in says(CONTRACT, finding), media
        assert block.notes == ()


def test_each_difference_that_is_counted_is_an_entry_with_words() -> None:
    assert {entry.name for entry in TABLE.taken.values() if entry.noted} == set(Otherwise)


def test_each_reading_is_asked_for_by_an_entry_and_there_is_no_other() -> None:
    assert {entry.by for entry in TABLE.refused.values() if entry.by} == set(READINGS)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("in: [text]", "in: [texts]", "There is no kind of field 'texts'. Did you mean 'text'?"),
        ("only: required", "only: needed", "A field cannot be 'needed'."),
        ("patterns: ['.*-.*']", "patterns: ['(']", "This is no regular expression"),
        ("    by: alike", "    bye: alike", "There is no key 'bye' here. Did you mean 'by'?"),
        ("by: alike", "by: like", "There is no reading 'like'. Did you mean 'alike'?"),
        (
            "says: \"'{cell}' is no date.\"",
            "says: \"'{sell}' is no date.\"",
            "'{sell}' is nothing that the entry knows.",
        ),
        ("name: no_day", "name: no_such_day", "There are two entries 'no_such_day'."),
        ("part: workforce", "part: workers", "There is no part 'workers'."),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (contracts_root() / FILE).read_text("utf-8")
    assert old in text
    (tmp_path / FILE).write_text(text.replace(old, new, 1), "utf-8")
    problems = Problems()
    read_habits(tmp_path, problems)
    assert problems.found
    assert any(says in problem.says + " " + problem.do for problem in problems.found), problems.found
    assert all(problem.line > 1 for problem in problems.found)


def test_the_table_is_checked_with_the_contracts(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(contracts_root(), folder)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write("more: things\n")
    assert [problem.says for problem in check(folder)] == ["There is no key 'more' here."]


def test_a_folder_of_contracts_needs_no_table_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(contracts_root(), folder)
    (folder / FILE).unlink()
    assert check(folder) == ()
