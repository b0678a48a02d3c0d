"""Sheets that the service handed out, as LibreOffice saved them: uploaded again, untouched and filled in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.libreoffice import FILES, STOOD
from tests.support.server import Return, good, problem
from tests.support.workbooks import XLSX

FIELDS = ("suspect_count", "nfa_by", "nfa_date")
TAKEN = {
    "12345678901234567890": (3, "police", "2014"),
    "1E5": ("2-4", "police", "2014-03"),
    "00042": (3, "police", "2014-03"),
    "K/6": ("1+", "cps", "2014-03-07"),
}
"""What was typed into the list: of a police that was written ``Police`` the code."""
DAY = ("3-5", "nfa_date", "07/03/2014", "Write 2014-03-07 for 7 March, or 2014-07-03 for 3 July.")
"""What was typed into it for that case, and what is said of it."""


@pytest_asyncio.fixture
async def december(kent: httpx.AsyncClient) -> Return:
    """The return of Kent after that in which all this stood, opened."""
    await Return(kent).report(STOOD)
    item = Return(kent, period="2025-12")
    await item.open()
    return item


async def sent(item: Return, name: str) -> httpx.Response:
    """One of the files, in the media type of its name."""
    return await item.send((FILES / name).read_bytes(), "text/csv" if name.endswith(".csv") else XLSX)


async def uploaded(item: Return, name: str) -> tuple[int, ...]:
    """What an upload of a file came to: received, new, changed, unchanged, held."""
    came = good(await sent(item, name))
    return tuple(came[count] for count in ("received", "new", "changed", "unchanged", "held"))


async def said(item: Return) -> dict[str, tuple[Any, ...]]:
    """What the return says now of each case."""
    cases = good(await item.client.get(f"{item.path}/cases"))["items"]
    return {case["case_ref"]: tuple(case[field] for field in FIELDS) for case in cases}


async def held(item: Return) -> dict[int, list[tuple[str | None, str | None, str, str]]]:
    """What is found by row: the field, its value, what is said, and what to write."""
    found: dict[int, list[tuple[str | None, str | None, str, str]]] = {}
    for each in await item.findings():
        if each["severity"] in ("syntactical", "validity"):
            found.setdefault(each["row"], []).append((each["field"], each["value"], each["says"], each["fix"]))
    return found


@pytest.mark.parametrize(("name", "rows"), [("list.xlsx", 5), ("list-of-workbook.csv", 5), ("cases.xlsx", 6)])
async def test_a_workbook_that_nobody_touched_changes_nothing(december: Return, name: str, rows: int) -> None:
    assert await uploaded(december, name) == (rows, 0, 0, rows, 0)


@pytest.mark.parametrize("name", ["list-typed.xlsx", "list-typed-semicolons-1252.csv"])
async def test_what_is_typed_into_the_workbook_of_a_work_list_arrives_as_it_was_typed(
    december: Return, name: str
) -> None:
    before = await said(december)
    assert await uploaded(december, name) == (5, 0, 4, 0, 1)
    assert await said(december) == before | TAKEN
    assert [found[:2] + found[3:] for found in (await held(december))[2]] == [DAY[1:]]


async def test_references_that_opening_csv_spoils_are_held_and_what_they_were_is_said(december: Return) -> None:
    before = await said(december)
    assert await uploaded(december, "list-opened-as-csv.csv") == (5, 0, 0, 2, 3)
    assert await said(december) == before
    found = await held(december)
    for row, key in ((3, "12345678901234567890"), (4, "1E5"), (5, "00042")):
        ((_, _, says, do),) = found[row]
        assert f"it was handed out for {key}, and its reference is another now" in says
        assert do.startswith(f"Format the column as Text and write {key} again.")
        assert "empty" not in says + do, "without what was handed out it would be a second case"


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
async def test_what_is_typed_into_a_list_that_was_opened_from_csv_arrives_or_is_held(
    december: Return, ending: str
) -> None:
    before = await said(december)
    assert (await uploaded(december, f"list-opened-as-csv-typed.{ending}"))[4] == (4 if ending == "csv" else 3)
    day = {"3-5": (3, "police", "2014-03-07")}  # a workbook keeps the day, and CSV what it looks like
    assert await said(december) == before | {"K/6": TAKEN["K/6"]} | (day if ending == "xlsx" else {})
    found = await held(december)
    assert found.keys() == ({2, 3, 4, 5} if ending == "csv" else {3, 4, 5})
    shown = ("nfa_date", "07/03/14", "Write the year with four digits, as 2014-03-07.")
    assert ending == "xlsx" or [each[:2] + each[3:] for each in found[2]] == [shown]


async def test_nothing_that_detecting_special_numbers_spoils_is_taken(december: Return) -> None:
    before = await said(december)
    assert await uploaded(december, "list-opened-with-detection.csv") == (5, 0, 0, 0, 5)
    assert await said(december) == before
    (ranged,) = [each for each in (await held(december))[6] if each[0] == "suspect_count"]
    assert ranged[1::2] == ("01/03/26", "Write 1-3. Format the column as Text first, or it becomes a day again.")


async def test_references_of_a_sheet_without_what_was_handed_out_are_held_or_told(december: Return) -> None:
    """00042 is a new case there, 42: nothing in the file says what it was."""
    came = good(await sent(december, "cases-opened-with-detection.xlsx"))
    assert (came["new"], came["changed"], came["unchanged"], came["held"]) == (1, 0, 1, 4)
    assert "without the zeros in front of it: row 2. " in came["notes"][0]
    spoilt = {
        row: [each[1] for each in found if each[0] == "case_ref"] for row, found in (await held(december)).items()
    }
    assert spoilt == {3: ["1E+05"], 4: ["2026-05-03"], 6: ["1.23456789012346e+19"], 7: []}


async def test_an_ods_is_refused_with_what_to_save_it_as(december: Return) -> None:
    refused = problem(await sent(december, "list.ods"), 415, "workbook-refused")
    assert refused["detail"] == "The file is an OpenDocument file (ODS), which is not taken."
    assert "Excel Workbook (.xlsx), which LibreOffice calls Excel 2007–365" in refused["do"]
