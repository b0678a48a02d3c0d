"""A file checked beside the file of the period before finds what the service finds on top of the sealed return."""

from __future__ import annotations

import json

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.contract.findings import shown
from service.contract.model import PartName
from service.returns.context import Context
from service.returns.held import set_aside
from service.returns.lifecycle import withdraw_return
from service.returns.model import Open
from service.returns.offline import Earlier, validate
from service.returns.previous import Reading
from service.storage.database import Database
from tests.support.returns import (
    LEAD,
    a_case_of_2026,
    a_service,
    again,
    both_versions,
    csv_of,
    explained,
    opened,
    sealed,
    sent,
)
from tests.support.stock import findings_of, held_in

OLD, NEW = "2025.1", "2026.1"
KEYS = tuple(f"K/{number}" for number in range(1, 9))
CHOICES = {
    "stage": ("identified", "in_assessment", "assessed", "concluded"),
    "result": ("", "charged", "out_of_court", "charged|out_of_court"),
    "suspects_charged": ("", "0", "1", "2", "1-2", "two"),
    "nfa_date": ("2014-03-07", "2014-03-08", "2014-03", "2013-01-01"),
    "reported_date": ("2013-09-02", "2013-09-03", "", "not_provided"),
    "suspect_count": ("3", "3", "2+"),
    "outcome": ("16", "15|16"),
    "priority": ("", "high"),
}

rows_of_one = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()})


@pytest_asyncio.fixture(scope="module")
async def context(module_database: Database) -> Context:
    return both_versions(await a_service(module_database))


@st.composite
def files(draw: st.DrawFn, *, former: bool) -> tuple[bytes, str]:
    """Cases much alike, some references twice or former ones; as CSV, whole or in few columns, or as objects that lack
    some of their keys."""
    rows = []
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=9, unique=draw(st.integers(0, 3)) > 0)):
        row = a_case_of_2026(key, **draw(rows_of_one))
        if former and draw(st.integers(0, 3)) == 0:
            row["former_case_ref"] = draw(st.sampled_from(KEYS))
        rows.append(row)
    if draw(st.booleans()):
        lacking = draw(st.sets(st.sampled_from(sorted(rows[0].keys() - {"case_ref"})), max_size=5)) if former else set()
        return csv_of({name: row[name] for name in row if name not in lacking} for row in rows), "text/csv"
    for row in rows if former else ():
        for name in draw(st.sets(st.sampled_from(sorted(row.keys() - {"case_ref"})), max_size=4)):
            del row[name]
    return "".join(json.dumps(row) + "\n" for row in rows).encode(), "application/x-ndjson"


def as_of_old(content: bytes) -> bytes:
    """The same rows as the older version writes them."""
    return content.replace(b"victim_age_youngest", b"youngest_victim_age").replace(b"high", b"rape")


@given(files(former=False), files(former=True), st.booleans())
@settings(
    deadline=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_service_finds_what_is_found_beside_the_file_of_the_period_before(
    context: Context, before: tuple[bytes, str], now: tuple[bytes, str], is_old: bool
) -> None:
    contract = context.library.contracts[NEW]
    content = as_of_old(before[0]) if is_old else before[0]
    earlier = await opened(context, "kent", "2026-01", contract_version=OLD if is_old else NEW)
    await sent(context, earlier, content, media=before[1])
    now_open = await again(context, earlier)
    assert isinstance(now_open, Open)
    if await held_in(context, earlier):
        numbers = [row.n for row in await held_in(context, earlier)]
        await set_aside(context, LEAD, now_open, numbers, "duplicate", None, None)
    await explained(context, earlier)
    await sealed(context, earlier)
    item = await opened(context, "kent", "2026-02", contract_version=NEW)
    try:
        await sent(context, item, now[0], media=now[1])
        there = [one.document for one in await findings_of(context, item) if one.document["part"] == "case"]
    finally:
        for each in (item, earlier):
            await withdraw_return(context, LEAD, each.force, each.id, "For the next example.")
    written_in = context.library.contracts[OLD] if is_old else None
    read = Reading(context.library, OLD, NEW) if is_old else None
    previous = Earlier(file=content, media=before[1], contract=written_in, read=read)
    report = validate(now[0], contract, contract.parts[PartName.CASE], now[1], previous=previous)
    assert [shown(contract, finding) for finding in report.findings] == there
