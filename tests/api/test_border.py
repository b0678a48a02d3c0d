"""Cases at the border of an edition, for the force that holds them: numbers, and a sample spread over the reasons."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import msgspec
from sqlalchemy import text

from service.returns.rejudging import judge_remaining
from tests.support.editions import NARROW, a_scope, a_way
from tests.support.rows import a_row
from tests.support.server import Return, Served, good, problem

PATH = "/api/forces/kent/border"
WIDE = "2025-11-wide"


async def border(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    return good(await client.get(PATH, params=query))


def reasons(document: dict[str, Any]) -> list[tuple[str, str | None, str | None, int]]:
    return [(each["verdict"], each["rule"], each["attribute"], each["cases"]) for each in document["reasons"]]


def some(count: int, letter: str, **said: Any) -> list[dict[str, Any]]:
    return [a_row(case_ref=f"{letter}/{number}", **said) for number in range(count)]


async def test_cases_one_step_from_another_verdict_are_counted_by_what_keeps_them_there(
    kent: httpx.AsyncClient,
) -> None:
    await Return(kent).report(
        [
            *some(3, "IN"),
            *some(4, "ONE", suspect_count=1),
            *some(2, "TWO", suspect_count=1, victim_count=0, youngest_victim_age=""),
            *some(2, "AND", suspect_count=1, nfa_by=""),
            *some(3, "BY", nfa_by=""),
            *some(1, "BOTH", nfa_by="", suspect_count=""),
        ],
    )
    found = await border(kent)
    assert (found["scope"]["edition"], found["return"], found["cases"], found["next"]) == (
        WIDE,
        {"period": "2025-11", "revision": 1},
        7,
        None,
    )
    assert reasons(found) == [
        ("out_of_scope", "suspects", None, 4),
        ("undetermined", None, "nfa_by", 3),
    ]
    assert Counter(case["case_ref"].partition("/")[0] for case in found["items"]) == {"ONE": 4, "BY": 3}


async def test_a_case_says_what_decides_and_leads_to_every_rule(kent: httpx.AsyncClient) -> None:
    await Return(kent).report([a_row(case_ref="ONE/1", suspect_count=1), a_row(case_ref="BY/1", nfa_by="")])
    out, waits = (await border(kent))["items"]
    assert (out["verdict"], out["rule"], out["attribute"]) == ("out_of_scope", "suspects", None)
    assert out["says"] == "Only ‘Two or more suspects’ keeps this case out; it meets every other rule."
    (rule,) = out["rules"]
    assert rule["sentence"] == "A case meets this rule if ‘Suspects’ is 2 or more."
    assert [(value["attribute"], value["value"]) for value in rule["values"]] == [("suspect_count", "1")]
    assert (waits["verdict"], waits["rule"], waits["attribute"]) == ("undetermined", None, "nfa_by")
    assert waits["says"].startswith("‘No further action by’ alone settles this case.")
    for case in (out, waits):
        why = good(await kent.get(case["links"]["why"]))
        assert (why["case_id"], why["verdict"], why["scope"]["edition"]) == (case["case_id"], case["verdict"], WIDE)
        decided = {rule["id"] for rule in why["rules"] if rule["answer"] != "true"}
        assert decided == {rule["id"] for rule in case["rules"]}


async def test_a_sample_is_spread_over_the_reasons_and_is_the_same_each_time(kent: httpx.AsyncClient) -> None:
    await Return(kent).report(
        [*some(40, "ONE", suspect_count=1), *some(2, "NO", victim_count=""), *some(30, "BY", nfa_by="")],
    )
    for limit, split in ((1, {"ONE": 1}), (3, {"ONE": 1, "NO": 1, "BY": 1}), (9, {"ONE": 4, "NO": 2, "BY": 3})):
        found = await border(kent, limit=limit)
        assert Counter(case["case_ref"].partition("/")[0] for case in found["items"]) == split
        assert found["cases"] == 72
    usual = await border(kent)
    assert len(usual["items"]) == 20
    assert (await border(kent))["items"] == usual["items"]
    fewer = {case["case_id"] for case in (await border(kent, limit=10))["items"]}
    assert fewer < {case["case_id"] for case in usual["items"]}
    assert len((await border(kent, limit=200))["items"]) == 72
    for limit in ("0", "201", "x", "-1"):
        problem(await kent.get(PATH, params={"limit": limit}), 422, "parameter")


async def test_a_sample_is_what_the_reference_says_is_at_the_border(kent: httpx.AsyncClient) -> None:
    sent = [
        a_row(case_ref=f"K/{place}", suspect_count=suspects, nfa_by=by, victim_count=victims)
        for place, (suspects, by, victims) in enumerate(
            (suspects, by, victims)
            for suspects in (1, 2, "1+", "")
            for by in ("police", "cps", "")
            for victims in (1, "")
        )
    ]
    await Return(kent).report(sent)
    listed = good(await kent.get("/api/forces/kent/returns/2025-11/cases"))["items"]
    near = set()
    for row in listed:
        why = good(await kent.get(f"/api/forces/kent/returns/2025-11/cases/{row['case_id']}/why"))
        answers = [rule["answer"] for rule in why["rules"]]
        if (answers.count("false"), answers.count("true")) == (1, len(answers) - 1) or (
            why["verdict"] == "undetermined" and len(why["missing"]) == 1
        ):
            near.add(row["case_id"])
    found = await border(kent, limit=200)
    assert {case["case_id"] for case in found["items"]} == near
    assert 0 < len(near) < len(sent) == len(listed)


async def test_a_proposed_and_a_superseded_edition_are_asked_and_a_draft_is_not(
    served: Served, kent: httpx.AsyncClient
) -> None:
    way = await a_way(served)
    await Return(kent).report([a_row(suspect_count=3)])
    await way.drafted()
    good(await way.nca.get(f"/api/scopes/{NARROW}/difference"))
    for scope in (NARROW, "2026-06-narro"):
        refused = problem(await kent.get(PATH, params={"scope": scope}), 404, "no-such-scope")
        assert NARROW not in str(refused)
    proposed = await way.proposed(a_scope("2026-06-other"))
    found = await border(kent, scope="2026-06-other")
    assert reasons(found) == [("out_of_scope", "suspects", None, 1)]
    assert found["items"][0]["says"] == "Only ‘4 suspects or more’ keeps this case out; it meets every other rule."
    assert reasons(await border(kent, scope="2026-02-referral")) != reasons(found)
    await judge_remaining(served.context)
    assert (await way.confirmed(proposed))["state"] == "in_force"
    assert reasons(await border(kent)) == reasons(found)
    before = await border(kent, scope=WIDE)
    assert (before["scope"]["edition"], before["scope"]["tallied"], before["cases"]) == (WIDE, False, 0)


async def test_an_edition_that_was_rejected_is_asked_by_nobody(served: Served, kent: httpx.AsyncClient) -> None:
    way = await a_way(served)
    await way.proposed()
    await Return(kent).report([a_row(suspect_count=3)])
    (case,) = (await border(kent, scope=NARROW))["items"]
    good(await way.npcc.post(f"/api/scopes/{NARROW}/reject", json={"reason": "No."}))
    own = "/api/forces/kent/returns/2025-11"
    why = f"{own}/cases/{case['case_id']}/why"
    national = "/api/national/picture"
    for client, path in (
        *((kent, each) for each in (PATH, "/api/forces/kent/work-list", why, f"{own}/tallies")),
        *((way.nca, each) for each in (national, "/api/national/outstanding")),
    ):
        refused = problem(await client.get(path, params={"scope": NARROW}), 422, "scope-not-tallied")
        assert refused["detail"] == f"Scope edition {NARROW} is rejected: there are no tallies under it."
        assert WIDE in refused["do"]


async def test_cases_outside_the_years_that_count_are_in_no_number_but_their_own(kent: httpx.AsyncClient) -> None:
    rows = [a_row(case_ref="K/1", suspect_count=1), a_row(case_ref="K/2", suspect_count=1, nfa_date="2016-03")]
    await Return(kent).report(rows, case_years=[2014])
    found = await border(kent)
    assert (found["cases"], found["not_counted"]) == (1, 1)
    assert [case["case_ref"] for case in found["items"]] == ["K/1"]


async def test_it_is_for_the_force_alone(served: Served, kent: httpx.AsyncClient) -> None:
    await Return(kent).report([a_row(suspect_count=1)])
    problem(await (await served.client("essex")).get(PATH), 404)
    problem(await (await served.client("essex")).get("/api/forces/essex/border"), 404, "nothing-sealed")
    problem(await (await served.client(body="nca")).get(PATH), 403)
    problem(await (await served.bare()).get(PATH), 401)


async def test_every_reading_is_logged_and_nothing_else_is_stored(served: Served, kent: httpx.AsyncClient) -> None:
    await Return(kent).report(some(3, "K", suspect_count=1))
    before = await _position(served)
    await border(kent, limit=2)
    async with served.db.owner() as tx:
        rows = await tx.execute(
            text("select entry from audit_entry where action = 'cases_read' order by index desc limit 1")
        )
        entry = msgspec.json.decode(rows.scalar_one())
    assert entry["details"] == {"rows": 2, "border": WIDE}
    assert await _position(served) == before


async def _position(served: Served) -> int:
    async with served.db.national() as tx:
        return int((await tx.execute(text("select value from position"))).scalar_one())


async def test_a_simulation_says_where_a_force_finds_its_own(served: Served, kent: httpx.AsyncClient) -> None:
    await Return(kent).report([a_row(case_ref="K/77", suspect_count=3)])
    way = await a_way(served)
    await way.drafted()
    at = f"‘Cases at the border’ (/api/forces/{{force}}/border?scope={NARROW})"
    found = good(await way.nca.post(f"/api/scopes/{NARROW}/simulate"))
    assert found["where"] == (
        f"No case is shown here. When it is proposed, each force finds a sample of its own on its page {at}."
    )
    assert [each["cases"] for each in found["near_misses"]] == [1]
    assert "K/77" not in str(found)
    off = good(await way.nca.post("/api/scopes/2026-02-referral/simulate", json={"rules_off": ["when"]}))
    assert off["where"].endswith(", with every rule of the edition on.")
