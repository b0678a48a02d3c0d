"""What forces are still asked, as the national bodies see it: counts by force and attribute, and no case."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec
import pytest

from service.api.outstanding import OutstandingDocument
from service.picture.outstanding_export import OutstandingTable
from tests.support.identity import Hand
from tests.support.returns import csv_of
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import Return, Served, good, problem
from tests.support.workbooks import XLSX, records_of, sheets_of

PATH = "/api/national/outstanding"


async def sealed(
    client: httpx.AsyncClient,
    force: str,
    sent: list[dict[str, Any]],
    period: str = "2025-11",
    *,
    cells: Sequence[Mapping[str, str]] = (),
    **opening: Any,
) -> None:
    item = Return(client, force, period)
    await item.open(**opening)
    if cells:
        headers = {"Content-Type": "text/csv"}
        good(await client.put(f"{item.path}/aggregates", content=csv_of(cells), headers=headers))
    if sent:
        assert (await item.upload(as_csv(sent)))["held"] == 0
    await item.explain_all()
    await item.seal()


async def outstanding(served: Served, **query: str) -> dict[str, Any]:
    found = good(await (await served.client(body="nca")).get(PATH, params=query))
    msgspec.convert(found, OutstandingDocument)
    return found


def every_set_once() -> list[dict[str, Any]]:
    """Sixteen cases: one that lacks nothing, and one for each set that can be lacking of four attributes."""
    blank = ("nfa_by", "suspect_count", "victim_count", "nfa_date")
    return [
        a_row(case_ref=f"K/{which}", **{name: "" for place, name in enumerate(blank) if which >> place & 1})
        for which in range(16)
    ]


def sets(item: dict[str, Any]) -> list[tuple[list[str], int]]:
    return [(each["attributes"], each["cases"]) for each in item["together"]["sets"]]


def lacks(item: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(each["attribute"], each["cases"], each["alone"]) for each in item["attributes"]]


def numbers(item: dict[str, Any]) -> list[int]:
    return [each["numbers"] for each in item["attributes"]]


def ranges(item: dict[str, Any]) -> list[tuple[str | None, int | None, int | None]]:
    return [(each["month"], each["least"], each["most"]) for each in item["narrowing"]]


async def later(served: Served, days: int) -> httpx.AsyncClient:
    """Kent's client, some days on: a token does not last as long."""
    assert isinstance(served.clock, Hand)
    served.clock.forward(days=days)
    return await served.client("kent")


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


async def test_where_two_things_are_always_lacking_together_it_says_so_nationally_and_by_force(
    served: Served, kent: httpx.AsyncClient
) -> None:
    await sealed(kent, "kent", [*rows(2), a_row(case_ref="K/8", nfa_by=""), a_row(case_ref="K/9", suspect_count="")])
    essex = await served.client("essex")
    await sealed(essex, "essex", [a_row(case_ref=f"E/{n}", nfa_by="", suspect_count="1+") for n in range(3)])

    found = await outstanding(served)

    both, suspects, by = (["suspect_count", "nfa_by"], 3), (["suspect_count"], 1), (["nfa_by"], 1)
    assert sets(found) == [both, suspects, by]
    assert [each["forces"] for each in found["together"]["sets"]] == [1, 1, 1]
    assert found["together"]["sets"][0]["labels"] == ["Suspects", "No further action by"]
    assert [(each["force"], sets(each)) for each in found["items"]] == [("essex", [both]), ("kent", [suspects, by])]
    assert (found["together"]["other_sets"], found["together"]["other_cases"]) == (0, 0)


async def test_sets_beyond_the_first_are_counted_and_all_add_up_to_what_is_undetermined(
    served: Served, kent: httpx.AsyncClient
) -> None:
    await sealed(kent, "kent", every_set_once())
    found = await outstanding(served)
    assert found["undetermined"] == 15
    for item, most in ((found, 10), (found["items"][0], 3)):
        told = item["together"]
        assert (len(told["sets"]), told["other_sets"]) == (most, 15 - most)
        assert sum(each["cases"] for each in told["sets"]) + told["other_cases"] == item["undetermined"]


@pytest.mark.parametrize("scope", ["2025-11-wide", "2026-02-referral"])
async def test_csv_and_a_workbook_have_the_numbers_of_the_json(
    served: Served, kent: httpx.AsyncClient, scope: str
) -> None:
    await sealed(kent, "kent", [*rows(2), a_row(case_ref="K/8", nfa_by=""), a_row(case_ref="K/9", suspect_count="")])
    essex = await served.client("essex")
    await sealed(essex, "essex", [a_row(case_ref=f"E/{n}", nfa_by="", suspect_count="1+") for n in range(3)])
    found = await outstanding(served, scope=scope)
    nca = await served.client(body="nca")

    async def table(name: str) -> list[dict[str, str]]:
        answered = await nca.get(PATH, params={"scope": scope, "table": name}, headers={"Accept": "text/csv"})
        assert answered.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answered.text)))

    attributes, together = await table("attributes"), await table("together")
    assert [(each["attribute"], int(each["cases"]), int(each["alone"])) for each in attributes] == lacks(found)
    assert [(each["attributes"].split(";"), int(each["cases"])) for each in together] == sets(found)
    assert sum(int(each["cases"]) for each in await table("force_together")) == found["undetermined"]
    assert [int(each["undetermined"]) for each in await table("forces")] == [
        each["undetermined"] for each in found["items"]
    ]
    narrowed = await table("narrowing")
    assert [
        (each["month"], each["until"], *(int(each[name]) for name in ("counting", "in_scope", "undetermined", "most")))
        for each in narrowed
    ] == [
        (
            each["month"] or "",
            each["as_of"]["at"],
            *(each[name] for name in ("forces", "in_scope", "undetermined", "most")),
        )
        for each in found["narrowing"]
    ]
    assert [each["month"] for each in narrowed] == [""]
    assert [(each["force"], each["attribute"], int(each["cases"])) for each in await table("force_attributes")] == [
        (each["force"], lack["attribute"], lack["cases"]) for each in found["items"] for lack in each["attributes"]
    ]
    assert {(each["scope"], each["as_of_position"], each["undetermined_in_all"]) for each in together} == {
        (scope, str(found["as_of"]["position"]), str(found["undetermined"]))
    }
    whole = await nca.get(PATH, params={"scope": scope}, headers={"Accept": XLSX})
    assert len(sheets_of(whole.content)) == len(OutstandingTable)
    for name in OutstandingTable:
        listed = await table(name)
        records = records_of(whole.content, name.replace("_", " ").capitalize())
        assert [{head: row.get(head, "") for head in listed[0]} for row in records] == listed
    again = await nca.get(
        PATH, params={"scope": scope}, headers={"Accept": XLSX, "If-None-Match": whole.headers["etag"]}
    )
    assert again.status_code == 304


async def test_a_row_for_the_sets_that_are_not_named_makes_a_table_add_up(
    served: Served, kent: httpx.AsyncClient
) -> None:
    await sealed(kent, "kent", every_set_once())
    nca = await served.client(body="nca")
    answered = await nca.get(PATH, params={"table": "together"}, headers={"Accept": "text/csv"})
    listed = list(csv.DictReader(io.StringIO(answered.text)))
    assert (listed[-1]["says"], listed[-1]["sets"], listed[-1]["cases"], listed[-1]["attributes"]) == (
        "other sets",
        "5",
        "5",
        "",
    )
    assert sum(int(each["cases"]) for each in listed) == 15


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
    assert (own["undetermined"], own["attributes"], sets(own)) == (0, [], [])


async def test_it_is_of_the_newest_sealed_return_or_of_a_month(served: Served, kent: httpx.AsyncClient) -> None:
    await sealed(kent, "kent", rows(2, nfa_by=""))
    await sealed(kent, "kent", [a_row(case_ref="K/1", nfa_by="cps")], "2025-12")
    assert (await outstanding(served))["undetermined"] == 1
    assert (await outstanding(served, period="2025-11"))["undetermined"] == 2
    assert (await outstanding(served, period="2026-01"))["items"] == []


async def test_it_is_told_as_of_an_earlier_change_time_or_day(served: Served, kent: httpx.AsyncClient) -> None:
    await sealed(kent, "kent", rows(2, nfa_by=""))
    first = await outstanding(served)
    await sealed(await later(served, 1), "kent", [a_row(case_ref="K/1", nfa_by="cps")], "2025-12")
    assert (await outstanding(served))["undetermined"] == 1
    for as_of in (str(first["as_of"]["position"]), first["as_of"]["at"], "2026-01-20"):
        then = await outstanding(served, as_of=as_of)
        assert (then["undetermined"], [each["period"] for each in then["items"]]) == (2, ["2025-11"])
        assert then["as_of"]["position"] == first["as_of"]["position"]


async def test_what_was_outstanding_then_stays_the_same_bytes(served: Served, kent: httpx.AsyncClient) -> None:
    await sealed(kent, "kent", rows(2, nfa_by=""))
    nca = await served.client(body="nca")
    as_of = {"as_of": str((await outstanding(served))["as_of"]["position"]), "scope": "2025-11-wide"}
    then = await nca.get(PATH, params=as_of)
    await sealed(await later(served, 1), "kent", [a_row(case_ref="K/1", nfa_by="cps")], "2025-12")
    nca = await served.client(body="nca")
    again = await nca.get(PATH, params=as_of, headers={"If-None-Match": then.headers["etag"]})
    assert again.status_code == 304


async def test_the_national_range_is_told_month_by_month_until_what_is_asked(
    served: Served, kent: httpx.AsyncClient
) -> None:
    await sealed(kent, "kent", [*rows(2), a_row(case_ref="K/9", suspect_count="")])
    await sealed(await later(served, 20), "kent", [*rows(2), a_row(case_ref="K/9", suspect_count="3")], "2025-12")
    found = await outstanding(served)
    assert ranges(found) == [("2026-01", 2, 3), (None, 3, 3)]
    nca = await served.client(body="nca")
    for each in found["narrowing"]:
        picture = good(await nca.get("/api/national/picture", params={"as_of": each["as_of"]["at"]}))
        assert picture["as_of"] == each["as_of"]
        assert {name: each[name] for name in ("in_scope", "undetermined", "least", "most")} == {
            name: picture["totals"][name] for name in ("in_scope", "undetermined", "least", "most")
        }


async def test_a_case_that_two_forces_share_is_told_apart_from_what_the_picture_has(
    served: Served, kent: httpx.AsyncClient
) -> None:
    shared = {"shared_ref": "kent:0412", "lead_force": "kent", "nfa_by": ""}
    essex = await served.client("essex")
    await sealed(kent, "kent", [a_row(case_ref="K/9", shared_with="essex", **shared), *rows(2)])
    await sealed(
        essex, "essex", [a_row(case_ref="E/1", shared_with="kent", **shared), a_row(case_ref="E/2", nfa_by="")]
    )
    found = await outstanding(served)
    assert (found["undetermined"], found["led_elsewhere"]) == (3, 1)
    assert found["narrowing"][-1]["undetermined"] == 2
    assert sum(each["cases"] for each in found["together"]["sets"]) == 3


async def test_numbers_that_no_work_list_asks_are_told_apart_from_cases(
    served: Served, kent: httpx.AsyncClient
) -> None:
    cells = [
        {"nfa_date": "2014", "suspect_count": "2+", "cases": "5"},
        {"nfa_date": "2015", "suspect_count": "", "cases": "37"},
    ]
    cases = [a_row(case_ref="K/1", nfa_by=""), a_row(case_ref="K/2", nfa_by="", nfa_date="2015-03")]
    await sealed(kent, "kent", cases, cells=cells, case_years=[2014])
    essex = await served.client("essex")
    await sealed(essex, "essex", [], cells=[{"nfa_date": "2013", "suspect_count": "", "cases": "4"}], case_years=[])
    surrey = await served.client("surrey")
    await sealed(surrey, "surrey", [a_row(case_ref="S/1", nfa_by="")])

    found = await outstanding(served)

    own = {each["force"]: each for each in found["items"]}
    assert {name: (each["undetermined"], each["numbers"]) for name, each in own.items()} == {
        "kent": (38, 37),
        "essex": (4, 4),
        "surrey": (1, 0),
    }
    assert (found["undetermined"], found["numbers"]) == (43, 41)
    assert set(numbers(own["essex"])) == {4}
    for force, client in (("kent", kent), ("essex", essex), ("surrey", surrey)):
        listed = good(await client.get(f"/api/forces/{force}/work-list"))
        assert own[force]["undetermined"] - own[force]["numbers"] == listed["cases"]
        asked = {each["attribute"]: each["cases"] for each in listed["attributes"]}
        assert asked == {
            each["attribute"]: each["cases"] - each["numbers"]
            for each in own[force]["attributes"]
            if each["cases"] > each["numbers"]
        }
    for item in (found, *found["items"]):
        told = item["together"]
        assert sum(each["numbers"] for each in told["sets"]) + told["other_numbers"] == item["numbers"]


async def test_numbers_of_an_unknown_year_are_cases_where_the_return_says_that_it_has_those(
    served: Served, kent: httpx.AsyncClient
) -> None:
    sent = [a_row(case_ref="K/1", nfa_by="", nfa_date="2014/2015"), a_row(case_ref="K/2", nfa_by="")]
    await sealed(kent, "kent", sent, case_years=[2014, "unknown"])
    (own,) = (await outstanding(served))["items"]
    listed = good(await kent.get("/api/forces/kent/work-list"))
    assert (own["undetermined"], own["numbers"]) == (listed["cases"], 0)


async def test_only_a_national_body_is_told(served: Served, kent: httpx.AsyncClient) -> None:
    problem(await kent.get(PATH), 403)
    nca = await served.client(body="nca")
    problem(await nca.get(PATH, params={"scope": "wide"}), 404, "no-such-scope")
    problem(await nca.get(PATH, params={"period": "2025-13"}), 422, "parameter")
    problem(await nca.get(PATH, params={"table": "cells"}), 422, "parameter")
    problem(await nca.get(PATH, params={"table": "together"}), 422, "invalid")
    problem(await nca.get(PATH, params={"as_of": "soon"}), 422, "invalid")
    problem(await nca.get(PATH, params={"as_of": "2030-01-01"}), 422, "as-of-in-future")
    problem(await nca.get(PATH, params={"as_of": "2020-01-01"}), 422, "no-scope-in-force")
