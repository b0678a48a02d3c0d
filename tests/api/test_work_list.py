"""What a force is asked: the list over HTTP, its order and its words, and the file that is filled in and sent back."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from service.contract import workbook
from service.storage.database import Database
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import Return, Served, a_served_later, good, problem
from tests.support.workbooks import XLSX, coloured_in, parts_of, records_of, sheets_of, typed_into

PATH = "/api/forces/kent/work-list"
REFERRAL = {"scope": "2026-02-referral"}
REFERRED = {"contact_offence": "yes", "suspects_alive": "2", "independently_reviewed": "no"}


@pytest_asyncio.fixture
async def later(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The service in December 2026, when its terms take either contract version."""
    async with a_served_later(database, tmp_path) as running:
        yield running


async def list_of(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    return good(await client.get(PATH, params=query))


def asked(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """The attributes asked of each case, by reference, in the order of the list."""
    return {case["case_ref"]: [each["attribute"] for each in case["missing"]] for case in document["items"]}


async def file_of(client: httpx.AsyncClient, media: str = "text/csv", **query: str) -> httpx.Response:
    answered = await client.get(PATH, params=query, headers={"Accept": media})
    assert answered.status_code == 200, answered.text
    return answered


def lines_of(content: str) -> dict[str, dict[str, str]]:
    return {row["case_ref"]: row for row in csv.DictReader(io.StringIO(content))}


# --- the list -------------------------------------------------------------------------------------------------------


async def test_exactly_what_settles_an_undetermined_case_is_asked_and_of_no_other_case(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(
        [
            a_row(case_ref="K/1"),
            a_row(case_ref="K/2", nfa_by=""),
            a_row(case_ref="K/3", suspect_count="1-3", nfa_date="2010"),
            a_row(case_ref="K/4", suspect_count=1, nfa_date=""),
        ],
    )
    found = await list_of(kent)
    assert asked(found) == {"K/2": ["nfa_by"], "K/3": ["suspect_count", "nfa_date"]}
    assert (found["scope"]["edition"], found["cases"], found["next"]) == ("2025-11-wide", 2, None)
    assert found["return"] == {"period": "2025-11", "revision": 1}


async def test_the_list_has_the_cases_that_the_tally_counts_as_undetermined(november: Return) -> None:
    sent = [a_row(case_ref=f"K/{n}", suspect_count=("1-3", "2+", "")[n % 3], nfa_by="police|cps") for n in range(9)]
    await november.upload(as_csv(sent))
    await november.explain_all()
    await november.seal()
    tally = good(await november.client.get(f"{november.path}/tallies"))
    found = await list_of(november.client)
    assert found["cases"] == len(found["items"]) == tally["totals"]["undetermined"] == 6
    assert {each["attribute"]: each["cases"] for each in found["attributes"]} == {
        each["attribute"]: each["cases"] for each in tally["missing"] if each["cases"]
    }


async def test_what_settles_most_cases_by_itself_comes_first(kent: httpx.AsyncClient) -> None:
    lacks = ["nfa_by", "suspect_count", "suspect_count", ("suspect_count", "nfa_by"), "nfa_date"]
    sent = [
        a_row(case_ref=f"K/{n}", **dict.fromkeys([lack] if isinstance(lack, str) else lack, ""))
        for n, lack in enumerate(lacks)
    ]
    await Return(kent).report(sent)
    found = await list_of(kent)
    assert [(each["attribute"], each["cases"], each["alone"]) for each in found["attributes"]] == [
        ("suspect_count", 3, 2),
        ("nfa_by", 2, 1),
        ("nfa_date", 1, 1),
    ]
    assert list(asked(found).values()) == [
        *[["suspect_count"]] * 2,
        ["nfa_by"],
        ["nfa_date"],
        ["suspect_count", "nfa_by"],
    ]


async def test_it_says_what_each_answer_would_do(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(
        [
            a_row(case_ref="K/1", suspect_count="1-3"),
            a_row(case_ref="K/2", nfa_date="2010"),
            a_row(case_ref="K/3", offence_code="88C", youngest_victim_age="", suspect_count=""),
        ],
    )
    cases = {case["case_ref"]: case for case in (await list_of(kent))["items"]}
    (suspects,) = cases["K/1"]["missing"]
    assert suspects["value"] == "1-3"
    assert suspects["answers"] == [
        {"values": ["1"], "verdict": "out_of_scope", "rule": "suspects"},
        {"values": ["2-3"], "verdict": "in_scope", "rule": None},
    ]
    (closed,) = cases["K/2"]["missing"]
    assert [each["values"] for each in closed["answers"]] == [["2010-01/2010-10"], ["2010-11/2010-12"]]
    assert cases["K/2"]["says"] == (
        "‘No further action on’ alone settles this case. If 2010-01/2010-10: out of scope, by ‘Closed in the past "
        "fifteen years’. If 2010-11/2010-12: in scope."
    )
    age, number = cases["K/3"]["missing"]
    assert age["answers"] == [{"values": ["18+"], "verdict": "out_of_scope", "rule": "offence"}]
    assert number["answers"] == [{"values": ["0-1"], "verdict": "out_of_scope", "rule": "suspects"}]


async def test_what_an_older_version_said_is_not_asked_again_under_a_newer_editions_names(
    kent: httpx.AsyncClient,
) -> None:
    sent = [
        a_row(case_ref="K/1", offence_code="88C", youngest_victim_age=13),
        a_row(case_ref="K/2"),
        a_row(case_ref="K/3", offence_code="88A"),
    ]
    await Return(kent).report(sent)
    found = await list_of(kent, **REFERRAL)
    assert asked(found) == {
        "K/1": ["contact_offence", "suspects_alive", "independently_reviewed"],
        "K/2": ["suspects_alive", "independently_reviewed"],  # contact is derived: yes
    }
    contact = found["items"][-1]["missing"][0]
    assert contact["answers"] == [{"values": ["no"], "verdict": "out_of_scope", "rule": "contact"}]
    assert found["contract_version"] == "2026.1"


async def test_what_a_force_does_not_hold_is_counted_apart(kent: httpx.AsyncClient) -> None:
    await Return(kent).report([a_row(case_ref="K/1", nfa_by="not_provided"), a_row(case_ref="K/2", nfa_by="")])
    found = await list_of(kent)
    (by,) = found["attributes"]
    assert (by["cases"], by["not_provided"]) == (2, 1)
    assert {case["case_ref"]: case["missing"][0]["empty"] for case in found["items"]} == {
        "K/1": "not_provided",
        "K/2": None,
    }


async def test_cases_outside_the_years_that_count_are_not_asked_about(kent: httpx.AsyncClient) -> None:
    sent = [a_row(case_ref="K/1", nfa_by=""), a_row(case_ref="K/2", nfa_by="", nfa_date="2013-05")]
    await Return(kent).report(sent, case_years=[2014])
    found = await list_of(kent)
    assert (list(asked(found)), found["cases"], found["not_counted"]) == (["K/1"], 1, 1)


async def test_the_list_comes_a_page_at_a_time_each_case_once(kent: httpx.AsyncClient) -> None:
    lacks = [("nfa_by",), ("suspect_count",), ("suspect_count", "nfa_by")]
    sent = [a_row(case_ref=f"K/{n}", **dict.fromkeys(lacks[n % 3], "")) for n in range(10)]
    await Return(kent).report(sent)
    whole = list(asked(await list_of(kent)))
    seen: list[str] = []
    path: str | None = f"{PATH}?limit=3"
    while path is not None:
        page = await kent.get(path)
        seen += asked(good(page))
        path = page.links["next"]["url"] if "next" in page.links else None
    assert seen == whole
    assert len(set(seen)) == 10


async def test_a_page_of_a_list_that_is_another_one_now_is_refused(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(rows(3, nfa_by=""))
    following = (await list_of(kent, limit="1"))["next"]
    await Return(kent, period="2025-12").report([{"case_ref": "K/1", "nfa_by": "police"}])
    problem(await kent.get(PATH, params={"cursor": following}), 409, "work-list-moved")
    problem(await kent.get(PATH, params={"cursor": "abc"}), 422, "parameter")


async def test_the_list_can_be_of_one_attribute(kent: httpx.AsyncClient) -> None:
    await Return(kent).report([a_row(case_ref="K/1", nfa_by=""), a_row(case_ref="K/2", suspect_count="")])
    assert asked(await list_of(kent, attribute="nfa_by")) == {"K/1": ["nfa_by"]}
    refused = problem(await kent.get(PATH, params={"attribute": "nfa_buy"}), 422, "parameter")
    assert "nfa_by" in refused["errors"][0]["fix"]


async def test_a_force_that_sealed_nothing_is_told_so(november: Return) -> None:
    await november.upload(as_csv([a_row(nfa_by="")]))
    problem(await november.client.get(PATH), 404, "nothing-sealed")


async def test_another_forces_list_is_not_there(served: Served, kent: httpx.AsyncClient) -> None:
    await Return(kent).report([a_row(nfa_by="")])
    problem(await (await served.client("essex")).get(PATH), 404)
    problem(await (await served.client(body="nca")).get(PATH), 403)


@pytest.mark.parametrize("media", ["application/json", "text/csv", XLSX])
async def test_every_reading_of_the_list_is_logged(served: Served, kent: httpx.AsyncClient, media: str) -> None:
    await Return(kent).report([a_row(nfa_by="")])
    before = await _logged(served)
    await file_of(kent, media)
    (entry,) = (await _logged(served))[len(before) :]
    told = {"rows": 1} if media == "application/json" else {"whole": True}
    assert entry == {**told, "work_list": "2025-11-wide"}


async def _logged(served: Served) -> list[dict[str, Any]]:
    async with served.db.owner() as tx:
        found = await tx.execute(text("select details from audit_entry where action = 'cases_read' order by index"))
        return [row.details for row in found]


# --- the file -------------------------------------------------------------------------------------------------------

PARTLY = [
    a_row(case_ref="K/1", suspect_count="1-3"),
    a_row(case_ref="K/2", nfa_by="police|cps", nfa_date="2010"),
    a_row(case_ref="K/3", nfa_by="not_provided", suspect_count=""),
    a_row(case_ref="K/4", offence_code="88C|88A", youngest_victim_age="16+"),
    a_row(case_ref="K/5", nfa_date="../2012"),
]


async def test_the_file_has_the_reference_what_is_asked_and_what_is_known_of_it(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(PARTLY)
    answered = await file_of(kent)
    assert answered.headers["content-disposition"].endswith('kent-2025-11-work-list-2025.1.csv"')
    found = lines_of(answered.text)
    assert list(found["K/1"]) == [
        *("case_ref", "offence_code", "youngest_victim_age", "suspect_count", "nfa_by", "nfa_date"),
        *("notes", "handed_out"),
    ]
    assert (found["K/1"]["suspect_count"], found["K/1"]["nfa_by"]) == ("1-3", "police")
    assert (found["K/3"]["suspect_count"], found["K/3"]["nfa_by"]) == ("", "not_provided")
    assert found["K/1"]["notes"].startswith("‘Suspects’ alone settles this case. If 1: out of scope, by")


@pytest.mark.parametrize("media", ["text/csv", XLSX])
@pytest.mark.parametrize("opened_before", [True, False])
async def test_a_file_that_nobody_touched_changes_nothing(
    kent: httpx.AsyncClient, media: str, *, opened_before: bool
) -> None:
    await Return(kent).report(PARTLY)
    december = Return(kent, period="2025-12")
    if opened_before:
        await december.open()
    content = (await file_of(kent, media)).content
    await december.open()
    came = await december.upload(content, media)
    assert (came["received"], came["unchanged"], came["changed"], came["held"]) == (5, 5, 0, 0), came
    assert "Q301" not in {each["rule"] for each in await december.findings()}  # knowledge lost
    assert (await december.read())["counts"]["changed"] == 0


async def test_a_file_that_is_filled_in_settles_its_cases(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(PARTLY)
    december = Return(kent, period="2025-12")
    await december.open()
    content = (await file_of(kent, XLSX)).content
    answers = {
        "K/1": {"suspect_count": "3"},
        "K/2": {"nfa_by": "cps", "nfa_date": "2010-12-01"},
        "K/3": {"nfa_by": "police", "suspect_count": "1"},
        "K/4": {"offence_code": "88A"},
        "K/5": {"nfa_date": "2012-03"},
    }
    for place, row in enumerate(records_of(content, "Cases"), 2):
        content = typed_into(content, place, answers[row["case_ref"]])
    came = await december.upload(content, XLSX)
    assert (came["changed"], came["held"]) == (5, 0), came
    assert "Q301" not in {each["rule"] for each in await december.findings()}
    await december.explain_all()
    await december.seal()
    assert (await list_of(kent))["items"] == []
    totals = good(await kent.get(f"{december.path}/tallies"))["totals"]
    assert (totals["in_scope"], totals["undetermined"], totals["out_of_scope"]) == (4, 0, 1)


async def test_what_the_draft_says_already_is_neither_asked_again_nor_set_back(kent: httpx.AsyncClient) -> None:
    await Return(kent).report([a_row(case_ref=f"K/{n}", suspect_count="1-3", nfa_by="") for n in range(1, 5)])
    december = Return(kent, period="2025-12")
    await december.open()
    draft = [
        {"case_ref": "K/1", "suspect_count": "2", "nfa_by": "police"},
        {"case_ref": "K/2", "suspect_count": "1", "nfa_by": ""},
        {"case_ref": "K/3", "suspect_count": "2-3", "nfa_by": ""},
    ]
    await december.upload(as_csv(draft))
    answered = await file_of(kent)
    found = lines_of(answered.text)
    assert set(found) == {"K/3", "K/4"}
    assert found["K/3"]["suspect_count"] == "2-3"
    assert (await list_of(kent))["cases"] == 4
    assert (await december.upload(answered.text))["unchanged"] == 2


async def test_a_case_that_the_draft_withdraws_is_not_in_the_file(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(rows(2, nfa_by=""))
    december = Return(kent, period="2025-12")
    await december.open()
    case = good(await kent.get(f"{december.path}/cases"))["items"][0]
    good(await kent.delete(f"{december.path}/cases/{case['case_id']}", params={"reason": "duplicate"}))
    assert set(lines_of((await file_of(kent)).text)) == {"K/1", "K/2"} - {case["case_ref"]}


async def test_a_file_in_a_newer_version_carries_what_the_older_one_said_and_settles_under_its_edition(
    later: Served,
) -> None:
    kent = await later.client("kent")
    first = Return(kent, period="2026-10")
    sent = [
        a_row(case_ref="K/1"),
        a_row(case_ref="K/2", offence_code="88C", youngest_victim_age="10-12", setting="institutional"),
        a_row(case_ref="K/3", offence_code="88C|88E", youngest_victim_age=""),
    ]
    await first.report(sent, contract_version="2025.1")
    november = Return(kent, period="2026-11")
    await november.open(contract_version="2026.1")

    content = (await file_of(kent, XLSX, **REFERRAL)).content
    untouched = await november.upload(content, XLSX)
    assert (untouched["unchanged"], untouched["changed"], untouched["held"]) == (3, 0, 0), untouched
    assert "Q301" not in {each["rule"] for each in await november.findings()}

    records = records_of(content, "Cases")
    assert "victim_age_youngest" in records[0] or "victim_age_youngest" in records[-1]
    assert all("contact_offence" not in row for row in records)  # derived or not known: never as if it had been sent
    for place, row in enumerate(records, 2):
        more = {"victim_age_youngest": "15"} if row["case_ref"] == "K/3" else {}
        content = typed_into(content, place, {**REFERRED, **more})
    came = await november.upload(content, XLSX)
    assert (came["changed"], came["held"]) == (3, 0), came
    await november.explain_all()
    await november.seal()
    totals = good(await kent.get(f"{november.path}/tallies", params=REFERRAL))["totals"]
    assert (totals["in_scope"], totals["undetermined"]) == (3, 0)
    assert (await list_of(kent, **REFERRAL))["items"] == []


async def test_a_file_for_a_return_that_is_to_go_on_to_a_newer_version_changes_nothing_there(later: Served) -> None:
    kent = await later.client("kent")
    await Return(kent, period="2026-10").report([a_row(case_ref="K/1"), a_row(case_ref="K/2", victim_count="2+")])
    november = Return(kent, period="2026-11")
    await november.open(contract_version="2025.1")
    await november.upload(as_csv([{"case_ref": "K/2", "victim_count": "3+", "setting": "institutional"}]))
    content = (await file_of(kent, **REFERRAL)).text
    assert content.startswith("case_ref,suspects_alive,independently_reviewed,notes,handed_out\r\n")
    await november.open(contract_version="2026.1")
    came = await november.upload(content)
    assert (came["unchanged"], came["changed"], came["held"]) == (2, 0, 0), came
    cases = {case["case_ref"]: case for case in good(await kent.get(f"{november.path}/cases"))["items"]}
    assert (cases["K/2"]["victim_count"], cases["K/2"]["setting"]) == ("3+", "institutional")


async def test_a_file_sent_to_a_return_of_an_older_version_is_told_once_what_to_bring_it_to(later: Served) -> None:
    kent = await later.client("kent")
    await Return(kent, period="2026-10").report([a_row(case_ref="K/1"), a_row(case_ref="K/2")])
    november = Return(kent, period="2026-11")
    await november.open()
    answers = as_csv([{"case_ref": f"K/{n}", "suspects_alive": "2", "setting": "school"} for n in (1, 2)])
    for dry_run in ("true", "false"):
        came = await november.upload(answers, dry_run=dry_run)
        assert (came["accepted"], came["held"], came["newer_version"]) == (0, 2, "2026.1")
        assert came["notes"] == [
            "The file has names or codes of version 2026.1 of the data standard, and this return is written in 2025.1, "
            "which does not have them: rows that say something by them are held. Bring the return to 2026.1, and send "
            "the file again: it can say these things then."
        ]
    await november.open(contract_version=came["newer_version"])
    assert {each["fix"] for each in await november.findings() if each["field"] == "suspects_alive"} == {
        "Send the row again: 2026.1 has this field."
    }
    again = await november.upload(answers)
    assert (again["accepted"], again["held"], again["notes"], again["newer_version"]) == (2, 0, [], None)
    assert (await november.read())["counts"]["held"] == 0


async def test_a_file_for_a_month_that_cannot_be_in_its_version_is_told_which_can(later: Served) -> None:
    kent = await later.client("kent")
    older = Return(kent, period="2026-10")
    await older.report([a_row(case_ref="K/1")])
    assert (await list_of(kent, **REFERRAL))["taken_from"] == "2026-11"
    await older.open(corrects=1)
    assert (await list_of(kent, **REFERRAL))["taken_from"] == "2026-11"
    for column, value in (("suspects_alive", "2"), ("setting", "school")):
        came = await older.upload(as_csv([{"case_ref": "K/1", column: value}]))
        assert (came["held"], came["newer_version"]) == (1, None)
        assert came["notes"][0].endswith(
            "No return before November 2026 can be in 2026.1: send the file to that one, or to a later one, and undo "
            "the upload here."
        )
    ordinary = await older.upload(as_csv([{"case_ref": "K/1", "suspects_dead": "2"}]))
    assert (ordinary["held"], ordinary["notes"]) == (1, [])


async def test_where_the_terms_take_no_return_in_the_version_of_the_file_that_is_said(kent: httpx.AsyncClient) -> None:
    november = Return(kent)
    await november.report([a_row(case_ref="K/1")])
    assert (await list_of(kent, **REFERRAL))["taken_from"] is None
    assert (await list_of(kent))["taken_from"] == "2025-11"
    await november.open(corrects=1)
    came = await november.upload(as_csv([{"case_ref": "K/1", "suspects_alive": "2"}]))
    assert (came["held"], came["newer_version"]) == (1, None)
    assert "The terms do not take 2026.1 for this month" in came["notes"][0]


async def test_where_the_return_is_newer_than_the_edition_the_file_is_in_the_returns_version(later: Served) -> None:
    kent = await later.client("kent")
    row = a_row(nfa_by="", offence_code="88C", victim_age_youngest="")
    del row["youngest_victim_age"]
    await Return(kent, period="2026-11").report([row], contract_version="2026.1")
    found = await list_of(kent)
    assert (found["scope"]["vocabulary"], found["contract_version"]) == ("2025.1", "2026.1")
    assert asked(found) == {"K/1": ["youngest_victim_age", "nfa_by"]}
    answered = await file_of(kent)
    assert answered.text.startswith("case_ref,victim_age_youngest,nfa_by,notes,handed_out\r\n")
    december = Return(kent, period="2026-12")
    await december.open()
    assert (await december.upload(answered.text))["unchanged"] == 1


async def test_a_workbook_of_the_list_offers_the_codes(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(rows(1, nfa_by=""))
    content = (await file_of(kent, XLSX)).content
    assert list(sheets_of(content)) == ["Cases", "Guidance", "Codes"]
    assert b"<dataValidation " in parts_of(content)["xl/worksheets/sheet1.xml"]


async def test_a_workbook_of_the_list_colours_in_each_row_what_is_asked_there(kent: httpx.AsyncClient) -> None:
    await Return(kent).report([a_row(nfa_by=""), a_row(case_ref="K/2", suspect_count="1+")])
    content = (await file_of(kent, XLSX)).content
    named = [row["case_ref"] for row in records_of(content, "Cases")]
    assert dict(zip(named, coloured_in(content), strict=True)) == {"K/1": ["nfa_by"], "K/2": ["suspect_count"]}
    assert "(coloured cells)" in [row["Column"] for row in records_of(content, "Guidance")]


async def test_a_list_with_nothing_in_it_is_a_heading(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(rows(1))
    assert (await file_of(kent)).text == "case_ref,notes,handed_out\r\n"
    assert (await list_of(kent))["items"] == []


async def test_more_cases_than_a_workbook_may_have_are_refused(
    kent: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Return(kent).report(rows(3, nfa_by=""))
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    problem(await kent.get(PATH, headers={"Accept": XLSX}), 406, "too-many-rows")
