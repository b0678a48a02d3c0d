"""The findings sheet comes back with answers: each to the very finding that it was given for, or told why not."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import pytest

from service.returns.marked import findings_csv
from service.returns.offline import validate
from tests.support.files import CASE, CONTRACT
from tests.support.rows import a_row, as_csv
from tests.support.server import Return, good, problem
from tests.support.workbooks import XLSX, a_workbook, records_of, typed_into

RULE = "Q336"
FOUND = [a_row(case_ref=f"K/{n}", suspect_count=0) for n in range(1, 5)]


async def sheet_of(item: Return, **query: str) -> list[dict[str, str]]:
    answered = await item.client.get(f"{item.path}/findings", headers={"Accept": "text/csv"}, params=query)
    return list(csv.DictReader(io.StringIO(answered.text)))


async def sent_back(item: Return, sheet: list[dict[str, Any]], **headers: str) -> Any:
    headers = {"Content-Type": "text/csv", **headers}
    return await item.client.put(f"{item.path}/explanations", content=as_csv(sheet), headers=headers)


async def answers_of(item: Return) -> dict[str, str | None]:
    """The answers to the rule's findings by reference."""
    return {found["case_ref"]: found["answer"] for found in await item.findings(rule=RULE)}


def answered(sheet: list[dict[str, str]], words: Mapping[str, str]) -> list[dict[str, str]]:
    """The sheet with answers to the rule's findings of some cases."""
    return [{**line, "answer": words.get(line["case_ref"], "") if line["rule"] == RULE else ""} for line in sheet]


async def test_answers_in_a_sheet_are_stored_for_the_findings_of_their_lines(november: Return) -> None:
    await november.upload(as_csv(FOUND))
    sheet = answered(await sheet_of(november), {"K/1": " Never identified. ", "K/3": "See the file;\nboth died."})
    came_to = good(await sent_back(november, sheet))
    assert (came_to["answered"], came_to["unchanged"], came_to["not_taken"]) == (2, 0, [])
    said = {"K/1": "Never identified.", "K/2": None, "K/3": "See the file;\nboth died.", "K/4": None}
    assert await answers_of(november) == said
    before = await november.etag()
    again = good(await sent_back(november, await sheet_of(november)))  # as it was given: nothing changes
    assert (again["answered"], again["unchanged"], again["not_taken"]) == (0, 2, [])
    assert await november.etag() == before
    assert await answers_of(november) == said


async def test_words_for_a_row_that_is_held_are_given_back_and_stand_on_no_other_row(november: Return) -> None:
    held = [a_row(case_ref=f"K/{n}", suspect_count=0, victim_count="two") for n in (1, 2)]
    await november.upload(as_csv([*held, a_row(case_ref="K/3", suspect_count=0)]))
    sheet = [{**line, "answer": "Looked at." if line["rule"] == RULE else ""} for line in await sheet_of(november)]
    came_to = good(await sent_back(november, sheet))
    assert came_to["answered"] == 1
    assert {(each["rule"], each["says"]) for each in came_to["not_taken"]} == {
        (RULE, "The row of this finding is held, so nothing of it is in the return.")
    }
    assert len(came_to["not_taken"]) == 2
    assert await answers_of(november) == {"K/1": None, "K/2": None, "K/3": "Looked at."}
    all_of = {"answers": [{"rule": RULE, "words": "All looked at."}]}
    assert good(await november.client.put(f"{november.path}/explanations", json=all_of))["answered"] == 1
    one = {"answers": [{"rule": RULE, "case_ref": "K/1", "words": "This one."}]}
    refused = problem(await november.client.put(f"{november.path}/explanations", json=one), 422, "answers-refused")
    assert refused["errors"][0]["fix"] == "Correct the row and send it again; answer what is found then."


async def test_cells_that_say_the_same_have_one_answer(november: Return) -> None:
    cell = {"nfa_date": "2015", "cases": "20000"}
    sent = as_csv([{**cell, "stage": stage} for stage in ("identified", "assessed")])
    path, headers = f"{november.path}/aggregates", {"Content-Type": "text/csv"}
    good(await november.client.put(path, content=sent, headers=headers))
    sheet = [{**line, "answer": "Counted." if line["rule"] == "Q370" else ""} for line in await sheet_of(november)]
    assert sum(bool(line["answer"]) for line in sheet) == 2
    came_to = good(await sent_back(november, sheet))
    assert came_to["not_taken"] == []
    assert {found["answer"] for found in await november.findings(rule="Q370")} == {"Counted."}


async def test_a_workbook_of_findings_is_filled_in_and_sent_back(november: Return) -> None:
    await november.upload(as_csv(FOUND))
    whole = (await november.client.get(f"{november.path}/findings", headers={"Accept": XLSX})).content
    rows = {(row["rule"], row.get("case_ref")): place for place, row in enumerate(records_of(whole, "Findings"), 2)}
    content = typed_into(whole, rows[RULE, "K/2"], {"answer": "=1+1 is not a formula"})
    content = typed_into(content, rows[RULE, "K/4"], {"answer": "Checked."})
    put = await november.client.put(f"{november.path}/explanations", content=content, headers={"Content-Type": XLSX})
    assert (good(put)["answered"], good(put)["not_taken"]) == (2, [])
    assert await answers_of(november) == {"K/1": None, "K/2": "=1+1 is not a formula", "K/3": None, "K/4": "Checked."}
    again = good(await sent_back(november, await sheet_of(november)))  # the apostrophe of CSV is not an answer's
    assert (again["answered"], again["unchanged"]) == (0, 2)


async def test_an_answer_to_what_has_changed_or_gone_is_told_by_its_line_and_costs_no_other(november: Return) -> None:
    await november.upload(as_csv([*FOUND, a_row(case_ref="K/5", suspect_count=60)]))
    sheet = answered(await sheet_of(november), {"K/1": "One.", "K/2": "Two.", "K/3": "Three.", "K/4": "Four."})
    sheet = [{**line, "answer": "Five."} if line["rule"] == "Q337" else line for line in sheet]
    row = {line["case_ref"]: place for place, line in enumerate(sheet, 2) if line["answer"]}
    await november.upload(as_csv([a_row(case_ref="K/2", suspect_count=3), a_row(case_ref="K/5", suspect_count=61)]))
    came_to = good(await sent_back(november, sheet))
    assert came_to["answered"] == 3
    assert {line["row"]: line["says"] for line in came_to["not_taken"]} == {
        row["K/2"]: "This is not found any more, so it needs no answer.",
        row["K/5"]: "What this finding looked at has changed since the sheet was given.",
    }
    assert all(line["fix"] for line in came_to["not_taken"])
    assert (await answers_of(november))["K/4"] == "Four."


async def test_lines_that_can_be_for_no_finding_are_told_by_their_row(november: Return) -> None:
    await november.upload(as_csv([*FOUND, a_row(case_ref="K/9", suspect_count="two")]))
    line = next(line for line in await sheet_of(november) if line["rule"] == RULE)
    held = next(line for line in await sheet_of(november) if line["severity"] == "syntactical")
    sheet = [
        {**line, "answer": "First."},
        {**line, "rule": "Q999", "answer": "x"},
        {**line, "case_ref": "K/77", "finding": "f" + "0" * 24, "answer": "x"},
        {**line, "finding": "", "answer": "x"},
        {**held, "answer": "It is two."},
        {**line, "answer": "x" * 2_001},
        {**line, "answer": "Second."},
    ]
    came_to = good(await sent_back(november, sheet))
    assert came_to["answered"] == 1
    assert [(told["row"], told["says"][:24]) for told in came_to["not_taken"]] == [
        (2, "Row 8 answers the same f"),
        (3, "There is no such rule in"),
        (4, "The case is not in this "),
        (5, "The column finding is em"),
        (6, "This finding holds its r"),
        (7, "The answer has 2,001 cha"),
    ]
    assert (await answers_of(november))["K/1"] == "Second."


async def test_findings_about_no_case_are_answered_one_by_one(november: Return) -> None:
    cells = [{"nfa_date": year, "victim_count": 0, "stage": "identified", "cases": 3} for year in ("2013", "2014")]
    address = f"{november.path}/aggregates"
    good(await november.client.put(address, content=as_csv(cells), headers={"Content-Type": "text/csv"}))
    sheet = await sheet_of(november, rule="Q335")
    assert [line["case_ref"] for line in sheet] == ["", ""]
    assert good(await sent_back(november, [{**sheet[1], "answer": "None were found."}]))["answered"] == 1
    assert [found["answer"] for found in await november.findings(rule="Q335")] == [None, "None were found."]


async def test_a_sheet_of_answers_honours_the_state_that_was_seen(november: Return) -> None:
    seen = await november.etag()
    await november.upload(as_csv(FOUND))
    sheet = answered(await sheet_of(november), {"K/1": "One."})
    problem(await sent_back(november, sheet, **{"If-Match": seen}), 412, "draft-moved")
    assert set((await answers_of(november)).values()) == {None}
    good(await sent_back(november, sheet, **{"If-Match": await november.etag()}))


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        ("", "text/csv", 400, "empty-upload"),
        ("\n\n", "text/csv", 400, "empty-upload"),
        ("rule,answer\nQ336,x\n", "text/csv", 400, "no-required-column"),
        ('rule,case_ref,finding,answer\nQ336,"K/1,f1,x\n', "text/csv", 400, "malformed"),
        (a_workbook([{"rule": "Q336", "answer": "x"}]), XLSX, 400, "which-sheet"),
        (as_csv(FOUND), XLSX, 415, "content-differs"),
        ("{}", "application/x-ndjson", 415, "unsupported-media"),
        ('{"answers": [' + " " * 1_000_000, "application/json", 413, "too-large"),
    ],
)
async def test_what_is_no_sheet_of_answers_is_refused_in_words(
    november: Return, content: Any, media: str, status: int, code: str
) -> None:
    put = await november.client.put(f"{november.path}/explanations", content=content, headers={"Content-Type": media})
    assert problem(put, status, code)["do"]


async def test_a_sheet_that_was_made_and_answered_where_the_file_is_is_taken_after_the_upload(
    november: Return,
) -> None:
    content = as_csv([*FOUND, a_row(case_ref="K/9", suspect_count="two")]).encode()
    report = validate(content, CONTRACT, CASE, "text/csv")
    offline = list(csv.DictReader(io.StringIO(b"".join(findings_csv(CONTRACT, report.findings)).decode())))
    await november.upload(content)
    by_id = {line["finding"]: line["rule"] for line in await sheet_of(november) if line["finding"]}
    assert {line["finding"]: line["rule"] for line in offline if line["finding"]} == by_id
    came_to = good(await sent_back(november, answered(offline, {f"K/{n}": "Never identified." for n in range(1, 5)})))
    assert (came_to["answered"], came_to["not_taken"]) == (4, [])


async def test_checks_that_could_not_run_are_listed_with_why_on_the_first_page(november: Return) -> None:
    found = good(await november.client.get(f"{november.path}/findings"))
    assert {item["what"] for item in found["not_run"]} >= {"case", "aggregate", "workforce"}
    await november.upload(as_csv(FOUND))
    first = good(await november.client.get(f"{november.path}/findings", params={"limit": "1"}))
    why = {item["what"]: item["why"] for item in first["not_run"]}
    assert "case" not in why
    assert why["workforce"] == "There is no row of the part ‘Workforce’."
    assert "No row of the part ‘Cases’ says" in why["Q350"]
    assert RULE not in why
    assert "for this return" in why["M401"]
    following = good(await november.client.get(f"{november.path}/findings", params={"cursor": first["next"]}))
    assert "not_run" not in following
