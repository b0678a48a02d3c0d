"""The whole path over HTTP: open, upload, findings, explanations, seal, national picture."""

from __future__ import annotations

from tests.support.rows import as_csv, rows
from tests.support.server import Return, Served, good


async def test_a_return_goes_from_a_spreadsheet_to_the_national_picture(served: Served, november: Return) -> None:
    came = await november.upload(as_csv(rows(3)))
    assert (came["received"], came["accepted"], came["new"], came["held"]) == (3, 3, 3, 0)
    assert came["digest"].startswith("sha-256:")

    await november.explain_all()
    receipt = await november.seal()
    assert receipt["force"] == "kent"
    assert [tally["totals"]["in_scope"] for tally in receipt["tallies"]] == [3, 0]

    nca = await served.client(None, body="nca")
    picture = good(await nca.get("/api/national/picture", params={"by": "force"}))
    assert picture["totals"]["in_scope"] == 3
    assert picture["scope"]["edition"] == "2025-11-wide"
