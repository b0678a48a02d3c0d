"""What a spreadsheet may have made of a cell: ``1`` of ``1+``, 42 of 00042. It is taken, and told with its row."""

from __future__ import annotations

import json

import pytest

from tests.support.rows import a_row, as_csv
from tests.support.server import Return
from tests.support.workbooks import XLSX, a_workbook

STOOD = [
    a_row(suspect_count="1+", victim_count="2+"),
    a_row(case_ref="K/2", suspect_count="2+", victim_count="1+"),
    a_row(case_ref="K/3", suspect_count="3-5"),
]
CAME = [
    a_row(suspect_count="1", victim_count="2"),
    a_row(case_ref="K/2", suspect_count="3+", victim_count="4"),
    a_row(case_ref="K/3", suspect_count="3"),
]
SAYS = (
    "2 cells said at least a number, as 1+, and say exactly that number now, as 1: row 2 (victim_count, "
    "suspect_count). That is what LibreOffice makes of 1+ in a cell that is not formatted as Text. What the file says "
    "is taken; if that is not meant, undo the upload, format the columns as Text, and write 1+ again."
)


@pytest.mark.parametrize("mode", ["changes", "snapshot"])
@pytest.mark.parametrize("dry_run", ["true", "false"])
@pytest.mark.parametrize("media", ["text/csv", XLSX])
async def test_a_cell_that_lost_its_plus_is_told_with_its_row_and_column(
    november: Return, media: str, dry_run: str, mode: str
) -> None:
    await november.upload(as_csv(STOOD))
    content = as_csv(CAME) if media == "text/csv" else a_workbook(CAME)
    came = await november.upload(content, media, dry_run=dry_run, mode=mode)
    assert (came["changed"], came["held"]) == (3, 0)
    assert came["notes"][0] == SAYS


async def test_one_such_cell_is_told_in_the_singular(november: Return) -> None:
    await november.upload(as_csv(STOOD))
    came = await november.upload(as_csv([{"case_ref": "K/1", "suspect_count": "1"}]))
    assert came["notes"][0].startswith("1 cell said at least a number, as 1+, and says exactly that number now, as 1: ")


async def test_what_no_spreadsheet_wrote_and_what_did_not_change_is_not_told(november: Return) -> None:
    await november.upload(as_csv(STOOD))
    assert (await november.upload(as_csv(STOOD)))["notes"] == []
    came = await november.upload(json.dumps([{"case_ref": "K/1", "suspect_count": 1}]), "application/json")
    assert (came["changed"], came["notes"]) == (1, [])


@pytest.mark.parametrize("mode", ["changes", "snapshot"])
async def test_a_new_case_that_is_one_without_its_zeros_is_told_with_its_row(november: Return, mode: str) -> None:
    await november.upload(as_csv([a_row(case_ref=key) for key in ("00042", "0007", "K/08")]))
    came = await november.upload(as_csv([a_row(case_ref=key) for key in ("9", "42", "K/8", "0007")]), mode=mode)
    assert (came["new"], came["held"]) == (3, 0)
    assert came["notes"] == [
        "1 case is new, with the reference of a case that was there without the zeros in front of it: row 3. That is "
        "what spreadsheets make of a reference in a cell that is not formatted as Text. If it is the same case, undo "
        "the upload, format the column as Text, and write its reference again."
    ]


async def test_a_new_case_0_is_told_beside_one_of_more_zeros(november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="000")]))
    came = await november.upload(as_csv([a_row(case_ref="000"), a_row(case_ref="0")]))
    assert "without the zeros in front of it: row 3. " in "".join(came["notes"])
    assert (await november.upload(as_csv([a_row(case_ref="0")])))["notes"] == []


async def test_a_reference_of_another_number_or_of_the_file_itself_is_not_told(november: Return) -> None:
    assert (await november.upload(as_csv([a_row(case_ref=key) for key in ("00042", "42")])))["notes"] == []
    came = await november.upload(as_csv([a_row(case_ref="420"), a_row(case_ref="42")]))
    assert (came["new"], came["unchanged"], came["notes"]) == (1, 1, [])
