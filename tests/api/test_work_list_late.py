"""A work-list that comes back late: what nobody touched in it changes nothing, whatever was written meanwhile."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from service.storage.database import Database
from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, a_served_later, good
from tests.support.workbooks import XLSX, a_workbook, records_of, typed_into

PATH = "/api/forces/kent/work-list"
REFERRAL = {"scope": "2026-02-referral"}
ANSWER = {"suspects_alive": "2", "independently_reviewed": "no"}
MEDIA = ["text/csv", XLSX]


@pytest_asyncio.fixture
async def december(kent: httpx.AsyncClient) -> Return:
    """A return in progress, laid over one of seven cases that leave something open."""
    await Return(kent).report([a_row(case_ref=f"K/{n}", suspect_count="1-3", nfa_by="") for n in range(1, 8)])
    opened = Return(kent, period="2025-12")
    await opened.open()
    return opened


async def list_in(client: httpx.AsyncClient, media: str = "text/csv", **query: str) -> bytes:
    answered = await client.get(PATH, params=query, headers={"Accept": media})
    assert answered.status_code == 200, answered.text
    return answered.content


def lines_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def filled(content: bytes, media: str, answers: Mapping[str, Mapping[str, str]]) -> bytes:
    """The file as a person saves it who typed these cells into it, by case."""
    if media == "text/csv":
        return as_csv(row | answers.get(row["case_ref"], {}) for row in lines_of(content)).encode()
    for place, row in enumerate(records_of(content, "Cases"), 2):
        if row["case_ref"] in answers:
            content = typed_into(content, place, answers[row["case_ref"]])
    return content


async def cases_of(item: Return) -> dict[str, dict[str, Any]]:
    return {case["case_ref"]: case for case in good(await item.client.get(f"{item.path}/cases"))["items"]}


def counts(came: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(came[name] for name in ("received", "accepted", "changed", "unchanged", "held"))


@pytest_asyncio.fixture
async def later(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The service in December 2026, when its terms take either contract version."""
    async with a_served_later(database, tmp_path) as running:
        yield running


@pytest.mark.parametrize("media", MEDIA)
async def test_two_colleagues_copies_of_one_list_are_both_taken(later: Served, media: str) -> None:
    kent = await later.client("kent")
    await Return(kent, period="2026-10").report([a_row(case_ref=f"K/{n}") for n in range(1, 8)])
    november = Return(kent, period="2026-11")
    await november.open(contract_version="2026.1")
    content = await list_in(kent, media, **REFERRAL)
    one = await november.upload(filled(content, media, {f"K/{n}": ANSWER for n in (1, 2, 3)}), media)
    assert counts(one) == (7, 7, 3, 4, 0)
    other = await november.upload(filled(content, media, {f"K/{n}": ANSWER for n in (4, 5, 6, 7)}), media)
    assert counts(other) == (7, 7, 4, 3, 0)
    found = await cases_of(november)
    assert {(case["suspects_alive"], case["independently_reviewed"]) for case in found.values()} == {(2, "no")}
    assert "Q301" not in {each["rule"] for each in await november.findings()}  # knowledge lost


@pytest.mark.parametrize("media", MEDIA)
async def test_a_list_that_nobody_touched_changes_nothing_after_its_cases_were_answered(
    december: Return, media: str
) -> None:
    content = await list_in(december.client, media)
    await december.upload(
        as_csv([{"case_ref": f"K/{n}", "suspect_count": "2", "nfa_by": "police"} for n in range(1, 8)])
    )
    before = await cases_of(december)
    assert counts(await december.upload(content, media)) == (7, 7, 0, 7, 0)
    assert await cases_of(december) == before


@pytest.mark.parametrize("media", MEDIA)
async def test_a_value_corrected_since_stays_where_another_cell_of_its_row_is_filled_in(
    december: Return, media: str
) -> None:
    content = await list_in(december.client, media)
    await december.upload(as_csv([{"case_ref": "K/1", "suspect_count": "3"}]))
    came = await december.upload(filled(content, media, {"K/1": {"nfa_by": "cps"}}), media)
    assert counts(came) == (7, 7, 1, 6, 0)
    found = (await cases_of(december))["K/1"]
    assert (found["suspect_count"], found["nfa_by"]) == (3, "cps")
    assert not [note for note in came["notes"] if "since this list" in note]


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_a_cell_that_two_people_answer_differently_is_told(december: Return, dry_run: str) -> None:
    content = await list_in(december.client)
    await december.upload(as_csv([{"case_ref": "K/2", "suspect_count": "3"}]))
    await december.upload(as_csv([{"case_ref": "K/3", "nfa_by": "police"}]))
    late = filled(content, "text/csv", {"K/2": {"suspect_count": "2", "nfa_by": "cps"}, "K/3": {"nfa_by": "police"}})
    came = await december.upload(late, dry_run=dry_run)
    row = next(place for place, line in enumerate(lines_of(content), 2) if line["case_ref"] == "K/2")
    assert came["notes"][0] == (
        "1 cell was changed in the return since this list was made, and the file says something else: "
        f"row {row} (suspect_count). What the file says is taken; if that is not meant, undo the upload."
    )
    assert (await cases_of(december))["K/2"]["suspect_count"] == (3 if dry_run == "true" else 2)


async def test_a_cell_that_is_emptied_is_not_known_any_more(december: Return) -> None:
    late = filled(await list_in(december.client), "text/csv", {"K/1": {"suspect_count": ""}})
    assert counts(await december.upload(late)) == (7, 7, 1, 6, 0)
    assert (await cases_of(december))["K/1"]["suspect_count"] is None
    assert "Q301" in {each["rule"] for each in await december.findings()}


async def test_a_list_without_the_column_is_read_as_any_file(december: Return) -> None:
    content = await list_in(december.client)
    await december.upload(as_csv([{"case_ref": "K/1", "nfa_by": "cps"}]))
    bare = as_csv({name: cell for name, cell in line.items() if name != "handed_out"} for line in lines_of(content))
    assert counts(await december.upload(bare)) == (7, 7, 1, 6, 0)
    assert (await cases_of(december))["K/1"]["nfa_by"] is None


async def test_a_row_of_which_the_cell_is_emptied_is_taken_as_it_stands(december: Return) -> None:
    content = await list_in(december.client)
    await december.upload(as_csv([{"case_ref": f"K/{n}", "nfa_by": "cps"} for n in (1, 2)]))
    came = await december.upload(filled(content, "text/csv", {"K/1": {"handed_out": ""}}))
    assert counts(came) == (7, 7, 1, 6, 0)
    found = await cases_of(december)
    assert (found["K/1"]["nfa_by"], found["K/2"]["nfa_by"]) == (None, "cps")


async def test_a_row_with_the_cell_of_another_row_or_half_of_its_own_is_held(december: Return) -> None:
    lines = {line["case_ref"]: line for line in lines_of(await list_in(december.client))}
    spoilt = {"K/1": lines["K/2"]["handed_out"], "K/3": lines["K/3"]["handed_out"][:20]}
    late = filled(await list_in(december.client), "text/csv", {key: {"handed_out": it} for key, it in spoilt.items()})
    assert counts(await december.upload(late)) == (7, 5, 0, 5, 2)
    told = [each for each in await december.findings() if each["held"] is not None]
    assert [each["rule"] for each in told] == ["S105", "S105"]  # nothing else of such a row is worth a word
    assert {each["case_ref"]: (each["says"], each["fix"]) for each in told} == {
        "K/1": (
            "The row cannot be read: it was handed out for K/2, and its reference is another now.",
            "Format the column as Text and write K/2 again. A case that is new comes in a file of its own.",
        ),
        "K/3": (
            "The row cannot be read: its cell in the column handed_out is not whole, or that of another row.",
            "Download a new list and answer there. A case that is new comes in a file of its own.",
        ),
    }


async def test_cells_that_a_spreadsheet_wrote_otherwise_say_what_they_did(kent: httpx.AsyncClient) -> None:
    sent = [
        a_row(case_ref="K/1", suspect_count="1-3", nfa_date="2010", nfa_by="police"),
        a_row(case_ref="K/2", suspect_count="", nfa_date="2012-03-04", nfa_by="not_provided"),
    ]
    await Return(kent).report(sent)
    december = Return(kent, period="2025-12")
    await december.open()
    lines = lines_of(await list_in(kent))
    assert {line["case_ref"] for line in lines} == {"K/1", "K/2"}
    await december.upload(as_csv([{"case_ref": f"K/{n}", "suspect_count": "2", "nfa_by": "cps"} for n in (1, 2)]))
    otherwise = {"police": " Police ", "not_provided": "Not provided"}
    saved = [{name: otherwise.get(cell, cell) for name, cell in reversed(line.items())} for line in lines]
    for content, media in ((as_csv(saved).encode(), "text/csv"), (a_workbook(saved), XLSX)):
        assert counts(await december.upload(content, media)) == (2, 2, 0, 2, 0)
    semicolons = io.StringIO(newline="")
    sheet = csv.DictWriter(semicolons, list(saved[0]), delimiter=";", quoting=csv.QUOTE_ALL)
    sheet.writeheader()
    sheet.writerows(saved)
    assert counts(await december.upload(f"\ufeff{semicolons.getvalue()}")) == (2, 2, 0, 2, 0)


async def test_a_case_that_was_withdrawn_since_does_not_come_back_by_a_row_that_nobody_touched(
    december: Return,
) -> None:
    content = await list_in(december.client)
    case = (await cases_of(december))["K/4"]
    path = f"{december.path}/cases/{case['case_id']}"
    good(await december.client.delete(path, params={"reason": "duplicate"}))
    assert counts(await december.upload(content)) == (7, 7, 0, 7, 0)
    assert (await december.read())["counts"]["withdrawn"] == 1


async def test_a_list_that_nobody_touched_does_not_stand_for_a_file_that_is_to_be_sent_again(december: Return) -> None:
    content = await list_in(december.client)
    await december.upload(as_csv([{"case_ref": "K/1", "nfa_by": "cps"}, {"case_ref": "K/2", "nfa_by": ""}]))
    await Return(december.client).report([{"case_ref": "K/2", "nfa_by": "police"}], corrects=1)
    assert "base-moved" in await blocks_of(december)
    await december.upload(content)
    assert "base-moved" in await blocks_of(december)
    await december.upload(filled(content, "text/csv", {"K/1": {"nfa_by": "cps"}}))
    assert "base-moved" not in await blocks_of(december)


async def blocks_of(item: Return) -> set[str]:
    """What stands in the way of a seal."""
    answered = await item.send_seal(await item.etag())
    return set() if answered.is_success else {each["code"] for each in answered.json()["errors"]}


async def test_a_snapshot_is_the_whole_stock_whatever_was_handed_out(december: Return) -> None:
    content = await list_in(december.client)
    await december.upload(as_csv([{"case_ref": "K/1", "nfa_by": "cps"}]))
    came = await december.upload(as_csv([a_row(**line) for line in lines_of(content)]), mode="snapshot")
    assert (came["accepted"], came["held"], came["not_in_snapshot"]) == (7, 0, 0)
    found = (await cases_of(december))["K/1"]
    assert (found["nfa_by"], found["suspect_count"]) == (None, "1-3")
