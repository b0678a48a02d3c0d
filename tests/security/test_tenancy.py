"""Threat cases 11 to 16: nobody reaches another force's returns, by any way that the API offers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from msgspec import Struct
from sqlalchemy import text

from service.storage.database import Database
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import PERIOD, Return, Served, a_served, good, problem

MARK = "K/MARKED-7781"
"""Stands in a row of Kent's: it must be seen by nobody else."""

OWN_CLIENT = ("httpx", "httpcore", "hpack")
"""Loggers of the tests' own HTTP client, which tells what the test sends."""

BASE = "/api/forces/{force}"
WAYS = (
    ("GET", "/returns"),
    ("GET", f"/returns/{PERIOD}"),
    ("GET", f"/returns/{PERIOD}?revision=1"),
    ("PUT", f"/returns/{PERIOD}"),
    ("POST", f"/returns/{PERIOD}/cases"),
    ("POST", f"/returns/{PERIOD}/cases?dry_run=true"),
    ("GET", f"/returns/{PERIOD}/cases"),
    ("GET", f"/returns/{PERIOD}/cases/{{case_id}}"),
    ("PUT", f"/returns/{PERIOD}/cases/{{case_id}}"),
    ("DELETE", f"/returns/{PERIOD}/cases/{{case_id}}?reason=duplicate"),
    ("GET", f"/returns/{PERIOD}/cases/{{case_id}}/history"),
    ("GET", f"/returns/{PERIOD}/held"),
    ("DELETE", f"/returns/{PERIOD}/held/1?reason=x"),
    ("GET", f"/returns/{PERIOD}/withdrawals"),
    ("PUT", f"/returns/{PERIOD}/withdrawals"),
    ("GET", f"/returns/{PERIOD}/aggregates"),
    ("PUT", f"/returns/{PERIOD}/aggregates"),
    ("GET", f"/returns/{PERIOD}/workforce"),
    ("PUT", f"/returns/{PERIOD}/workforce"),
    ("GET", f"/returns/{PERIOD}/findings"),
    ("PUT", f"/returns/{PERIOD}/explanations"),
    ("POST", f"/returns/{PERIOD}/seal"),
    ("POST", f"/returns/{PERIOD}/withdraw"),
    ("POST", f"/returns/{PERIOD}/disputes"),
    ("GET", f"/returns/{PERIOD}/receipt"),
    ("GET", f"/returns/{PERIOD}/tallies"),
    ("GET", "/border"),
    ("GET", "/work-list"),
)


class Neighbours(Struct):
    """A service in which Kent has a return with a marked row, one held, and Essex has none."""

    served: Served
    kent: Return
    essex: httpx.AsyncClient
    case_id: str
    etag: str

    def path(self, way: str, force: str = "kent") -> str:
        return BASE.format(force=force) + way.format(case_id=self.case_id)


@pytest_asyncio.fixture(scope="module")
async def neighbours(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbours]:
    async with a_served(module_database, tmp_path_factory.mktemp("tenancy")) as served:
        kent = Return(await served.client("kent"))
        await kent.open()
        await kent.upload(as_csv([a_row(case_ref=MARK), a_row(case_ref="K/2", suspect_count="two")]))
        (case,) = good(await kent.client.get(f"{kent.path}/cases"))["items"]
        yield Neighbours(served, kent, await served.client("essex"), case["case_id"], await kent.etag())


async def snapshot(neighbours: Neighbours) -> str:
    """All that Kent has, to see that nobody changed it."""
    return (await neighbours.kent.client.get(neighbours.kent.path)).text


@pytest.mark.parametrize(("method", "way"), WAYS)
async def test_another_forces_resource_is_told_from_nothing_by_nobody(
    neighbours: Neighbours, method: str, way: str
) -> None:
    before = await snapshot(neighbours)
    headers = {"If-Match": neighbours.etag, "Idempotency-Key": "k", "Content-Type": "text/csv"}
    body = as_csv(rows(1)) if method in ("PUT", "POST") else None
    answers = [
        await neighbours.essex.request(method, neighbours.path(way, force), content=body, headers=headers)
        for force in ("kent", "atlantis", "KENT", "%00", "kent%2f..")
    ]
    for answered in answers:
        problem(answered, 404)
        assert answered.text == answers[0].text
        assert answered.headers.get("etag") is None
        assert MARK not in answered.text
    own = ("date", "traceparent")  # of this very answer
    told = [{name: value for name, value in answered.headers.items() if name not in own} for answered in answers]
    assert all(each == told[0] for each in told)
    assert await snapshot(neighbours) == before


@pytest.mark.parametrize(("method", "way"), WAYS)
async def test_a_national_body_has_no_way_into_a_forces_returns(neighbours: Neighbours, method: str, way: str) -> None:
    nca = await neighbours.served.client(None, "national:read", "audit:read", body="nca")
    before = await snapshot(neighbours)
    answered = await nca.request(method, neighbours.path(way), content=as_csv(rows(1)), headers={"If-Match": "*"})
    problem(answered, 403, "missing-permission")
    assert await snapshot(neighbours) == before


@pytest.mark.parametrize(("method", "way"), WAYS)
async def test_without_a_token_nothing_is_said_but_how_to_get_one(
    neighbours: Neighbours, method: str, way: str
) -> None:
    stranger = await neighbours.served.bare()
    for force in ("kent", "atlantis"):
        answered = await stranger.request(method, neighbours.path(way, force))
        problem(answered, 401, "unauthenticated")
        assert "resource_metadata" in answered.headers["www-authenticate"]


async def test_another_forces_case_is_not_found_under_ones_own_path(neighbours: Neighbours) -> None:
    essex = Return(neighbours.essex, "essex")
    await essex.open()
    await essex.upload(as_csv(rows(1)))
    path = f"{essex.path}/cases/{neighbours.case_id}"
    for answered in (
        await essex.client.get(path),
        await essex.client.get(f"{path}/history"),
        await essex.client.put(path, json={"stage": "identified"}),
        await essex.client.delete(path, params={"reason": "duplicate"}),
    ):
        problem(answered, 404)
    word = {"case_id": neighbours.case_id, "answer": "keep"}
    refused = await essex.client.put(f"{essex.path}/withdrawals", json={"withdrawals": [word]})
    problem(refused, 422, "answers-refused")


async def test_another_forces_tag_cursor_and_key_open_nothing(neighbours: Neighbours) -> None:
    kent = neighbours.kent
    key = {"Idempotency-Key": "shared", "Content-Type": "text/csv"}
    content = as_csv([a_row(case_ref=MARK)])
    good(await kent.client.post(f"{kent.path}/cases", content=content, headers=key))
    cursor = good(await kent.client.get(f"{kent.path}/findings", params={"limit": 1}))["next"]

    essex = Return(await neighbours.served.client("essex"), "essex", "2025-12")
    await essex.open()
    problem(await essex.send_seal(neighbours.etag), 412)
    came = good(await essex.client.post(f"{essex.path}/cases", content=as_csv(rows(1)), headers=key))
    assert came["received"] == 1
    assert cursor is None or MARK not in (await essex.client.get(f"{essex.path}/findings?cursor={cursor}")).text
    for way in ("cases", "findings", "held"):
        assert MARK not in (await essex.client.get(f"{essex.path}/{way}")).text
    for medium in ("text/csv", "application/x-ndjson"):
        assert MARK not in (await essex.client.get(f"{essex.path}/cases", headers={"Accept": medium})).text


async def test_a_body_that_names_another_force_is_refused(neighbours: Neighbours) -> None:
    essex = await neighbours.served.client("essex")
    refused = await essex.put(neighbours.path(f"/returns/{PERIOD}", "essex"), json={"force": "kent"})
    assert problem(refused, 422)["errors"][0]["pointer"] == "/force"
    sent = await essex.put(neighbours.path(f"/returns/{PERIOD}", "essex"), json={"force": "essex"})
    good(sent)


async def test_row_security_hides_other_forces_from_the_applications_own_role(neighbours: Neighbours) -> None:
    number = neighbours.served.context.force_number
    tables = ("case_return", "draft_case", "held_row", "finding", "idempotent_answer")
    for table in tables:
        forgetful = text(f"select count(*) from {table} where force = :kent")
        async with neighbours.served.db.force(number("kent")) as tx:
            assert (await tx.execute(forgetful, {"kent": number("kent")})).scalar_one() > 0 or table == tables[-1]
        async with neighbours.served.db.force(number("essex")) as tx:
            assert (await tx.execute(forgetful, {"kent": number("kent")})).scalar_one() == 0
        async with neighbours.served.db.app() as tx:
            assert (await tx.execute(text(f"select count(*) from {table}"))).scalar_one() == 0


async def test_a_data_lead_without_the_right_cannot_seal(neighbours: Neighbours) -> None:
    writer = await neighbours.served.client("kent", "returns:read", "returns:write")
    problem(await Return(writer).send_seal(neighbours.etag), 403, "missing-permission")
    token = await neighbours.served.token(await neighbours.served.key("kent"), "returns:read returns:write")
    narrowed = await neighbours.served.bare({"Authorization": f"Bearer {token}"})
    problem(await Return(narrowed).send_seal(neighbours.etag), 403, "missing-permission")


@pytest.mark.parametrize("permission", ["returns:read", "returns:write", "returns:seal"])
async def test_a_body_cannot_be_given_a_forces_permission(neighbours: Neighbours, permission: str) -> None:
    with pytest.raises(Exception, match="permission"):
        await neighbours.served.key(None, permission, body="nca")


async def test_no_error_text_carries_a_reference(neighbours: Neighbours, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kent = neighbours.kent
    answers: list[Any] = [
        await kent.send(as_csv([a_row(case_ref=MARK, suspect_count="two")]), mode="bad"),
        await kent.client.get(f"{kent.path}/findings", params={"rule": MARK}),
        await kent.client.get(f"{kent.path}/cases/{MARK}"),
        await kent.client.put(f"{kent.path}/explanations", json={MARK: 1}),
        await kent.client.get(f"{kent.path}/cases", params={MARK: 1}),
    ]
    for answered in answers[:3]:
        assert MARK not in answered.text
    assert all(answered.status_code < 500 for answered in answers)
    told = [record.getMessage() for record in caplog.records if record.name.partition(".")[0] not in OWN_CLIENT]
    assert MARK not in "\n".join(told)
