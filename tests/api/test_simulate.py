"""What a scope edition would do, asked over HTTP before anyone is bound by it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest_asyncio
from sqlalchemy import text

from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good, problem

PATH = "/api/scopes/2026-02-referral/simulate"
WIDE = "/api/scopes/2025-11-wide/simulate"
PICTURE = "/api/national/picture"
TOTALS = ("in_scope", "undetermined", "out_of_scope", "least", "most")

CASES = [
    a_case("K/1"),
    a_case("K/2", victim_count="2"),
    a_case("K/3", victim_count="2", suspect_count="1", suspects_not_recorded="1"),
    a_case("K/4", youngest_victim_age="", offence_code="88C", victim_count="2"),
    a_case("K/5", outcome="1", nfa_date="2009", setting="gang"),
]


@pytest_asyncio.fixture
async def nca(served: Served) -> httpx.AsyncClient:
    return await served.client(None, body="nca")


@pytest_asyncio.fixture
async def reported(november: Return) -> Return:
    """Kent's sealed return of a few cases."""
    return await report(november)


async def report(opened: Return) -> Return:
    await opened.upload(csv_of(CASES))
    await opened.explain_all()
    await opened.seal()
    return opened


async def asked(client: httpx.AsyncClient, path: str = PATH, **body: Any) -> dict[str, Any]:
    return good(await client.post(path, json=body))


async def test_the_totals_are_those_of_the_picture_under_either_edition(
    reported: Return, nca: httpx.AsyncClient
) -> None:
    told = await asked(nca)
    for side, scope in (("before", "2025-11-wide"), ("after", "2026-02-referral")):
        picture = good(await nca.get(PICTURE, params={"scope": scope}))
        assert told[side] == picture["totals"]
        assert told["as_of"] == picture["as_of"]
    assert told["scope"]["state"] == "proposed"
    assert told["against"]["edition"] == "2025-11-wide"
    assert told["cases"] == len(CASES)


async def test_a_case_that_another_force_leads_counts_for_both_here_and_once_in_the_picture(
    served: Served, nca: httpx.AsyncClient
) -> None:
    for force, other in (("kent", "essex"), ("essex", "kent")):
        shared = {"shared_ref": "kent:0412", "shared_with": other, "lead_force": "kent"}
        item = Return(await served.client(force), force)
        await item.open()
        await item.upload(csv_of([a_case(f"{force}/1", victim_count="2", **shared), a_case(f"{force}/2")]))
        await item.explain_all()
        await item.seal()

    told, picture = await asked(nca), good(await nca.get(PICTURE, params={"scope": "2026-02-referral"}))

    assert picture["led_elsewhere"]["undetermined"] == 1
    for name in TOTALS:
        assert told["after"][name] - picture["led_elsewhere"][name] == picture["totals"][name]


async def test_flips_are_told_by_rule_force_setting_stage_year_and_missing_attribute(
    reported: Return, nca: httpx.AsyncClient
) -> None:
    told = await asked(nca)
    flips = {(each["before"], each["after"]): each["cases"] for each in told["flips"]}
    assert flips == {("in_scope", "undetermined"): 1, ("in_scope", "out_of_scope"): 1}
    assert {(each["rule_before"], each["rule_after"]): each["cases"] for each in told["by_rule"]} == {
        (None, "victims"): 1,
        (None, None): 1,
    }
    breakdowns = {each["by"]: each["cells"] for each in told["breakdowns"]}
    assert set(breakdowns) == {"force", "stage", "setting", "nfa_year"}
    for cells in breakdowns.values():
        assert sum(cell["cases"] for cell in cells) == sum(flips.values())
    assert {(cell["value"], cell["title"]) for cell in breakdowns["force"]} == {("kent", "Kent Police")}
    assert {cell["value"] for cell in breakdowns["nfa_year"]} == {2014}
    lacking = {each["attribute"]: each["cases"] for each in told["by_missing"]}
    assert lacking == {"suspects_alive": 1, "independently_reviewed": 1}


async def test_only_the_breakdowns_that_are_asked_for_are_told(reported: Return, nca: httpx.AsyncClient) -> None:
    told = await asked(nca, by=["setting", "force"])
    assert {each["by"] for each in told["breakdowns"]} == {"setting", "force"}
    assert (await asked(nca, by=[]))["breakdowns"] == []


async def test_a_rule_that_is_off_is_not_asked(reported: Return, nca: httpx.AsyncClient) -> None:
    told = await asked(nca, WIDE, rules_off=["suspects"])
    assert told["scope"]["rules_off"] == ["suspects"]
    assert {(each["rule_before"], each["after"]): each["cases"] for each in told["by_rule"]} == {
        ("suspects", "in_scope"): 1
    }
    assert told["after"]["in_scope"] == told["before"]["in_scope"] + 1


async def test_near_misses_are_what_one_rule_or_one_attribute_alone_decides(
    reported: Return, nca: httpx.AsyncClient
) -> None:
    """K/3 has one suspect and nothing else against it; K/5 is out for two reasons; K/4 lacks an age alone."""
    told = await asked(nca, WIDE)
    assert told["flips"] == []
    assert [(each["rule"], each["cases"]) for each in told["near_misses"]] == [("suspects", 1)]
    assert [(each["attribute"], each["cases"]) for each in told["one_attribute_away"]] == [("youngest_victim_age", 1)]


async def test_a_force_that_sealed_once_is_told_what_to_look_at_and_why_not_how_long_it_takes(
    reported: Return, nca: httpx.AsyncClient
) -> None:
    (cost,) = (await asked(nca))["cost"]
    assert (cost["force"], cost["look_again"]) == ("kent", 1)
    assert {each["attribute"]: each["cases"] for each in cost["attributes"]} == {
        "suspects_alive": 1,
        "independently_reviewed": 1,
    }
    assert (cost["pace"], cost["officer_days"]) == (None, None)
    assert cost["why_not"] == "It has not sealed returns for two periods yet: a pace is between two."


async def test_a_force_that_reported_its_officers_twice_is_told_its_own_pace(
    november: Return, served: Served, nca: httpx.AsyncClient
) -> None:
    teams = "team,phase,officers_fte\nother,assessment,2\nchild_exploitation,assessment,1\nother,reinvestigation,50\n"
    done = {
        "stage": "assessed",
        "assessed_date": "2025-12-05",
        "missed_lines": "no",
        "new_lines": "no",
        "risk": "none",
        "justice_opportunity": "no",
    }
    await report(november)
    december = Return(november.client, period="2025-12")
    await december.open()
    await december.upload(csv_of([{**CASES[2], **done}, {**CASES[4], **done}]))
    sent = await december.client.put(f"{december.path}/workforce", content=teams, headers={"Content-Type": "text/csv"})
    assert sent.is_success, sent.text
    await december.explain_all()
    await december.seal()

    (cost,) = (await asked(nca))["cost"]

    assert cost["why_not"] is None
    assert cost["pace"] == {
        "since": "2025-11-30",
        "until": "2025-12-31",
        "officer_days": 69.0,  # three officers on the 23 days of December from Monday to Friday
        "cases": 2,
        "officer_days_each": 34.5,
    }
    assert cost["officer_days"] == cost["look_again"] * 34.5


async def test_a_simulation_stores_nothing_but_that_it_was_asked_for(
    reported: Return, served: Served, nca: httpx.AsyncClient
) -> None:
    before = good(await nca.get(PICTURE))
    await asked(nca, rules_off=["alive"])
    after = good(await nca.get(PICTURE))
    assert before == after
    async with served.db.owner() as tx:
        rows = await tx.execute(text("select subject, details from audit_entry where action = 'scope_simulated'"))
        ((subject, details),) = rows.all()
    assert subject == "scope/2026-02-referral"
    assert details == {"against": "2025-11-wide", "rules_off": ["alive"], "as_of": before["as_of"]["position"]}


async def test_an_edition_can_be_simulated_before_anything_is_reported(served: Served, nca: httpx.AsyncClient) -> None:
    told = await asked(nca)
    assert (told["cases"], told["flips"], told["cost"]) == (0, [], [])
    assert told["forces"] == {"expected": 45, "counting": 0}


async def test_an_unknown_rule_is_refused_with_the_closest(served: Served, nca: httpx.AsyncClient) -> None:
    told = problem(await nca.post(PATH, json={"rules_off": ["alive", "suspect"]}), 422, "simulation-refused")
    (error,) = told["errors"]
    assert error["pointer"] == "/rules_off/1"
    assert "Did you mean 'suspects'?" in error["fix"]


async def test_switching_every_rule_off_is_refused_in_words(served: Served, nca: httpx.AsyncClient) -> None:
    rules = ["offence", "suspects", "victims", "ended", "when"]
    told = problem(await nca.post(WIDE, json={"rules_off": rules}), 422, "simulation-refused")
    assert told["detail"].startswith("With all its rules off the edition asks nothing")
    assert told["errors"][0]["fix"] == "Leave at least one rule on."


async def test_what_does_not_exist_is_not_simulated(served: Served, nca: httpx.AsyncClient) -> None:
    problem(await nca.post("/api/scopes/nowhere/simulate", json={}), 404, "no-such-scope")
    told = problem(await nca.post(PATH, json={"against": "nowhere"}), 422, "simulation-refused")
    assert told["errors"][0]["pointer"] == "/against"
    told = problem(await nca.post(PATH, json={"by": ["force", "region"]}), 422, "simulation-refused")
    assert told["errors"][0]["pointer"] == "/by/1"
    problem(await nca.post(PATH, json={"rule_off": []}), 422, "body")
    problem(await nca.post(PATH, params={"against": "2025-11-wide"}), 422, "parameter")


async def test_only_a_national_body_that_reads_or_proposes_simulates(served: Served, kent: httpx.AsyncClient) -> None:
    problem(await kent.post(PATH, json={}), 403)
    confirms = await served.client(None, "terms:confirm", body="npcc")
    problem(await confirms.post(PATH, json={}), 403, "missing-permission")
    proposes = await served.client(None, "terms:propose", body="npcc")
    good(await proposes.post(PATH, json={}))
