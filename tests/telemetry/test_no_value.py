"""What a force sends stays out of everything that is told of the service: sent marked, and looked for."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import httpx
from sqlalchemy import text

from service.telemetry import recording
from service.telemetry.metrics import measure
from service.telemetry.spans import note
from service.telemetry.told import PART, UPLOADS
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good, problem
from tests.support.telemetry import Told

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
    seen.append(await own.send(csv_of(rows), marked("media")))
    await ask("GET", f"{own.path}/findings", params={"rule": marked("rule"), marked("name"): 1})
    await ask("GET", f"{own.path}/findings", params={"cursor": marked("cursor")})
    cases = good(await ask("GET", f"{own.path}/cases"))["items"]
    case = f"{own.path}/cases/{cases[0]['case_id']}"
    await ask("GET", f"{own.path}/cases/{marked('id')}")
    await ask("GET", case)
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
    await own.upload(csv_of([a_case(marked("sealed"))]))
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
