"""What forces are still asked, as the national bodies see it: counts by force and attribute, and no case."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from service.api.outstanding import OutstandingDocument
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import Return, Served, good, problem

PATH = "/api/national/outstanding"


async def sealed(client: httpx.AsyncClient, force: str, sent: list[dict[str, Any]], period: str = "2025-11") -> None:
    item = Return(client, force, period)
    await item.open()
    assert (await item.upload(as_csv(sent)))["held"] == 0
    await item.explain_all()
    await item.seal()


async def outstanding(served: Served, **query: str) -> dict[str, Any]:
    found = good(await (await served.client(body="nca")).get(PATH, params=query))
    msgspec.convert(found, OutstandingDocument)
    return found


def lacks(item: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(each["attribute"], each["cases"], each["alone"]) for each in item["attributes"]]


async def test_what_is_outstanding_is_counted_by_force_and_attribute(served: Served, kent: httpx.AsyncClient) -> None:
    await sealed(kent, "kent", [*rows(2), a_row(case_ref="K/8", nfa_by=""), a_row(case_ref="K/9", suspect_count="")])
    essex = await served.client("essex")
    await sealed(essex, "essex", [a_row(case_ref=f"E/{n}", nfa_by="", suspect_count="1+") for n in range(3)])

    found = await outstanding(served)

    assert (found["forces"], found["undetermined"], found["not_judged"]) == (2, 5, 0)
    assert lacks(found) == [("suspect_count", 4, 1), ("nfa_by", 4, 1)]
    assert [each["forces"] for each in found["attributes"]] == [2, 2]
    assert [(each["force"], each["undetermined"], lacks(each)) for each in found["items"]] == [
        ("essex", 3, [("suspect_count", 3, 0), ("nfa_by", 3, 0)]),
        ("kent", 2, [("suspect_count", 1, 1), ("nfa_by", 1, 1)]),
    ]


async def test_it_is_what_the_forces_own_list_counts_under_any_edition(served: Served, kent: httpx.AsyncClient) -> None:
    await sealed(kent, "kent", [a_row(case_ref=f"K/{n}", victim_count=n, nfa_by="") for n in range(1, 5)])
    for scope in ("2025-11-wide", "2026-02-referral"):
        (own,) = (await outstanding(served, scope=scope))["items"]
        listed = good(await kent.get("/api/forces/kent/work-list", params={"scope": scope}))
        assert own["undetermined"] == listed["cases"]
        assert lacks(own) == lacks(listed)


async def test_a_return_that_leaves_nothing_open_is_counted_with_nothing(
    served: Served, kent: httpx.AsyncClient
) -> None:
    await sealed(kent, "kent", rows(2))
    (own,) = (await outstanding(served))["items"]
    assert (own["undetermined"], own["attributes"]) == (0, [])


async def test_it_is_of_the_newest_sealed_return_or_of_a_month(served: Served, kent: httpx.AsyncClient) -> None:
    await sealed(kent, "kent", rows(2, nfa_by=""))
    await sealed(kent, "kent", [a_row(case_ref="K/1", nfa_by="cps")], "2025-12")
    assert (await outstanding(served))["undetermined"] == 1
    assert (await outstanding(served, period="2025-11"))["undetermined"] == 2
    assert (await outstanding(served, period="2026-01"))["items"] == []


async def test_only_a_national_body_is_told(served: Served, kent: httpx.AsyncClient) -> None:
    problem(await kent.get(PATH), 403)
    nca = await served.client(body="nca")
    problem(await nca.get(PATH, params={"scope": "wide"}), 422, "parameter")
    problem(await nca.get(PATH, params={"period": "2025-13"}), 422, "parameter")
