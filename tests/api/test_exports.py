"""Workbooks that the service gives: the rows of the CSV, never a formula, and what is not touched does not change."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import httpx
import pytest

from service.contract import workbook
from tests.support.rows import a_row, as_csv, as_ndjson, rows
from tests.support.server import Return, Served, good, problem
from tests.support.workbooks import XLSX, parts_of, records_of, sheets_of, typed_into

KINDS = [
    a_row(case_ref="00042", suspect_count="3-5", victim_count="2+", nfa_date="2014-03", setting="gang|organised"),
    a_row(case_ref="12345678901234567890", suspect_count=0, youngest_victim_age=None, nfa_date="2014-03-07"),
    a_row(case_ref="1E5", offence_from="../2014", offence_to="2012/..", nfa_date="2012-03/2012-09", outcome="16"),
    a_row(case_ref="K/0007", former_case_ref="not_applicable", priority="not_provided", nfa_date="2014"),
    a_row(case_ref="3-5", shared_with="essex;surrey", shared_ref="kent:00412", lead_force="kent", suspect_count=21),
]


async def workbook_of(item: Return, path: str = "cases", **query: str) -> httpx.Response:
    answered = await item.client.get(f"{item.path}/{path}", headers={"Accept": XLSX}, params=query)
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"] == XLSX
    assert answered.headers["content-disposition"].endswith(f'-{path}.xlsx"')
    return answered


async def cases_of(item: Return) -> dict[str, dict[str, Any]]:
    return {row["case_ref"]: row for row in good(await item.client.get(f"{item.path}/cases"))["items"]}


async def test_cases_that_were_downloaded_and_sent_back_change_only_where_they_were_filled_in(november: Return) -> None:
    assert (await november.upload(as_ndjson(KINDS), "application/x-ndjson"))["held"] == 0
    before = await cases_of(november)
    findings = await november.findings()
    content = (await workbook_of(november)).content
    untouched = await november.upload(content, XLSX)
    assert (untouched["unchanged"], untouched["changed"], untouched["new"]) == (len(KINDS), 0, 0)
    assert await cases_of(november) == before
    assert [{**found, "held": None} for found in await november.findings()] == [
        {**found, "held": None, "row": 2 + list(before).index(found["case_ref"]) if found["case_ref"] else found["row"]}
        for found in findings
    ]
    (number,) = [place for place, row in enumerate(records_of(content, "Cases"), 2) if row["case_ref"] == "00042"]
    filled = typed_into(content, number, {"suspect_count": "3-4", "offence_from": "2011", "notes": "from the file"})
    answered = await november.upload(filled, XLSX)
    assert (answered["unchanged"], answered["changed"], answered["held"]) == (len(KINDS) - 1, 1, 0)
    after = await cases_of(november)
    assert after == {**before, "00042": {**before["00042"], "suspect_count": "3-4", "offence_from": "2011"}}


async def test_a_workbook_of_cases_has_the_rows_of_the_csv_and_codes_to_choose_from(november: Return) -> None:
    await november.upload(as_ndjson(KINDS), "application/x-ndjson")
    answered = await november.client.get(f"{november.path}/cases", headers={"Accept": "text/csv"})
    listed = [
        {name: value for name, value in row.items() if value} for row in csv.DictReader(io.StringIO(answered.text))
    ]
    content = (await workbook_of(november)).content
    assert records_of(content, "Cases") == listed
    assert list(sheets_of(content)) == ["Cases", "Guidance", "Codes"]


@pytest.mark.parametrize("path", ["aggregates", "workforce"])
async def test_the_other_parts_are_given_as_workbooks_that_can_be_sent_back(november: Return, path: str) -> None:
    listed = {
        "aggregates": {"nfa_date": "2013", "suspect_count": "2+", "stage": "identified", "cases": 37},
        "workforce": {"team": "other", "phase": "assessment", "officers_fte": "26.5", "vacancies_fte": "not_provided"},
    }[path]
    client, address = november.client, f"{november.path}/{path}"
    good(await client.put(address, content=json.dumps([listed]), headers={"Content-Type": "application/json"}))
    before = good(await client.get(address))["items"]
    content = (await workbook_of(november, path)).content
    answered = good(await client.put(address, content=content, headers={"Content-Type": XLSX}))
    assert (answered["accepted"], answered["held"]) == (1, 0)
    assert good(await client.get(address))["items"] == before


async def test_no_text_becomes_a_formula_or_a_link(november: Return) -> None:
    texts = ["=1+1", "+44", "-one", "@SUM(A1)", '=HYPERLINK("http://example.org")', "http://a.b/1", "\t=1"]
    await november.upload(as_csv([a_row(case_ref=f"K/{n}", suspect_count=text) for n, text in enumerate(texts)]))
    content = (await workbook_of(november, "findings", severity="syntactical")).content
    assert [row["value"] for row in records_of(content, "Findings")] == texts
    sheet, styles = parts_of(content)["xl/worksheets/sheet1.xml"], parts_of(content)["xl/styles.xml"].decode()
    assert b"<f>" not in sheet
    assert b"<hyperlink" not in sheet
    formats = re.findall(r"<xf [^>]*>", styles.partition("<cellXfs")[2])
    quoted = [re.findall(rb's="(\d+)"', cell)[0] for cell in re.findall(rb'<c r="G\d+"[^>]*>', sheet)[1:]]
    assert ['quotePrefix="1"' in formats[int(style)] for style in quoted] == [True] * 5 + [False, True]


async def test_findings_are_the_same_in_a_workbook_and_in_csv(november: Return) -> None:
    await november.upload(as_csv([*rows(2, suspect_count=0), a_row(case_ref="K/9", suspect_count="two")]))
    await november.explain_all()
    answered = await november.client.get(f"{november.path}/findings", headers={"Accept": "text/csv"})
    listed = [
        {name: value for name, value in row.items() if value} for row in csv.DictReader(io.StringIO(answered.text))
    ]
    assert records_of((await workbook_of(november, "findings")).content, "Findings") == listed


async def test_more_rows_than_a_workbook_may_have_are_refused(
    november: Return, monkeypatch: pytest.MonkeyPatch
) -> None:
    await november.upload(as_csv(rows(3)))
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    refused = problem(
        await november.client.get(f"{november.path}/cases", headers={"Accept": XLSX}), 406, "too-many-rows"
    )
    assert refused["do"] == "Ask for CSV."


async def test_the_picture_is_the_same_in_a_workbook_and_in_csv(served: Served, november: Return) -> None:
    await november.upload(as_csv(rows(3)))
    await november.explain_all()
    await november.seal()
    nca = await served.client(body="nca")
    path, by = "/api/national/picture", {"by": "force,stage"}
    whole = await nca.get(path, params=by, headers={"Accept": XLSX})
    assert whole.headers["content-type"] == XLSX
    assert list(sheets_of(whole.content)) == ["Cells", "Attrition", "Missing", "Coverage"]
    for table in ("cells", "attrition", "missing", "coverage"):
        answered = await nca.get(path, params={**by, "table": table}, headers={"Accept": "text/csv"})
        listed = [dict(row) for row in csv.DictReader(io.StringIO(answered.text))]
        one = await nca.get(path, params={**by, "table": table}, headers={"Accept": XLSX})
        for content in (whole.content, one.content):
            records = records_of(content, table.capitalize())
            assert [{name: row.get(name, "") for name in listed[0]} for row in records] == listed
    again = await nca.get(path, params=by, headers={"Accept": XLSX, "If-None-Match": whole.headers["etag"]})
    assert again.status_code == 304
