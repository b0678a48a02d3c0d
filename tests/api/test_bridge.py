"""The bridge and the re-judging over HTTP: who may ask, in which form, and that it agrees with the picture."""

from __future__ import annotations

import csv
import io

import pytest

from tests.support.returns import a_case, a_cell, csv_of
from tests.support.server import Return, Served, good, problem

PATH = "/api/national/bridge"


async def _sealed(served: Served, force: str, period: str, rows: list[dict[str, str]]) -> None:
    item = Return(await served.client(force), force, period)
    await item.open()
    await item.upload(csv_of(rows))
    await item.explain_all()
    await item.seal()


async def _two_periods(served: Served) -> None:
    await _sealed(served, "kent", "2025-11", [a_case("K/1"), a_case("K/2"), a_case("K/3", victim_count="")])
    await _sealed(served, "kent", "2025-12", [a_case("K/4"), a_case("K/3", victim_count="1")])
    await _sealed(served, "essex", "2025-11", [a_case("E/1", victim_count="2", victims_not_recorded="2")])


async def test_opening_and_parts_make_up_the_closing_which_is_the_picture(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    answer = good(await nca.get(f"{PATH}?from=1&by=force"))
    for column in ("in_scope", "least", "most"):
        assert answer["opening"][column] + sum(part[column] for part in answer["parts"]) == answer["closing"][column]
    totals = good(await nca.get("/api/national/picture"))["totals"]
    assert answer["closing"] == {name: totals[name] for name in ("in_scope", "least", "most")}
    assert answer["sentence"].startswith("The national figure rose from 0 to 5 because ")
    assert {force["force"]: force["closing"]["in_scope"] for force in answer["forces"]} == {"kent": 4, "essex": 1}


async def _numbered(served: Served, period: str, year: str, cases: int, years: list[int]) -> None:
    """Kent's sealed return of a year that is numbered alone, and of those that it reports case by case."""
    item = Return(await served.client("kent"), "kent", period)
    await item.open(case_years=years)
    sent = csv_of([a_cell(nfa_date=year, cases=str(cases))])
    good(await item.client.put(f"{item.path}/aggregates", content=sent, headers={"Content-Type": "text/csv"}))
    await item.explain_all()
    await item.seal()


async def test_numbers_that_rose_and_years_that_are_numbered_instead_of_told_case_by_case_are_one_cause(
    served: Served,
) -> None:
    nca = await served.client(None, body="nca")

    async def said(opening: str) -> str:
        return str(good(await nca.get(f"{PATH}?from={opening}"))["sentence"])

    async def position() -> str:
        return str(good(await nca.get("/api/national/picture"))["as_of"]["position"])

    await _numbered(served, "2025-11", "2013", 4, [])
    first = await position()
    await _numbered(served, "2025-12", "2013", 9, [])
    assert await said(first) == (
        "The national figure rose from 4 to 9 because what is reported as numbers alone changed (+5)."
    )
    later = await position()
    await _numbered(served, "2026-01", "2013", 9, [2013])
    assert await said(later) == (
        "The national figure fell from 9 to 0 because what is reported as numbers alone changed (−9)."
    )


async def test_a_bridge_from_a_point_to_itself_is_empty(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    answer = good(await nca.get(PATH))
    assert answer["parts"] == []
    assert answer["opening"] == answer["closing"]
    assert answer["sentence"] == "The national figure stands at 5 at both points."


async def test_a_change_of_edition_is_split_by_the_rules_that_let_cases_out(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    answer = good(await nca.get(f"{PATH}?to_scope=2026-02-referral"))
    assert {part["cause"] for part in answer["parts"]} == {"scope"}
    (victims,) = [part for part in answer["parts"] if part["rule"] == "victims"]
    assert (victims["in_scope"], victims["least"], victims["most"]) == (-4, -4, -4)


async def test_csv_has_a_row_for_the_opening_each_part_and_the_closing(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    answer = good(await nca.get(f"{PATH}?from=1"))
    got = await nca.get(f"{PATH}?from=1", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(got.text)))
    assert [row["line"] for row in rows] == ["opening", *(part["cause"] for part in answer["parts"]), "closing"]
    assert {row["to_scope"] for row in rows} == {"2025-11-wide"}


async def test_each_row_of_the_csv_has_the_content_hash_of_both_editions(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    asked = f"{PATH}?to_scope=2026-02-referral&by=force"
    answer = good(await nca.get(asked))
    got = await nca.get(asked, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(got.text)))
    ends = (answer["from"]["scope"]["hash"], answer["to"]["scope"]["hash"])
    assert {(row["from_scope_hash"], row["to_scope_hash"]) for row in rows} == {ends}
    assert ends[0] != ends[1]
    assert list(rows[0])[-2:] == ["from_scope_hash", "to_scope_hash"]


async def test_the_waterfall_is_a_picture_that_says_what_it_shows(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    got = await nca.get(f"{PATH}?from=1", headers={"Accept": "image/svg+xml"})
    assert got.headers["content-type"].startswith("image/svg+xml")
    said = good(await nca.get(f"{PATH}?from=1"))["sentence"]
    assert f'<title id="bridge-title">{said}</title>' in got.text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=99999", 422, "as-of-in-future"),
        ("to=1", 422, "points-out-of-order"),
        ("to_scope=2027-01-none", 404, "no-such-scope"),
        ("since=1", 422, "invalid"),
        ("by=stage", 422, "invalid"),
        ("from=1&from=2", 422, "invalid"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_what_to_do(
    served: Served, query: str, status: int, code: str
) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    problem(await nca.get(f"{PATH}?{query}"), status, code)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"from": "yesterday"}, "The parameter from cannot be read."),
        ({"from": "1", "to": "2025-02-30"}, "The parameter to cannot be read."),
        ({"to": "2999-01-01"}, "The parameter to names a day that has not ended yet."),
        ({"to": "4711"}, "The parameter to names a moment that has not come yet."),
        ({"from": "1", "to": "4711"}, "The parameter to names a moment that has not come yet."),
    ],
)
async def test_what_is_wrong_with_a_point_is_said_of_the_parameter_that_was_sent(
    served: Served, asked: dict[str, str], says: str
) -> None:
    refused = problem(await (await served.client(body="nca")).get(PATH, params=asked), 422)
    assert refused["detail"] == says
    assert "as_of" not in str(refused)


@pytest.mark.parametrize("point", ["from", "to"])
async def test_a_day_before_any_edition_was_in_force_is_told_with_the_parameters_of_its_point(
    served: Served, point: str
) -> None:
    refused = problem(
        await (await served.client(body="nca")).get(PATH, params={point: "2020-01-01"}), 422, "no-scope-in-force"
    )
    assert refused["do"] == f"Name one with {point}_scope, or give a later {point}."


async def test_a_force_may_not_ask_for_a_bridge_or_for_the_re_judging(served: Served) -> None:
    kent = await served.client("kent")
    assert (await kent.get(PATH)).status_code == 403
    assert (await kent.get("/api/scopes/2026-02-referral/re-judging")).status_code == 403


async def test_the_re_judging_says_what_is_judged_and_what_remains(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    answer = good(await nca.get("/api/scopes/2026-02-referral/re-judging"))
    assert (answer["returns"], answer["judged"], answer["chains"], answer["chains_left"]) == (3, 3, 2, 0)
    assert (answer["state"], answer["problems"]) == ("proposed", [])
    assert (answer["per_minute"], answer["seconds_left"]) == (None, None)
    problem(await nca.get("/api/scopes/2027-01-none/re-judging"), 404, "no-such-scope")


async def test_every_stored_figure_is_checked_against_what_the_cases_say(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, body="nca")
    answer = good(await nca.get("/api/national/reconcile"))
    assert (answer["returns"], answer["not_judged"], answer["mismatches"]) == (3, 0, [])
    assert good(await nca.get("/api/national/reconcile"))["digest"] == answer["digest"]
    one = good(await nca.get("/api/national/reconcile?scope=2026-02-referral"))
    assert (one["editions"], one["mismatches"]) == (["2026-02-referral"], [])
    problem(await nca.get("/api/national/reconcile?scope=2027-01-none"), 404, "no-such-scope")
    kent = await served.client("kent")
    assert (await kent.get("/api/national/reconcile")).status_code == 403


async def test_a_draft_stands_in_no_bridges_way(served: Served) -> None:
    await _two_periods(served)
    nca = await served.client(None, "terms:propose", "national:read", body="nca")
    wide = good(await nca.get("/api/scopes/2025-11-wide"))
    rules = [{name: rule[name] for name in ("id", "title", "guidance", "when")} for rule in wide["rules"]]
    draft = {"edition": "2026-05-draft", "title": "A draft", "vocabulary": "2025.1", "rules": rules}
    good(await nca.post("/api/scopes", json=draft))
    assert good(await nca.get(PATH))["parts"] == []
