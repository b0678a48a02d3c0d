"""What is to be resolved before a seal, over HTTP: findings, answers, disputes, held rows."""

from __future__ import annotations

import csv
import io

import pytest

from tests.support.rows import a_row, as_csv, rows
from tests.support.server import Return, good, problem

QUESTION = {"victim_count": 0}
"""What a rule of quality asks about."""


async def test_a_finding_says_all_that_it_takes_to_mend_it(november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="K/1"), a_row(case_ref="K/2", suspect_count="two")]))
    (finding,) = await november.findings(severity="syntactical")
    assert {"rule", "severity", "part", "row", "case_ref", "field", "value", "says", "fix"} <= set(finding)
    assert (finding["part"], finding["row"], finding["case_ref"]) == ("case", 3, "K/2")
    assert (finding["field"], finding["value"]) == ("suspect_count", "two")
    assert "2" in finding["fix"]
    assert finding["held"] == 1
    assert finding["case_id"] is None


async def test_findings_are_filtered_and_paged_in_order(november: Return) -> None:
    bad = [a_row(case_ref=f"K/{number}", suspect_count="two", setting="skool") for number in range(1, 5)]
    await november.upload(as_csv(bad))
    everything = await november.findings()
    assert everything == await november.findings(limit="3")
    held = [item for item in everything if item["part"] == "case"]
    assert [item["row"] for item in held] == sorted(item["row"] for item in held)
    assert {item["severity"] for item in await november.findings(severity="validity")} == {"validity"}
    rule = held[0]["rule"]
    assert {item["rule"] for item in await november.findings(rule=rule)} == {rule}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"severty": "macro"}, "severty"),
        ({"severity": "bad"}, "severity"),
        ({"rule": "Q999"}, "rule"),
        ({"cursor": "x"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"revision": "-1"}, "revision"),
        ({"rule": "\x00"}, "rule"),
    ],
)
async def test_a_question_that_cannot_be_is_refused(november: Return, query: dict[str, str], field: str) -> None:
    refused = problem(await november.client.get(f"{november.path}/findings", params=query), 422, "parameter")
    assert refused["errors"][0]["field"] == field


async def test_findings_come_as_csv_that_no_spreadsheet_takes_for_formulas(november: Return) -> None:
    evil = ["=1+1", "+1", "-1", "@A1", "\t=1"]
    await november.upload(as_csv([a_row(case_ref=f"K/{n}", setting=value) for n, value in enumerate(evil, 1)]))
    exported = await november.client.get(f"{november.path}/findings", headers={"Accept": "text/csv"})
    lines = list(csv.DictReader(io.StringIO(exported.text)))
    assert len(lines) == len(await november.findings())
    assert all(
        not (cell or "").startswith(("=", "+", "-", "@", "\t", "\r")) for line in lines for cell in line.values()
    )
    assert "'=1+1" in {line["value"] for line in lines}


async def test_an_answer_is_kept_with_the_finding(november: Return) -> None:
    await november.upload(as_csv(rows(2, **QUESTION)))
    found = await november.findings(severity="quality")
    assert found
    assert all(item["answer"] is None for item in found)
    one = {"rule": found[0]["rule"], "case_ref": "K/1", "words": "The file says so"}
    answered = good(await november.client.put(f"{november.path}/explanations", json={"answers": [one]}))
    assert answered["answered"] == 1
    assert answered["return"]["findings"]["quality"]["unanswered"] == len(found) - 1
    after = await november.findings(rule=one["rule"])
    assert {item["case_ref"]: item["answer"] for item in after}["K/1"] == "The file says so"


async def test_answers_are_all_taken_or_none(november: Return) -> None:
    await november.upload(as_csv(rows(2, **QUESTION)))
    rule = (await november.findings(severity="quality"))[0]["rule"]
    answers = [
        {"rule": rule, "case_ref": None, "words": "All checked"},
        {"rule": "Q999", "words": "x"},
        {"rule": "S101", "words": "x"},
        {"rule": rule, "words": " "},
    ]
    refused = problem(
        await november.client.put(f"{november.path}/explanations", json={"answers": answers}), 422, "answers-refused"
    )
    assert [error["pointer"] for error in refused["errors"]] == [
        "/answers/1/rule",
        "/answers/2/rule",
        "/answers/3/words",
    ]
    assert all(error["says"] and error["fix"] for error in refused["errors"])
    assert all(item["answer"] is None for item in await november.findings())


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"answer": []}, "/answer"),
        ({"answers": []}, "/answers"),
        ({"answers": [{"rule": "Q301"}]}, "/answers/0"),
        ({"answers": [{"rule": "Q301", "words": 1}]}, "/answers/0/words"),
        ({"answers": [{"rule": "Q301", "words": "x", "cas_ref": "K/1"}]}, "/answers/0/cas_ref"),
        ({"answers": [{"rule": "Q301", "words": "a\u0000b"}]}, "/answers/0/words"),
    ],
)
async def test_a_wrong_answer_says_where(november: Return, body: object, pointer: str) -> None:
    refused = problem(await november.client.put(f"{november.path}/explanations", json=body), 422, "body")
    assert refused["errors"][0]["pointer"] == pointer
    if "cas_ref" in pointer:
        assert refused["errors"][0]["fix"] == "Did you mean case_ref?"


async def test_a_dispute_is_kept_and_changes_nothing(november: Return) -> None:
    await november.upload(as_csv(rows(1, **QUESTION)))
    before = await november.etag()
    rule = (await november.findings(severity="quality"))[0]["rule"]
    words = {"rule": rule, "case_ref": "K/1", "words": "The rule is wrong about this"}
    headers = {"Idempotency-Key": "d-1"}
    made = [await november.client.post(f"{november.path}/disputes", json=words, headers=headers) for _ in range(2)]
    assert {answered.status_code for answered in made} == {201}
    assert made[0].content == made[1].content
    assert await november.etag() == before
    problem(await november.client.post(f"{november.path}/disputes", json={**words, "rule": "Q999"}), 422)


async def test_a_dispute_about_what_was_not_found_is_refused_with_what_to_do(november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="K/1", victim_count=0), a_row(case_ref="K/2")]))
    disputes = f"{november.path}/disputes"
    for case, rule, pointer in (("K/9", "Q335", "/case_ref"), ("K/2", "Q335", "/case_ref"), ("K/1", "Q336", "/rule")):
        said = {"rule": rule, "case_ref": case, "words": "It is right."}
        refused = problem(await november.client.post(disputes, json=said), 409, "no-such-finding")
        assert [each["pointer"] for each in refused["errors"]] == [pointer]
        assert "Nothing was passed on" in refused["detail"]
        assert "Read the findings again" in refused["do"]
    good(await november.client.post(disputes, json={"rule": "Q335", "words": "All of them are right."}))


async def test_a_finding_of_a_held_row_can_be_disputed(november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="K/2", suspect_count="two")]))
    said = {"rule": "S101", "case_ref": "K/2", "words": "That is a number."}
    good(await november.client.post(f"{november.path}/disputes", json=said))


async def test_a_held_row_is_seen_as_sent_and_set_aside(november: Return) -> None:
    await november.upload(as_csv([a_row(case_ref="K/1"), a_row(case_ref="K/2", suspect_count="two")]))
    (held,) = good(await november.client.get(f"{november.path}/held"))["items"]
    assert (held["n"], held["row"], held["case_ref"], held["part"]) == (1, 3, "K/2", "case")
    assert "two" in held["text"]
    path = f"{november.path}/held/1"
    problem(await november.client.delete(path), 422, "reason-missing")
    problem(await november.client.delete(f"{november.path}/held/7", params={"reason": "x"}), 404)
    problem(await november.client.delete(f"{november.path}/held/one", params={"reason": "x"}), 404)
    problem(await november.client.delete(f"{november.path}/held/99999999999", params={"reason": "x"}), 404)
    after = good(await november.client.delete(path, params={"reason": "not ours"}))
    assert (after["counts"]["held"], after["counts"]["set_aside"]) == (0, 1)
    (aside,) = good(await november.client.get(f"{november.path}/held"))["items"]
    assert aside["set_aside"] == "not ours"
    await november.explain_all()
    assert (await november.seal())["counts"]["set_aside"] == 1


async def test_a_corrected_row_is_no_longer_held(november: Return) -> None:
    await november.upload(as_csv([a_row(suspect_count="two")]))
    came = await november.upload(as_csv([a_row(suspect_count=2)]))
    assert (came["accepted"], came["held"]) == (1, 0)
    assert good(await november.client.get(f"{november.path}/held"))["items"] == []
    assert await november.findings(severity="syntactical") == []
