"""What a force sends stays out of everything that is told of the service: sent marked, and looked for."""

from __future__ import annotations

import logging
import re
import secrets
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from service.telemetry import recording
from service.telemetry.metrics import measure
from service.telemetry.spans import note
from service.telemetry.told import PART, UPLOADS
from tests.support.browser import signed_in
from tests.support.postgres import TestDatabase
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, a_served, good, problem
from tests.support.telemetry import Told
from tests.support.workbooks import XLSX, a_workbook

MARK = "MARKED7781"


def marked(where: str) -> str:
    """A value that can be told from every other, and says where it was."""
    return f"{MARK}-{where}"


async def everything_that_a_force_can_do(served: Served, kent: httpx.AsyncClient) -> list[int]:
    """Requests of every kind with marks in all that they carry; the statuses of their answers."""
    own = Return(kent)
    seen: list[httpx.Response] = []

    async def ask(method: str, path: str, **more: Any) -> httpx.Response:
        answered = await kent.request(method, path, **more)
        seen.append(answered)
        return answered

    await own.open()
    rows = [
        a_case(marked("good"), former_case_ref=marked("former"), suspects_not_recorded="2"),
        a_case(marked("held"), suspect_count=marked("count"), nfa_date=marked("date")),
        a_case(marked("code"), outcome=marked("outcome"), shared_ref=marked("shared")),
    ]
    seen.append(await own.send(csv_of(rows)))
    seen.append(await own.send(csv_of(rows), dry_run="true"))
    seen.append(await own.send(f"case_ref,{marked('column')}\n{marked('row')},1\n"))
    seen.append(await own.send(f'{{"case_ref": "{marked("broken")}"', "application/x-ndjson"))
    seen.append(await own.send(f'[{{"case_ref": "{marked("json")}"', "application/json"))
    seen.append(await own.send(b"case_ref\n" + MARK.encode() + b"\xff\xfe", "text/csv"))
    named = {f"{MARK} {number}"[:31]: [a_case(marked("cell"))] for number in range(2)}
    seen.append(await own.send(a_workbook(sheets=named), XLSX))
    seen.append(await own.send(a_workbook([a_case(marked("cell")) | {marked("column"): marked("cell")}]), XLSX))
    seen.append(await own.send(csv_of(rows), marked("media")))
    await ask("GET", f"{own.path}/findings", params={"rule": marked("rule"), marked("name"): 1})
    await ask("GET", f"{own.path}/findings", params={"cursor": marked("cursor")})
    cases = good(await ask("GET", f"{own.path}/cases"))["items"]
    case = f"{own.path}/cases/{cases[0]['case_id']}"
    await ask("GET", f"{own.path}/cases/{marked('id')}")
    await ask("GET", case)
    await ask("GET", f"{case}/why")
    await ask("PUT", case, json=cases[0] | {"suspect_count": marked("replaced")})
    await ask("PUT", case, json={marked("member"): marked("value")})
    await ask("GET", f"{own.path}/cases", headers={"Accept": "text/csv"})
    await ask("DELETE", case, params={"reason": "other", "words": marked("words")})
    held = good(await ask("GET", f"{own.path}/held"))["items"]
    for row in held:
        await ask("DELETE", f"{own.path}/held/{row['n']}", params={"reason": marked("aside")})
    answers = [{"rule": item["rule"], "words": marked("answer")} for item in await own.findings(severity="quality")]
    await ask("PUT", f"{own.path}/explanations", json={"answers": [*answers, {"rule": marked("rule"), "words": "x"}]})
    await ask("PUT", f"{own.path}/explanations", json={"answers": answers})
    for part in ("aggregates", "workforce"):
        for media, content in (
            ("text/csv", f"cases,{marked('column')}\n{marked('cell')},1\n"),
            ("application/json", "["),
        ):
            await ask("PUT", f"{own.path}/{part}", content=content, headers={"Content-Type": media})
    await own.upload(csv_of([a_case(marked("sealed"))]))
    await own.upload(csv_of([a_case(marked("other"))]), mode="snapshot")
    missing = good(await ask("GET", f"{own.path}/withdrawals"))["items"]
    for word in ({"answer": "withdraw", "reason": marked("reason")}, {"answer": "keep", "words": marked("words")}):
        await ask(
            "PUT",
            f"{own.path}/withdrawals",
            json={"withdrawals": [{"case_id": each["case_id"], **word} for each in missing]},
        )
    await own.upload(csv_of([a_case(marked("sealed")), a_case(marked("other"))]), mode="snapshot")
    await own.explain_all(marked("answer"))
    seen.append(await own.send_seal(marked("tag")))
    seen.append(await own.send_seal(f'"{marked("tag")}"'))
    seen.append(await own.send_seal(await own.etag(), name=marked("signer"), role=marked("role")))
    await ask("POST", f"{own.path}/withdraw", json={"reason": marked("reason")})
    await ask("GET", f"/api/forces/{marked('force')}/returns/{marked('period')}")
    await ask("GET", f"/{marked('nowhere')}/x")
    await ask("GET", "/api/terms", headers={"Authorization": f"Bearer {marked('token')}"})
    await ask("GET", own.path, headers={"Authorization": f"Bearer {marked('token')}"})
    await ask("POST", "/oauth/token", data={"grant_type": marked("grant"), "client_assertion": marked("assertion")})
    await ask("PROPFIND", "/api")
    for header in ("tracestate", "baggage", "user-agent", "referer", "x-request-id", "forwarded", "cookie"):
        await ask("GET", "/api", headers={header: f"{MARK.lower()}={marked(header)}"})
    return [answered.status_code for answered in seen]


async def test_no_route_tells_of_anything_that_is_sent_to_it(
    test_database: TestDatabase, tmp_path: Path, told: Told
) -> None:
    """Every route and method that there is, pages included: marks in the path, the query, the headers and the body."""
    async with a_served(test_database.db, tmp_path, pages=True) as served:
        own = Return(await served.client("kent"))
        await own.open()
        programs = [own.client, await served.client(body="nca")]
        people = [await signed_in(served, "kent"), await signed_in(served, "nca")]
        asked = {(method, route.path_format) for route in served.app.routes for method in _methods(route)}
        assert len(asked) > 40
        for method, template in sorted(asked):
            known = {"force": "kent", "period": own.period, "edition": "2025-11-wide", "version": "2025.1"}
            for path in {_filled(template, {}), _filled(template, known)}:
                for client in programs if template.startswith("/api") else people:
                    await _ask(client, method, path)
    said = told.everything()
    assert "request_failed" not in said
    assert {f"{method} {template}" for method, template in asked} <= {span.name for span in told.spans()} | _QUIET
    for secret in (MARK, MARK.lower()):
        assert secret not in said, said[max(0, said.index(secret) - 300) : said.index(secret) + 100]


_QUIET = {"GET /health/live", "GET /health/ready"}


def _methods(route: Any) -> set[str]:
    return {method for method in getattr(route, "methods", ()) if method in ("GET", "POST", "PUT", "DELETE")}


def _filled(template: str, known: dict[str, str]) -> str:
    """The path of a route, with what is not known marked."""
    return re.sub(r"\{(\w+)\}", lambda at: known.get(at[1], marked(at[1])), template)


async def _ask(client: httpx.AsyncClient, method: str, path: str) -> None:
    """One request for each kind of body that a method may have."""
    more = {"params": {marked("name"): marked("query")}, "headers": {"If-Match": f'"{marked("tag")}"'}}
    bodies: list[dict[str, Any]] = [{}]
    if method in ("POST", "PUT"):
        bodies = [
            {"json": {marked("member"): marked("value")}},
            {"data": {marked("field"): marked("value")}},
            {"content": f"case_ref\n{marked('row')}\n", "headers": {**more["headers"], "Content-Type": "text/csv"}},
        ]
    for body in bodies:
        await client.request(method, path, **{**more, **body})


async def test_no_value_of_a_row_reaches_a_trace_a_metric_or_a_log(served: Served, told: Told) -> None:
    key = await served.key("kent")
    token = await served.token(key)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": marked("key")}
    kent = await served.bare({"Authorization": f"Bearer {token}"})
    statuses = await everything_that_a_force_can_do(served, kent)
    assert {200, 400, 401, 404, 405, 412, 415, 422} <= set(statuses), statuses
    again = Return(kent)
    await again.open()
    kent.headers = httpx.Headers(headers)
    await _break_on(served, f"case_ref like '{MARK}%'")
    broken = await again.send(csv_of([a_case(marked("database"), setting="organised")]))
    problem(broken, 500, "internal")
    await served.stack.aclose()
    said = told.everything()
    assert "POST /api/forces/{force}/returns/{period}/seal" in said
    assert "request_failed" in said
    assert "IntegrityError" in said
    for secret in (MARK, MARK.lower(), token, "private_key", *_of_the_usual_case()):
        assert secret not in said, said[max(0, said.index(secret) - 300) : said.index(secret) + 100]


async def test_no_value_of_a_work_list_reaches_a_trace_a_metric_or_a_log(served: Served, told: Told) -> None:
    kent = await served.client("kent")
    own = Return(kent)
    await own.open()
    await own.upload(csv_of([a_case(marked("asked"), nfa_date="2010/2011")]))
    await own.explain_all()
    await own.seal()
    for media in ("application/json", "text/csv", XLSX):
        listed = await kent.get("/api/forces/kent/work-list", headers={"Accept": media})
        assert media == XLSX or marked("asked") in listed.text
    (case,) = good(await kent.get("/api/forces/kent/work-list"))["items"]
    good(await kent.get(f"{own.path}/cases/{case['case_id']}/why"))
    assert marked("asked") in (await kent.get("/api/forces/kent/border")).text
    problem(await kent.get("/api/forces/kent/work-list", params={"attribute": marked("attribute")}), 422)
    problem(await kent.get("/api/forces/kent/work-list", params={"cursor": marked("cursor")}), 422)
    await served.stack.aclose()
    said = told.everything()
    assert "GET /api/forces/{force}/work-list" in said
    for secret in (MARK, MARK.lower(), "2010/2011", "2011-12-31", str(case["case_id"])):
        assert secret not in said, said[max(0, said.index(secret) - 300) : said.index(secret) + 100]


def test_a_mark_that_was_told_would_be_found(told: Told) -> None:
    """The look itself: spans, metrics and the log, by both ways that it takes, are in the text."""
    marks = [f"{MARK}-{secrets.token_hex(4)}" for _ in range(3)]
    logging.getLogger("service.tests").warning("return_sealed", extra={"force": marks[0]})
    measure(UPLOADS, 1, {PART: marks[1]})
    assert recording.now.tracer is not None
    with recording.now.tracer.start_as_current_span("x"):
        note({PART: marks[2]})
    said = told.everything()
    assert [said.count(mark) for mark in marks] == [2, 1, 1]


def _of_the_usual_case() -> tuple[str, ...]:
    """Values of the builder's rows that are no word of anything else."""
    return ("2014-03", "A. Signer")


async def _break_on(served: Served, condition: str) -> None:
    """Make the database refuse rows with an error whose text quotes them, as a fault of ours would."""
    async with served.db.owner() as tx:
        await tx.execute(text(f"alter table draft_case add constraint broken check (not ({condition}))"))
