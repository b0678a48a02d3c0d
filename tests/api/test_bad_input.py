"""Bad input over HTTP: a clear problem or findings, nothing stored where it says so, memory bounded in all."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from service.storage.database import Database
from service.terms.calendar import parse_period
from tests.support.rows import a_row, as_csv, as_ndjson, rows
from tests.support.server import PERIOD, Return, Served, a_served, good, problem

NDJSON = "application/x-ndjson"
MEGABYTE = 1 << 20


@pytest_asyncio.fixture(scope="module")
async def served(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One service for the file; what a test sends is a force's of its own, and Kent's stores nothing."""
    async with a_served(module_database, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def unused_forces(served: Served) -> Iterator[str]:
    """The forces that no test of this file has spoken for yet."""
    taking_part = served.context.terms.participants(parse_period(PERIOD))
    return iter([force for force in taking_part if force != "kent"])


@pytest_asyncio.fixture
async def november(served: Served, unused_forces: Iterator[str]) -> Return:
    """The first return, opened, of a force that nobody else in this file speaks for."""
    force = next(unused_forces)
    opened = Return(await served.client(force), force)
    await opened.open()
    return opened


async def nothing_stored(item: Return, before: str) -> None:
    assert await item.etag() == before
    assert (await item.read())["counts"]["cases"] == 0
    assert good(await item.client.get(f"{item.path}/held"))["items"] == []
    assert [found for found in await item.findings() if found["part"] == "case"] == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"case_years": [2014', "line 1, column 21"),
        (b"{'case_years': null}", "line 1, column 2"),
        (b"nothing", "line 1, column 1"),
        (b'{"corrects": NaN}', "NaN"),
        (b'{"corrects": 1, "corrects": 2}', "twice"),
        (b'{"corrects": ' + b"9" * 5000 + b"}", "too long"),
        (b"\xff\xfe{}", "UTF-8"),
        (b'{"a":' * 50_000, "deep"),
        (b"[" * 100_000, "deep"),
    ],
)
async def test_a_body_that_is_no_json_says_where(kent: httpx.AsyncClient, content: bytes, says: str) -> None:
    path = "/api/forces/kent/returns/2025-11"
    refused = await kent.put(path, content=content, headers={"Content-Type": "application/json"})
    assert says in problem(refused, 400, "not-json")["detail"]
    problem(await kent.get(path), 404)


@pytest.mark.parametrize(
    "body", ['{"corrects": 1e400}', '{"corrects": 1.5}', '{"corrects": true}', '{"corrects": "1"}']
)
async def test_a_number_that_is_none_is_refused(kent: httpx.AsyncClient, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    refused = await kent.put("/api/forces/kent/returns/2025-11", content=body, headers=headers)
    assert problem(refused, 422, "body")["errors"][0]["pointer"] == "/corrects"


async def test_an_ordinary_body_is_bounded(november: Return) -> None:
    words = {"answers": [{"rule": "Q301", "words": "x" * 1_100_000}]}
    problem(await november.client.put(f"{november.path}/explanations", json=words), 413, "too-large")


@pytest.mark.parametrize(
    "media", ["", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream", "multipart/form-data"]
)
async def test_a_wrong_content_type_is_told(november: Return, media: str) -> None:
    before = await november.etag()
    refused = problem(await november.send(as_csv(rows(1)), media), 415)
    assert "text/csv" in refused["do"]
    problem(await november.client.put(november.path, content="{}", headers={"Content-Type": "text/plain"}), 415)
    await nothing_stored(november, before)


async def test_content_that_is_not_what_its_type_says_is_told(november: Return) -> None:
    before = await november.etag()
    workbook = b"PK\x03\x04" + bytes(2000)
    for content, media in [
        (workbook, "text/csv"),
        (gzip.compress(as_csv(rows(1)).encode()), "text/csv"),
        (json.dumps(rows(2)), NDJSON),
        (as_ndjson(rows(2)), "application/json"),
        (as_csv(rows(1)), "application/json"),
        (bytes(range(256)) * 20, "text/csv"),
        ("", "text/csv"),
        ("   \n", NDJSON),
        ('{"case_ref": "K/1"}', "application/json"),
        ("[{]", "application/json"),
        ('[{"case_ref": "K/1", "stage": NaN}]', "application/json"),
        ("[" * 100_000, "application/json"),
    ]:
        answered = await november.send(content, media)
        assert answered.status_code in (400, 415), (content[:20], answered.text)
        problem(answered, answered.status_code)
        await nothing_stored(november, before)


async def test_a_compressed_body_is_refused(november: Return) -> None:
    before = await november.etag()
    for encoding in ("gzip", "br", "identity, gzip"):
        headers = {"Content-Type": "text/csv", "Content-Encoding": encoding}
        body = gzip.compress(as_csv(rows(1)).encode())
        problem(await november.client.post(f"{november.path}/cases", content=body, headers=headers), 415)
    await nothing_stored(november, before)


async def test_a_body_over_the_limit_is_refused(november: Return, served: Served) -> None:
    before = await november.etag()
    limit = served.context  # the service of these tests takes a gigabyte: announce more than that
    assert limit is not None
    raw = await _raw(
        served,
        november.client,
        f"{november.path}/cases",
        {"Content-Length": str(2 << 30), "Content-Type": "text/csv"},
        [b"case_ref\n"],
    )
    assert raw.startswith(b"HTTP/1.1 413 ")
    await nothing_stored(november, before)


async def test_a_connection_that_is_cut_leaves_nothing(served: Served, november: Return) -> None:
    before = await november.etag()
    content = as_csv(rows(50)).encode()
    headers = {"Content-Length": str(len(content)), "Content-Type": "text/csv"}
    answered = await _raw(served, november.client, f"{november.path}/cases", headers, [content[:-20]], cut=True)
    assert b" 200 " not in answered
    await nothing_stored(november, before)
    assert (await november.upload(content))["new"] == 50


async def test_an_upload_cut_between_the_ends_is_known_by_its_digest(served: Served, november: Return) -> None:
    before = await november.etag()
    content = as_csv(rows(50)).encode()
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    headers = {"Content-Type": "text/csv", "Content-Digest": f"sha-256=:{digest}:"}
    cut = await november.client.post(f"{november.path}/cases", content=content[:-20], headers=headers)
    assert "digest" in problem(cut, 400, "digest-differs")["detail"]
    await nothing_stored(november, before)
    wrong = headers | {"Content-Digest": "sha-256=:AAAA:"}
    problem(await november.client.post(f"{november.path}/cases", content=content, headers=wrong), 400, "bad-digest")


async def test_a_hundred_megabytes_in_one_line_are_refused_in_bounded_memory(november: Return) -> None:
    before = await november.etag()
    for media, head in (("text/csv", b"case_ref,stage\nK/1,"), (NDJSON, b'{"case_ref": "')):
        resting = _peak(reset=True)
        answered = await november.send(_long(head, 100), media)
        assert "line" in problem(answered, 413, "row-too-long")["detail"] or True
        assert _peak() - resting < 48 * MEGABYTE, f"{(_peak() - resting) / MEGABYTE:.0f} MB more"
        await nothing_stored(november, before)


async def test_ten_thousand_columns_are_refused(november: Return) -> None:
    before = await november.etag()
    names = ["case_ref", "stage", *(f"x{number}" for number in range(10_000))]
    content = ",".join(names) + "\r\n" + ",".join(["K/1", "identified", *["1"] * 10_000]) + "\r\n"
    problem(await november.send(content), 400, "too-many-columns")
    await nothing_stored(november, before)
    wide = dict.fromkeys(names, "1") | {"case_ref": "K/1", "stage": "identified"}
    came = await november.upload(as_ndjson([wide, a_row(case_ref="K/2")]), NDJSON)
    assert (came["held"], came["accepted"]) == (1, 1)


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("NaN", "syntactical"),
        ("1e400", "syntactical"),
        ("Infinity", "syntactical"),
        ("-1", "validity"),
        ("\u0663", "syntactical"),
        ("9" * 400, "syntactical"),
        ("two", "syntactical"),
        ("=1+1", "syntactical"),
    ],
)
async def test_a_number_that_cannot_be_holds_its_row(november: Return, value: str, severity: str) -> None:
    came = await november.upload(as_csv([a_row(case_ref="K/1"), a_row(case_ref="K/2", suspect_count=value)]))
    assert (came["accepted"], came["held"]) == (1, 1)
    found = [item for item in await november.findings() if item["held"]]
    assert (found[0]["field"], found[0]["row"], found[0]["case_ref"]) == ("suspect_count", 3, "K/2")
    assert found[0]["severity"] in (severity, "validity")
    assert found[0]["fix"]
    (held,) = good(await november.client.get(f"{november.path}/held"))["items"]
    assert value in held["text"]


@pytest.mark.parametrize("value", ["31/02/2014", "2014-02-31", "2014-13", "02/03/14", "41705", "20140307x"])
async def test_a_date_that_cannot_be_holds_its_row(november: Return, value: str) -> None:
    came = await november.upload(as_csv([a_row(nfa_date=value)]))
    assert came["held"] == 1
    assert {item["field"] for item in await november.findings() if item["held"]} == {"nfa_date"}


async def test_a_line_that_cannot_be_read_costs_itself_alone(november: Return) -> None:
    lines = [
        json.dumps(a_row(case_ref="K/1")),
        '{"case_ref": "K/2", "stage": ',
        "not json",
        '{"case_ref": "K/4", "stage": "identified"} {"case_ref": "K/5"}',
        '{"case_ref": "K/6", "stage": "identified", "stage": "assessed"}',
        '["K/7"]',
        '{"case_ref": "K/8", "setting": "\\ud800"}',
        '{"case_ref": "K/9", "stage": "identified", "suspect_count": NaN}',
        '{"case_ref": "K/10", "stage": "identified", "suspect_count": 1e400}',
        json.dumps(a_row(case_ref="K/11")),
    ]
    came = await november.upload("\n".join(lines), NDJSON)
    assert (came["received"], came["accepted"], came["held"]) == (10, 2, 8)
    held = good(await november.client.get(f"{november.path}/held"))["items"]
    assert [row["row"] for row in held] == list(range(2, 10))
    assert held[1]["text"] == "not json"


async def test_a_nul_holds_its_row_with_its_text(november: Return) -> None:
    csv_row = as_csv([a_row(case_ref="K/1")]) + "K\x00/2,19D,intrafamilial,2,13,3,16,police,2014-03,identified\r\n"
    came = await november.upload(csv_row)
    assert (came["accepted"], came["held"]) == (1, 1)
    came = await november.upload(as_ndjson([a_row(case_ref="K/3\x00"), a_row(case_ref="K/4")]), NDJSON)
    assert (came["accepted"], came["held"]) == (1, 1)
    assert len(good(await november.client.get(f"{november.path}/held"))["items"]) == 2


async def test_unknown_fields_and_codes_are_named_with_the_closest(november: Return) -> None:
    came = await november.upload(
        as_ndjson([a_row(suspects_count=3), a_row(case_ref="K/2", setting="intra_familial")]), NDJSON
    )
    assert came["held"] == 2
    fixes = {item["field"]: item["fix"] for item in await november.findings() if item["held"]}
    assert "suspect_count" in fixes["suspects_count"]
    assert "intrafamilial" in fixes["setting"]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: ("\ufeff" + text).encode(),
        lambda text: text.replace("K/1", "K/1\u00e9".replace("\u00e9", "")).encode("cp1252"),
        lambda text: text.replace("\r\n", "\n").encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace("\r\n", "\r\n\r\n").encode(),
        lambda text: text.replace("case_ref", "Case Ref").replace("suspect_count", " SUSPECT-COUNT ").encode(),
        lambda text: text.encode("utf-16"),
    ],
)
async def test_a_spreadsheet_is_taken_as_people_have_it(november: Return, encode: Any) -> None:
    came = await november.upload(encode(as_csv(rows(3))))
    assert (came["received"], came["accepted"]) == (3, 3)


async def test_injection_is_text_and_nothing_else(november: Return) -> None:
    evil = ["'; drop table case_return; --", "{{7*7}}", "${jndi:ldap://x}", "<script>", "K\r\nSet-Cookie: a=b", "%s%n"]
    for value in evil:
        answers = [
            await november.send(as_csv([a_row(case_ref=value)])),
            await november.send(as_csv([a_row(setting=value)])),
            await november.client.get(f"{november.path}/findings", params={"rule": value}),
            await november.client.delete(f"{november.path}/held/1", params={"reason": value}),
            await november.client.post(
                f"{november.path}/cases", headers={"Idempotency-Key": value.replace("\r\n", "")}
            ),
        ]
        assert all(answered.status_code < 500 for answered in answers), [answered.text for answered in answers]
        assert all("set-cookie" not in answered.headers for answered in answers)
    assert (await november.read())["state"] == "open"


async def test_two_uploads_at_once_lose_nothing(november: Return) -> None:
    answers = await asyncio.gather(*(november.send(as_csv(rows(40, suspect_count=n))) for n in range(2, 6)))
    codes = [answered.status_code for answered in answers]
    assert set(codes) <= {200, 409}
    assert 200 in codes
    for answered in answers:
        if answered.status_code == 409:
            problem(answered, 409, "draft-moved")
    assert (await november.read())["counts"]["cases"] == 40


async def test_two_seals_at_once_give_one_receipt(november: Return) -> None:
    await november.upload(as_csv(rows(20)))
    await november.explain_all()
    seen = await november.etag()
    answers = await asyncio.gather(*(november.send_seal(seen) for _ in range(4)))
    receipts = [good(answered) for answered in answers]
    assert all(receipt == receipts[0] for receipt in receipts)


async def _long(head: bytes, megabytes: int) -> AsyncIterator[bytes]:
    """A body of one line, in pieces as a socket gives them."""
    yield head
    piece = b"a" * 65_536
    for _ in range(megabytes * 16):
        yield piece


async def _raw(
    served: Served,
    client: httpx.AsyncClient,
    path: str,
    headers: dict[str, str],
    pieces: list[bytes],
    *,
    cut: bool = False,
) -> bytes:
    """Speak HTTP over a socket of our own; ``cut`` closes it in the middle of the body. What came back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    given = {"Host": f"127.0.0.1:{served.port}", "Authorization": client.headers["authorization"], **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in given.items()) + "\r\n"
    writer.write(head.encode())
    for piece in pieces:
        writer.write(piece)
    await writer.drain()
    if cut:
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(65_536), 30)
    finally:
        writer.close()


def _peak(*, reset: bool = False) -> int:
    """The most memory that this process had resident, in bytes, since it was last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


async def test_an_upload_of_csv_says_which_rows_lack_cells_and_holds_a_last_row_that_is_cut_off(
    november: Return,
) -> None:
    answered = await november.upload(
        "case_ref,stage,suspect_count\nK/1,identified,2\nK/2,identified\nK/3,identified\nK/4,iden"
    )
    assert answered["notes"] == [
        "2 rows have fewer cells than the heading: what they lack was read as not known, first in row 3."
    ]
    (finding,) = await november.findings(rule="S105")
    assert finding["row"] == 5
    assert "the file ends within it" in finding["says"]
    assert "send the whole file again" in finding["says"]
