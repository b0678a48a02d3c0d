"""The service and offline validation find the same in the same order, whatever a file holds (semantics 13)."""

from __future__ import annotations

import json

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.contract.findings import shown
from service.contract.model import PartName
from service.returns.context import Context
from service.returns.lifecycle import withdraw_return
from service.returns.offline import validate
from service.storage.database import Database
from tests.support.cells import rows_with_wrong_cells
from tests.support.returns import LEAD, a_service, csv_of, opened, sent
from tests.support.stock import findings_of, held_in

REFERENCES = ("K/1", "K/2", "K/3", "k-3", "K/4", "K/5", "K/6", "", "John Smith", "NOT A REF")


@pytest_asyncio.fixture(scope="module")
async def context(module_database: Database) -> Context:
    return await a_service(module_database)


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str]:
    """A file of rows with wrong cells, some references twice, as CSV or as objects that lack some of their keys."""
    rows = [
        {"case_ref": draw(st.sampled_from(REFERENCES)), **draw(rows_with_wrong_cells())}
        for _ in range(draw(st.integers(6, 14)))
    ]
    if draw(st.booleans()):
        return csv_of(rows), "text/csv"
    for row in rows:
        for name in draw(st.sets(st.sampled_from(sorted(row.keys() - {"case_ref"})), max_size=4)):
            del row[name]
    return "".join(json.dumps(row) + "\n" for row in rows).encode(), "application/x-ndjson"


@given(files())
@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_service_finds_what_offline_validation_finds(context: Context, file: tuple[bytes, str]) -> None:
    content, media = file
    item = await opened(context, "kent")
    contract = context.library.contracts[item.contract_version]
    answer = await sent(context, item, content, media=media)
    report = validate(content, contract, contract.parts[PartName.CASE], media)
    there = [one.document for one in await findings_of(context, item) if one.document["part"] == "case"]
    assert there == [shown(contract, finding) for finding in report.findings]
    assert (answer.received, answer.accepted, answer.held) == (report.received, report.accepted, report.held)
    assert {severity: answer.findings[severity] for severity in ("syntactical", "validity", "quality")} == {
        severity.value: count for severity, count in report.counts.items() if severity.value != "macro"
    }
    held = {finding.row for finding in report.findings if finding.severity.holds}
    assert {row.row for row in await held_in(context, item)} == held
    await withdraw_return(context, LEAD, item.force, item.id, "For the next example.")
