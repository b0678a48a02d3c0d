"""Each request is one trace, whose spans say which of its steps took how long."""

from __future__ import annotations

import re

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from service.telemetry import recording
from service.telemetry.requests import sent_trace
from service.telemetry.told import ERROR, REQUEST, ROUTE, SPANS, STATEMENT
from tests.support.faults import until
from tests.support.returns import a_case, csv_of
from tests.support.server import PERIOD, Return, Served, good
from tests.support.telemetry import Told, trace_of

SENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def kinds(span: ReadableSpan) -> str:
    """Under which name a span is declared."""
    if span.kind is SpanKind.SERVER:
        return REQUEST
    return STATEMENT if span.kind is SpanKind.CLIENT else span.name


def tree(spans: list[ReadableSpan]) -> set[tuple[str, str]]:
    """Every span with the one that it stands in, by their declared names."""
    by_id = {span.context.span_id: span for span in spans if span.context is not None}
    return {(kinds(span), kinds(by_id[span.parent.span_id]) if span.parent is not None else "") for span in spans}


async def trace(told: Told, name: str) -> list[ReadableSpan]:
    """The spans of the newest request of that name, once it is told."""
    await until(lambda: any(span.name == name for span in told.spans()), f"{name} is told")
    return told.spans(trace_of([span for span in told.spans() if span.name == name][-1]))


async def test_an_upload_is_one_trace_of_reading_copying_checking_and_writing(november: Return, told: Told) -> None:
    await november.upload(csv_of([a_case(), a_case("K/2", suspect_count="two")]))
    spans = await trace(told, "POST /api/forces/{force}/returns/{period}/cases")
    assert len({trace_of(span) for span in spans}) == 1
    assert {
        (REQUEST, ""),
        ("receive", REQUEST),
        ("upload", REQUEST),
        ("copy", "upload"),
        ("decode", "copy"),
        ("validate", "copy"),
        ("validate", "upload"),
        ("draft", "upload"),
        ("summarise", "upload"),
        ("commit", "upload"),
        (STATEMENT, "validate"),
        (STATEMENT, "draft"),
        (STATEMENT, "summarise"),
    } <= tree(spans)
    (decode,) = [span for span in spans if span.name == "decode"]
    assert dict(decode.attributes or {})["case_returns.rows"] == 2


async def test_a_seal_is_one_trace_with_a_span_for_each_of_its_steps(november: Return, told: Told) -> None:
    await november.upload(csv_of([a_case()]))
    await november.explain_all()
    await november.seal()
    spans = await trace(told, "POST /api/forces/{force}/returns/{period}/seal")
    steps = {"readiness", "versions", "tally", "digest", "rebase", "commit"}
    assert {("seal", REQUEST), *((step, "seal") for step in steps)} <= tree(spans)
    editions = {dict(span.attributes or {})["case_returns.edition"] for span in spans if span.name == "tally"}
    assert editions == {"2025-11-wide", "2026-02-referral"}


async def test_every_span_and_all_that_it_carries_is_declared(served: Served, november: Return, told: Told) -> None:
    await november.upload(csv_of([a_case()]))
    good(await november.client.post(f"{november.path}/states/1/restore"))
    await november.upload(csv_of([a_case()]))
    await november.explain_all()
    await november.seal()
    for asked in ("work-list", "border"):
        good(await november.client.get(f"/api/forces/kent/{asked}"))
    nca = await served.client(None, "national:read", body="nca")
    good(await nca.get("/api/national/bridge"))
    good(await nca.post("/api/scopes/2026-02-referral/simulate", json={}))
    declared = {span.name: span for span in SPANS}
    for span in told.spans():
        assert set(span.attributes or {}) <= {*declared[kinds(span)].attributes, ERROR}, span.name
    assert {kinds(span) for span in told.spans()} >= {name for name in declared if name not in ("picture", "effect")}


async def test_a_traceparent_that_is_sent_is_continued_and_given_back(served: Served, told: Told) -> None:
    client = await served.bare({"traceparent": SENT})
    answered = await client.get("/api/terms")
    version, trace_id, span_id, flags = answered.headers["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", SENT.split("-")[1], "01")
    (request, *_) = await trace(told, "GET /api/terms")
    assert request.context is not None
    assert request.parent is not None
    assert (f"{request.context.span_id:016x}", f"{request.parent.span_id:016x}") == (span_id, SENT.split("-")[2])


async def test_without_recording_a_request_still_has_a_trace_of_its_own_or_its_senders(served: Served) -> None:
    assert recording.now is recording.NOTHING
    client = await served.bare()
    first, second = [(await client.get("/api")).headers["traceparent"] for _ in range(2)]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", first)
    assert first != second
    continued = await client.get("/api", headers={"traceparent": SENT})
    assert continued.headers["traceparent"].split("-")[1] == SENT.split("-")[1]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"{SENT}-more",
        SENT.replace("00-4b", "ff-4b"),
        SENT.upper(),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
    ],
)
def test_a_traceparent_that_cannot_be_read_is_none(header: str) -> None:
    assert sent_trace(header.encode()) is None


def test_a_traceparent_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert sent_trace(SENT.replace("00-4b", "cc-4b").encode() + b"-what-the-future-brings") is not None


async def test_an_address_without_a_route_is_told_without_its_path(served: Served, told: Told) -> None:
    client = await served.bare()
    await client.get("/api/nowhere-at-all")
    (request,) = await trace(told, "GET")
    assert ROUTE not in (request.attributes or {})
    assert request.status.status_code is StatusCode.UNSET


async def test_what_a_client_can_mend_is_no_error_of_the_service(november: Return, told: Told) -> None:
    refused = await november.send_seal('"another"')
    assert refused.status_code == 412
    spans = await trace(told, "POST /api/forces/{force}/returns/{period}/seal")
    carried = {kinds(span): dict(span.attributes or {}) for span in spans}
    assert carried["seal"][ERROR] == "draft-moved"
    assert carried[REQUEST]["case_returns.problem"] == "draft-moved"
    assert all(span.status.status_code is StatusCode.UNSET for span in spans)


async def test_whoever_asks_whether_the_service_lives_is_not_traced(served: Served, told: Told) -> None:
    client = await served.bare()
    before = len(told.spans())
    assert (await client.get("/health/ready")).is_success
    assert (await client.get("/api/terms")).is_success
    spans = await trace(told, "GET /api/terms")
    assert told.spans()[before:] == spans


async def test_a_trace_says_of_whom_it_is_only_where_the_token_was_valid(served: Served, told: Told) -> None:
    key = await served.key("kent")
    bearer = {"Authorization": f"Bearer {await served.token(key)}"}
    client = await served.bare()
    await client.get(f"/api/forces/kent/returns/{PERIOD}", headers={"Authorization": f"Bearer {key.client_id}"})
    await client.get("/api/forces/kent/returns", headers=bearer)
    (refused, *_) = await trace(told, "GET /api/forces/{force}/returns/{period}")
    (taken, *_) = await trace(told, "GET /api/forces/{force}/returns")
    assert "case_returns.client" not in (refused.attributes or {})
    assert dict(taken.attributes or {})["case_returns.client"] == key.client_id
