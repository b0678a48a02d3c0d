"""Metrics count what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from service.telemetry.told import (
    ACTIVE,
    FINDINGS,
    METRICS,
    POOL_TIMEOUTS,
    POOL_WAIT,
    REQUESTS,
    SEALS,
    TALLIES,
    UPLOADED_ROWS,
    UPLOADS,
    Metric,
)
from tests.support.faults import until
from tests.support.postgres import TestDatabase
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served
from tests.support.telemetry import Told


def by(told: Told, metric: Metric, label: str) -> dict[Any, float]:
    """A metric by one of its labels."""
    points: list[tuple[Mapping[str, Any], float]] = told.points(metric.name)
    found: dict[Any, float] = {}
    for labels, value in points:
        found[labels.get(label)] = found.get(labels.get(label), 0) + value
    return found


async def test_an_upload_is_counted_with_its_rows_and_its_findings_by_rule(november: Return, told: Told) -> None:
    rows = [a_case(), a_case("K/2", suspect_count="two"), a_case("K/3", nfa_date="2014-13"), a_case("K/4")]
    answer = await november.upload(csv_of(rows))
    listed = [item["rule"] for item in await november.findings()]
    assert by(told, FINDINGS, "case_returns.rule") == {rule: listed.count(rule) for rule in listed}
    severities = by(told, FINDINGS, "case_returns.severity")
    assert severities == {name: count for name, count in answer["findings"].items() if count}
    await november.upload(csv_of([a_case(), a_case("K/4", stage="in_assessment")]))
    await november.send(csv_of(rows), dry_run="true")
    assert by(told, UPLOADS, "case_returns.outcome") == {"taken": 2, "checked": 1}
    assert by(told, UPLOADED_ROWS, "case_returns.outcome") == {"new": 2, "held": 2, "unchanged": 1, "changed": 1}


async def test_a_seal_is_measured_and_its_tallies_are_counted(november: Return, told: Told) -> None:
    await november.upload(csv_of([a_case()]))
    await november.explain_all()
    etag = await november.etag()
    await november.send_seal(etag)
    await november.send_seal(etag)
    assert told.points(SEALS.name) == [({}, 1)]
    assert by(told, TALLIES, "case_returns.edition") == {"2025-11-wide": 1, "2026-02-referral": 1}


async def test_a_seal_that_is_refused_is_not_counted(november: Return, told: Told) -> None:
    await november.send_seal('"another"')
    assert told.points(SEALS.name) == []
    assert told.points(TALLIES.name) == []


async def test_requests_are_counted_by_the_template_of_their_route_and_their_status(served: Served, told: Told) -> None:
    client = await served.bare()
    for path in ("/api/scopes/2025-11-wide", "/api/scopes/2026-02-referral", "/api/scopes/none", "/nowhere"):
        await client.get(path)
    await served.stack.aclose()
    found = {
        (labels.get("http.route"), labels["http.response.status_code"]): count
        for labels, count in told.points(REQUESTS.name)
    }
    assert found == {("/api/scopes/{edition}", 200): 2, ("/api/scopes/{edition}", 404): 1, (None, 404): 1}


async def test_no_request_is_under_way_when_all_are_answered(served: Served, told: Told) -> None:
    client = await served.bare()
    await asyncio.gather(*(client.get("/api") for _ in range(5)))
    await until(lambda: by(told, ACTIVE, "http.request.method") == {"GET": 0}, "all are answered")
    assert by(told, REQUESTS, "http.request.method") == {"GET": 5}


async def test_the_wait_for_a_connection_is_measured_by_pool(test_database: TestDatabase, told: Told) -> None:
    before = by(told, POOL_WAIT, "db.client.connection.pool.name")
    async with test_database.db.force(1), test_database.db.national():
        pass
    after = by(told, POOL_WAIT, "db.client.connection.pool.name")
    assert {pool: after[pool] - before[pool] for pool in after} == {"app": 1, "national": 1, "judge": 0}
    assert told.points(POOL_TIMEOUTS.name) == []


async def test_every_metric_and_each_of_its_labels_is_declared(november: Return, told: Told) -> None:
    await november.upload(csv_of([a_case(), a_case("K/2", suspect_count="two")]))
    for metric in METRICS:
        for labels, _ in told.points(metric.name):
            assert set(labels) <= set(metric.labels), metric.name
