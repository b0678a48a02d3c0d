"""Workbooks over HTTP: taken by every route that takes rows; what is hostile is refused in words, nothing stored."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.support.rows import a_row, as_csv, rows
from tests.support.server import Return, good, problem
from tests.support.workbooks import HEAD, XLSX, Formula, Shown, a_workbook, archive_of, changed, parts_of

GOOD = a_workbook(rows(2))


async def test_a_workbook_and_the_same_rows_as_csv_come_to_the_same(november: Return) -> None:
    item, listed = (
        november,
        [*rows(3), a_row(case_ref="K/9", suspect_count="two"), a_row(case_ref="K/8", victim_count=0)],
    )
    tried = await item.upload(a_workbook(listed), XLSX, dry_run="true")
    by_csv = await item.upload(as_csv(listed))
    told = [
        {**found, "held": None} for found in await item.findings()
    ]  # rows are held anew, under a number of their own
    by_workbook = await item.upload(a_workbook(listed), XLSX)
    left_out = ("new", "unchanged", "digest", "findings")
    assert {name: by_csv[name] for name in by_csv if name not in left_out} == {
        name: by_workbook[name] for name in by_workbook if name not in left_out
    }
    assert tried["new"] == by_csv["new"] == by_workbook["unchanged"] == 4
    assert tried["findings"] == by_csv["findings"] == by_workbook["findings"]
    assert [{**found, "held": None} for found in await item.findings()] == told


async def test_every_part_is_taken_as_a_workbook(november: Return) -> None:
    client, path = november.client, november.path
    for part, record in (
        ("aggregates", {"nfa_date": Shown(2013, "0"), "stage": "identified", "cases": 37.0}),
        ("workforce", {"team": "child_exploitation", "phase": "assessment", "officers_fte": 26.5}),
    ):
        content = a_workbook([record])
        answered = good(await client.put(f"{path}/{part}", content=content, headers={"Content-Type": XLSX}))
        assert (answered["accepted"], answered["held"]) == (1, 0)
    (cell,) = good(await client.get(f"{path}/aggregates"))["items"]
    assert (cell["cases"], cell["nfa_date"]) == (37, "2013")


async def test_a_row_that_a_rule_holds_keeps_a_text_that_can_be_read(november: Return) -> None:
    content = a_workbook(
        [a_row(nfa_date=Shown(date(2014, 3, 1), "mmm-yy")), a_row(case_ref="K/2"), a_row(case_ref="K/2")]
    )
    assert (await november.upload(content, XLSX))["held"] == 3
    held = good(await november.client.get(f"{november.path}/held"))["items"]
    assert [(row["row"], row["text"][:4]) for row in held] == [(2, "K/1,"), (3, "K/2,"), (4, "K/2,")]
    assert "Mar 2014" in held[0]["text"]
    (found,) = [item for item in await november.findings() if item["row"] == 2]
    assert (found["field"], found["fix"]) == ("nfa_date", "Write 2014-03.")


async def test_what_only_a_workbook_can_have_is_told_with_the_answer(november: Return) -> None:
    def more(book: Any, sheet: Any) -> None:
        book.worksheets()[1].hide()

    sheets = {"cases": [a_row(victim_count=Formula("=1+1", 2))], "old": rows(5)}
    answered = await november.upload(a_workbook(sheets=sheets, more=more), XLSX)
    assert answered["received"] == 1
    assert [note[:21] for note in answered["notes"]] == ["Hidden sheets were no", "1 cell is a formula ("]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (changed(GOOD, sheet1=HEAD.encode() + b" " * (100 << 20)), 413, "workbook-too-large"),
        (archive_of({f"xl/{number}": "" for number in range(1_001)}), 413, "workbook-too-large"),
        (archive_of({**parts_of(GOOD), "xl/vbaProject.bin": b"x"}), 415, "workbook-refused"),
        (b"\xd0\xcf\x11\xe0" + bytes(2_000), 415, "workbook-refused"),
        (as_csv(rows(1)).encode(), 415, "content-differs"),
        (GOOD[:-100], 400, "bad-workbook"),
        (changed(GOOD, sheet1=HEAD + '<row r="1"><c r="A1"><v>&lol;</v></c></row>'), 400, "bad-workbook"),
        (a_workbook(sheets={"one": rows(1), "two": rows(1)}), 400, "which-sheet"),
        (a_workbook([{"team": "other", "phase": "assessment"}]), 400, "wrong-part"),
        (b"", 400, "empty-upload"),
    ],
)
async def test_a_workbook_that_is_not_taken_is_refused_in_words_and_stores_nothing(
    november: Return, content: bytes, status: int, code: str
) -> None:
    before = await november.etag()
    refused = problem(await november.send(content, XLSX), status, code)
    assert refused["do"]
    assert await november.etag() == before
    assert good(await november.client.get(f"{november.path}/held"))["items"] == []


@pytest.mark.parametrize("media", ["application/vnd.oasis.opendocument.spreadsheet", "application/vnd.ms-excel"])
async def test_a_sheet_in_the_media_type_of_another_kind_is_told_what_to_be_saved_as(
    november: Return, media: str
) -> None:
    do = problem(await november.send(GOOD, media), 415, "unsupported-media")["do"]
    assert do.startswith("In the spreadsheet program choose Save as, and as the type Excel Workbook (.xlsx)")
    assert "Send Content-Type: text/csv" in do


async def test_a_web_page_under_the_name_of_a_sheet_is_told_what_to_be_saved_as(november: Return) -> None:
    refused = problem(await november.send("<html><table><tr><td>case_ref</td></tr></table></html>"), 415)
    assert (refused["detail"][:18], "Excel Workbook (.xlsx)" in refused["do"]) == ("The body is XML or", True)


async def test_the_names_of_sheets_are_told_to_their_sender(november: Return) -> None:
    content = a_workbook(sheets={"one": rows(1), "two": rows(1)})
    assert "Its sheets: “one”, “two”." in problem(await november.send(content, XLSX), 400, "which-sheet")["do"]


async def test_an_upload_says_of_each_column_how_many_cells_were_read_though_written_otherwise(
    november: Return,
) -> None:
    listed = [a_row(stage=" Identified"), a_row(case_ref="K/2", stage="identified "), a_row(case_ref="K/3")]
    note = (
        "stage: 2 cells are written otherwise, and were read: 2 with blanks around, 1 in other capitals than the code."
    )
    for content, media in ((as_csv(listed), "text/csv"), (a_workbook(listed), XLSX)):
        assert (await november.upload(content, media))["notes"] == [note]
