"""Cases over HTTP: uploading them in every medium, reading them back, one at a time and whole."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from uuid import uuid4

import httpx
import msgspec
import pytest
from sqlalchemy import text

from service.api.shapes import UploadDocument
from tests.support.rows import a_row, as_csv, as_ndjson, rows
from tests.support.server import Return, Served, good, problem


async def listed(item: Return) -> dict[str, dict[str, object]]:
    """The cases by reference."""
    return {case["case_ref"]: case for case in good(await item.client.get(f"{item.path}/cases"))["items"]}


@pytest.mark.parametrize(
    ("media", "content"),
    [
        ("text/csv", as_csv(rows(2))),
        ("text/csv; charset=windows-1252", as_csv(rows(2))),
        ("TEXT/CSV", "\ufeff" + as_csv(rows(2))),
        ("application/x-ndjson", as_ndjson(rows(2))),
        ("application/json", json.dumps(rows(2))),
    ],
)
async def test_cases_are_taken_in_every_medium(november: Return, media: str, content: str) -> None:
    came = await november.upload(content, media)
    msgspec.convert(came, UploadDocument)
    assert (came["received"], came["accepted"], came["new"]) == (2, 2, 2)
    assert came["digest"] == f"sha-256:{hashlib.sha256(content.encode()).hexdigest()}"
    assert set(await listed(november)) == {"K/1", "K/2"}


async def test_a_dry_run_says_what_would_come_and_stores_nothing(november: Return) -> None:
    before = await november.etag()
    dry = await november.upload(as_csv(rows(2)), dry_run="true")
    assert await listed(november) == {}
    assert await november.etag() == before
    assert await november.upload(as_csv(rows(2))) == dry


async def test_a_snapshot_lists_what_it_lacks_and_takes_an_answer(november: Return) -> None:
    await november.upload(as_csv(rows(3)))
    came = await november.upload(as_csv(rows(1)), mode="snapshot")
    assert came["not_in_snapshot"] == 2
    waiting = good(await november.client.get(f"{november.path}/withdrawals", params={"limit": 1}))
    more = good(await november.client.get(f"{november.path}/withdrawals", params={"cursor": waiting["next"]}))
    cases = [*waiting["items"], *more["items"]]
    assert [case["case_ref"] for case in cases] == ["K/2", "K/3"]
    words = [
        {"case_id": cases[0]["case_id"], "answer": "keep"},
        {"case_id": cases[1]["case_id"], "answer": "withdraw", "reason": "duplicate"},
    ]
    unknown = {"case_id": str(uuid4()), "answer": "keep"}
    refused = await november.client.put(f"{november.path}/withdrawals", json={"withdrawals": [*words, unknown]})
    assert problem(refused, 422)["errors"][0]["pointer"] == "/withdrawals/2/case_id"
    answered = await november.client.put(f"{november.path}/withdrawals", json={"withdrawals": words})
    assert good(answered)["counts"]["cases"] == 2
    assert set(await listed(november)) == {"K/1", "K/2"}


async def test_cases_come_a_page_at_a_time(november: Return) -> None:
    await november.upload(as_csv(rows(5)))
    seen: list[str] = []
    path: str | None = f"{november.path}/cases?limit=2"
    while path is not None:
        page = await november.client.get(path)
        assert len(page.json()["items"]) <= 2
        seen += [case["case_ref"] for case in page.json()["items"]]
        path = page.links["next"]["url"] if "next" in page.links else None
    assert sorted(seen) == [f"K/{number}" for number in range(1, 6)]


async def test_an_export_can_be_sent_back_and_changes_nothing(november: Return) -> None:
    sent = [
        a_row(case_ref="K/1", suspect_count="2+", nfa_date="2012/2014", setting="intrafamilial"),
        a_row(case_ref="K/2", victim_count="3-5", former_case_ref="not_applicable"),
        a_row(case_ref="K/3", youngest_victim_age="not_provided", offence_from="2014-03-07"),
    ]
    columns = [*a_row(), "former_case_ref", "offence_from"]
    await november.upload(as_csv(sent, columns))
    for media, ending in (("text/csv", "csv"), ("application/x-ndjson", "ndjson")):
        exported = await november.client.get(f"{november.path}/cases", headers={"Accept": media})
        assert exported.headers["content-type"].startswith(media)
        assert exported.headers["content-disposition"].endswith(f'kent-2025-11-cases.{ending}"')
        came = await november.upload(exported.text, media)
        assert (came["received"], came["unchanged"], came["held"]) == (3, 3, 0), came


async def test_an_empty_return_is_exported_with_its_heading(november: Return) -> None:
    exported = await november.client.get(f"{november.path}/cases", headers={"Accept": "text/csv"})
    assert exported.text.startswith("case_ref,")
    assert exported.text.count("\r\n") == 1
    problem(await november.client.get(f"{november.path}/cases", headers={"Accept": "text/html"}), 406)


async def test_one_case_is_read_replaced_and_taken_out(november: Return) -> None:
    await november.upload(as_csv(rows(2)))
    case = (await listed(november))["K/1"]
    path = f"{november.path}/cases/{case['case_id']}"
    read = await november.client.get(path)
    assert read.json() == case
    assert (case["suspect_count"], case["nfa_date"], case["offence_from"]) == (3, "2014-03", None)

    replaced = good(await november.client.put(path, json={"stage": "identified", "suspect_count": "2+"}))
    assert replaced["case_id"] == case["case_id"]
    assert (replaced["case_ref"], replaced["suspect_count"], replaced["victim_count"]) == ("K/1", "2+", None)
    old = {"If-Match": read.headers["etag"]}
    problem(await november.client.put(path, json={"stage": "identified"}, headers=old), 412, "draft-moved")

    problem(await november.client.delete(path), 422, "reason-missing")
    problem(await november.client.delete(path, params={"reason": "other"}), 422, "reason-missing")
    after = good(await november.client.delete(path, params={"reason": "duplicate"}))
    assert after["counts"]["cases"] == 1
    problem(await november.client.get(path), 404)


async def test_a_case_that_cannot_be_accepted_is_refused_with_its_findings(november: Return) -> None:
    await november.upload(as_csv(rows(1)))
    case = (await listed(november))["K/1"]
    path = f"{november.path}/cases/{case['case_id']}"
    before = await november.etag()
    bad = {"stage": "identified", "suspect_count": "two", "setting": "skool", "nfa_date": "2014-02-31"}
    refused = problem(await november.client.put(path, json=bad), 422, "row-refused")
    found = {error["field"]: error for error in refused["errors"]}
    assert {"suspect_count", "setting", "nfa_date"} <= set(found)
    assert found["suspect_count"]["value"] == "two"
    assert "2" in found["suspect_count"]["fix"]
    assert await november.etag() == before
    assert good(await november.client.get(path)) == case
    assert good(await november.client.get(f"{november.path}/held"))["items"] == []


@pytest.mark.parametrize(
    "body", [{"case_ref": "K/2", "stage": "identified"}, {"case_id": str(uuid4()), "stage": "identified"}, [1], "x"]
)
async def test_a_body_that_names_another_case_is_refused(november: Return, body: object) -> None:
    await november.upload(as_csv(rows(2)))
    case = (await listed(november))["K/1"]
    problem(await november.client.put(f"{november.path}/cases/{case['case_id']}", json=body), 422, "body")


@pytest.mark.parametrize("number", ["1e400", "1e-400", "3.00000000000000000001", "1" * 100])
async def test_a_number_beyond_all_bounds_is_refused_and_never_unknown(november: Return, number: str) -> None:
    await november.upload(as_csv([a_row(case_ref="K/1", suspect_count="3")]))
    case = (await listed(november))["K/1"]
    path = f"{november.path}/cases/{case['case_id']}"
    body = f'{{"stage": "identified", "suspect_count": {number}}}'
    refused = await november.client.put(path, content=body, headers={"Content-Type": "application/json"})
    (finding,) = [one for one in problem(refused, 422, "row-refused")["errors"] if one["field"] == "suspect_count"]
    assert finding["rule"][0] in "SV"
    assert (await listed(november))["K/1"] == case


@pytest.mark.parametrize("case_id", ["x", "1", "006f062e-070f-441e-b26e-3b7a05e262e5", "%00", "..%2f"])
async def test_a_case_that_is_not_there_is_not_found(november: Return, case_id: str) -> None:
    path = f"{november.path}/cases/{case_id}"
    problem(await november.client.get(path), 404)
    problem(await november.client.get(f"{path}/history"), 404)
    problem(await november.client.put(path, json={"stage": "identified"}), 404)
    problem(await november.client.delete(path, params={"reason": "duplicate"}), 404)


async def test_a_case_has_a_history(november: Return) -> None:
    await november.upload(as_csv(rows(1)))
    await november.explain_all()
    await november.seal()
    december = Return(november.client, period="2025-12")
    await december.open()
    await december.upload(as_csv([a_row(suspect_count=4)]))
    await december.explain_all()
    await december.seal()
    case = (await listed(december))["K/1"]
    versions = good(await december.client.get(f"{december.path}/cases/{case['case_id']}/history"))["items"]
    assert [version["values"]["suspect_count"] for version in versions] == [3, 4]
    assert versions[0]["from"] == {"period": "2025-11", "revision": 1}
    assert versions[0]["until"] == versions[1]["from"] == {"period": "2025-12", "revision": 1}
    assert versions[1]["until"] is None


async def test_an_upload_with_a_key_has_one_effect_and_one_answer(november: Return) -> None:
    headers = {"Idempotency-Key": "k-1", "Content-Type": "text/csv"}
    path, content = f"{november.path}/cases", as_csv(rows(2))
    first = (await november.client.post(path, content=content, headers=headers)).content
    moved = await november.etag()
    assert (await november.client.post(path, content=content, headers=headers)).content == first
    assert await november.etag() == moved
    other = await november.client.post(path, content=as_csv(rows(3)), headers=headers)
    problem(other, 422, "idempotency-key-reused")
    await november.explain_all()
    await november.seal()
    assert (await november.client.post(path, content=content, headers=headers)).content == first
    problem(await november.client.post(path, content=content, headers=headers | {"Idempotency-Key": "new"}), 409)


async def test_a_key_is_one_clients_own(served: Served, november: Return) -> None:
    headers = {"Idempotency-Key": "k-1", "Content-Type": "text/csv"}
    path = f"{november.path}/cases"
    good(await november.client.post(path, content=as_csv(rows(2)), headers=headers))
    second = await served.client("kent")
    assert good(await second.post(path, content=as_csv(rows(3)), headers=headers))["received"] == 3


async def test_a_digest_that_fits_is_taken_and_another_is_told(november: Return) -> None:
    content = as_csv(rows(1)).encode()
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    headers = {"Content-Type": "text/csv", "Content-Digest": f"sha-256=:{digest}:"}
    good(await november.client.post(f"{november.path}/cases", content=content, headers=headers))
    cut = await november.client.post(f"{november.path}/cases", content=content[:-9], headers=headers)
    problem(cut, 400, "digest-differs")


@pytest.mark.parametrize("name", ["aggregates", "workforce"])
async def test_the_other_parts_are_replaced_whole_and_read_back(november: Return, name: str) -> None:
    sent = {
        "aggregates": [
            {"nfa_date": "2014", "setting": "intrafamilial", "cases": 37},
            {"nfa_date": "2015", "setting": "intrafamilial", "cases": "not_provided"},
        ],
        "workforce": [{"team": "child_exploitation", "phase": "assessment", "officers_fte": "26.5"}],
    }[name]
    path = f"{november.path}/{name}"
    headers = {"Content-Type": "application/json"}
    came = good(await november.client.put(path, content=json.dumps(sent), headers=headers))
    assert came["accepted"] == len(sent), came
    read = good(await november.client.get(path))["items"]
    assert [{key: row[key] for key in item} for item, row in zip(sent, read, strict=True)] == sent
    exported = await november.client.get(path, headers={"Accept": "text/csv"})
    assert len(list(csv.DictReader(io.StringIO(exported.text)))) == len(sent)
    again = await november.client.put(path, content=exported.content, headers={"Content-Type": "text/csv"})
    assert good(again)["held"] == 0
    assert good(await november.client.get(path))["items"] == read
    lines = await november.client.get(path, headers={"Accept": "application/x-ndjson"})
    shown = [{name: value for name, value in row.items() if name != "case_id"} for row in read]
    assert [json.loads(line) for line in lines.text.splitlines()] == shown
    again = await november.client.put(path, content=lines.content, headers={"Content-Type": "application/x-ndjson"})
    assert good(again)["held"] == 0
    assert good(await november.client.get(path))["items"] == read
    problem(await november.client.put(path, content="[]", params={"mode": "snapshot"}, headers=headers), 422)


async def test_every_reading_of_cases_is_logged(served: Served, november: Return, kent: httpx.AsyncClient) -> None:
    await november.upload(as_csv([*rows(2), a_row(case_ref="K/9", victim_count="-1")]))
    case = next(iter((await listed(november)).values()))
    paths = {
        f"{november.path}/cases": "cases_read",
        f"{november.path}/cases/{case['case_id']}": "cases_read",
        f"{november.path}/findings": "findings_read",
        f"{november.path}/held": "held_rows_read",
        f"{november.path}/withdrawals": "cases_read",
    }
    for media in ("application/json", "text/csv"):
        for path, action in paths.items():
            before = await _logged(served, action)
            answered = await kent.get(path, headers={"Accept": media})
            wants = 1 if answered.status_code == 200 else 0
            assert await _logged(served, action) == before + wants, (path, media)


async def _logged(served: Served, action: str) -> int:
    async with served.db.owner() as tx:
        count = await tx.execute(text("select count(*) from audit_entry where action = :action"), {"action": action})
        return int(count.scalar_one())


def _forged(place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("what", "place"),
    [
        ("held", 1 << 31),
        ("held", 1 << 80),
        ("held", -(1 << 70)),
        ("findings", [1 << 15, 0, "Q322", 0]),
        ("findings", [0, 1 << 31, "Q322", 0]),
        ("findings", [0, 0, "Q\x00", 0]),
        ("findings", [0, 0, "Q322", 1 << 63]),
        ("withdrawals", "K/\x00"),
        ("cases", "0"),
    ],
)
async def test_a_cursor_that_was_not_given_here_is_refused(november: Return, what: str, place: object) -> None:
    asked = await november.client.get(f"{november.path}/{what}", params={"cursor": _forged(place)})
    assert problem(asked, 422)["errors"][0]["field"] == "cursor"
