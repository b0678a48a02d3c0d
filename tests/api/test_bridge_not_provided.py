"""What a bridge leaves open where a number was not provided: the parts that it may have moved, and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from service.returns.rejudging import judge_remaining
from tests.support.editions import a_scope, a_way
from tests.support.returns import a_case, a_cell, csv_of
from tests.support.server import Return, Served, good

PATH = "/api/national/bridge"
CELL = a_cell(nfa_date="2013")
OPEN, SEVEN = {**CELL, "cases": "not_provided"}, {**CELL, "cases": "7"}
OTHER_YEAR = {**CELL, "nfa_date": "2012"}

Part = tuple[str, int, int | None]


async def _reported(
    served: Served, force: str, period: str, cases: Sequence[str], cells: Sequence[Mapping[str, str]] = ()
) -> str:
    """A sealed return of so many cases of 2014 and of these cells; the change that it is."""
    item = Return(await served.client(force), force, period)
    await item.open(case_years=[2014])
    await item.upload(csv_of([a_case(case) for case in cases]))
    sent = csv_of([dict(cell) for cell in cells] or [{**CELL, "cases": "0"}])
    good(await item.client.put(f"{item.path}/aggregates", content=sent, headers={"Content-Type": "text/csv"}))
    await item.explain_all()
    await item.seal()
    return await _now(served)


async def _now(served: Served) -> str:
    nca = await served.client(None, body="nca")
    return str(good(await nca.get("/api/national/picture"))["as_of"]["position"])


async def _bridge(served: Served, opening: str, **asked: str) -> dict[str, Any]:
    """The bridge from there to now. What is exact in it adds up, at every level."""
    nca = await served.client(None, body="nca")
    found = good(await nca.get(PATH, params={"from": opening, "by": "force", **asked}))
    for each in (found, *found["forces"]):
        for column in ("in_scope", "least", "most"):
            numbers = [each["opening"][column], *(part[column] for part in each["parts"]), each["closing"][column]]
            if None not in numbers:
                assert sum(numbers[:-1]) == numbers[-1]
        ends = [each["opening"]["most"], each["closing"]["most"]]
        if ends.count(None) == 1:
            assert any(part["most"] is None for part in each["parts"])
    return found


def _parts(found: Mapping[str, Any]) -> list[Part]:
    return [(part["cause"], part["least"], part["most"]) for part in found["parts"]]


def _of(found: Mapping[str, Any], force: str) -> list[Part]:
    return next((_parts(each) for each in found["forces"] if each["force"] == force), [])


async def test_a_number_that_stays_not_provided_in_one_return_leaves_no_part_open(served: Served) -> None:
    opening = await _reported(served, "kent", "2025-11", ["K/1"], [OPEN])
    await _reported(served, "essex", "2025-11", ["E/1", "E/2"])
    found = await _bridge(served, opening)
    assert (found["opening"]["most"], found["closing"]["most"]) == (None, None)
    assert _parts(found) == [("coverage", 2, 2)]
    assert found["sentence"].endswith(" How many it may be at most is open, as some numbers were not provided.")


async def test_where_a_return_states_it_anew_only_what_its_force_reports_as_numbers_is_open(served: Served) -> None:
    opening = await _reported(served, "kent", "2025-11", ["K/1"], [OPEN])
    await _reported(served, "essex", "2025-11", ["E/1"])
    await _reported(served, "kent", "2025-12", ["K/1", "K/2"], [OPEN])
    found = await _bridge(served, opening)
    assert _parts(found) == [("coverage", 1, 1), ("detail", 0, None), ("newly_identified", 1, 1)]
    assert _of(found, "kent") == [("detail", 0, None), ("newly_identified", 1, 1)]
    assert _of(found, "essex") == [("coverage", 1, 1)]


async def test_a_number_that_is_provided_since_opens_the_part_that_it_came_by(served: Served) -> None:
    opening = await _reported(served, "kent", "2025-11", ["K/1"], [OPEN])
    await _reported(served, "kent", "2025-12", ["K/1", "K/2"], [SEVEN])
    found = await _bridge(served, opening)
    assert (found["opening"]["most"], found["closing"]["most"]) == (None, 9)
    assert _parts(found) == [("detail", 7, None), ("newly_identified", 1, 1)]


async def test_numbers_that_change_places_are_not_told_as_exact(served: Served) -> None:
    opening = await _reported(served, "kent", "2025-11", ["K/1"], [OPEN, {**OTHER_YEAR, "cases": "5"}])
    await _reported(served, "kent", "2025-12", ["K/1"], [SEVEN, {**OTHER_YEAR, "cases": "not_provided"}])
    assert _parts(await _bridge(served, opening)) == [("detail", 2, None)]


async def test_a_number_that_came_and_went_between_the_points_leaves_nothing_open(served: Served) -> None:
    opening = await _reported(served, "kent", "2025-11", ["K/1"], [SEVEN])
    await _reported(served, "kent", "2025-12", ["K/1"], [OPEN])
    await _reported(served, "kent", "2026-01", ["K/1"], [{**CELL, "cases": "9"}])
    assert _parts(await _bridge(served, opening)) == [("detail", 2, 2)]


async def test_a_return_that_is_taken_back_opens_coverage_and_what_came_since_stays_exact(served: Served) -> None:
    await _reported(served, "kent", "2025-11", ["K/1"], [SEVEN])
    opening = await _reported(served, "kent", "2025-12", ["K/1", "K/2"], [OPEN])
    await _reported(served, "essex", "2025-11", ["E/1"])
    kent = await served.client("kent")
    good(await kent.post("/api/forces/kent/returns/2025-12/withdraw", json={"reason": "Sent too early."}))
    found = await _bridge(served, opening)
    assert _of(found, "kent") == [("coverage", 6, None)]
    assert _of(found, "essex") == [("coverage", 1, 1)]
    assert _parts(found) == [("coverage", 7, None)]


async def test_a_first_return_opens_coverage_and_the_next_one_what_it_reports_as_numbers(served: Served) -> None:
    opening = await _reported(served, "essex", "2025-11", ["E/1"])
    await _reported(served, "kent", "2025-11", ["K/1"], [OPEN])
    await _reported(served, "kent", "2025-12", ["K/1", "K/2"], [SEVEN])
    found = await _bridge(served, opening)
    assert (found["opening"]["most"], found["closing"]["most"]) == (1, 10)
    assert _parts(found) == [("coverage", 1, None), ("detail", 7, None), ("newly_identified", 1, 1)]


async def test_an_edition_under_which_the_number_counts_as_before_leaves_its_parts_exact(served: Served) -> None:
    await _reported(served, "kent", "2025-11", ["K/1"], [OPEN])
    now = await _reported(served, "essex", "2025-11", ["E/1"])
    found = await _bridge(served, now, to_scope="2026-02-referral")
    assert (found["opening"]["most"], found["closing"]["most"]) == (None, None)
    assert _parts(found) == [("scope", -2, -2)]


async def test_an_edition_that_puts_the_number_out_of_scope_opens_its_parts(served: Served) -> None:
    opening = await _reported(served, "kent", "2025-11", ["K/1"], [{**OPEN, "victim_count": "1"}])
    await _reported(served, "essex", "2025-11", ["E/1"])
    found = await _bridge(served, opening, to_scope="2026-02-referral")
    assert (found["opening"]["most"], found["closing"]["most"]) == (None, 0)
    assert _parts(found) == [("scope", -1, None)]
    assert _of(found, "essex") == []


OF_2013, OF_2009 = "2026-06-of-2013", "2026-07-of-2009"


async def _by_year(served: Served) -> None:
    """Two proposed editions, each of which counts what was closed in one year."""
    way = await a_way(served)
    for name, year in ((OF_2013, 2013), (OF_2009, 2009)):
        rule = {**a_scope()["rules"][0], "when": f"nfa_date between '{year}-01-01' and '{year}-12-31'"}
        await way.proposed(a_scope(name, rules=[rule], title=f"What was closed in {year}"))
    await judge_remaining(served.context)


@pytest.mark.parametrize("first", ["editions", "returns"])
@pytest.mark.parametrize("months", [1, 2])
async def test_where_one_number_may_have_gone_for_another_that_came_the_parts_of_the_edition_are_open(
    served: Served, first: str, months: int
) -> None:
    if first == "editions":
        await _by_year(served)
    now = await _reported(served, "kent", "2025-11", ["K/1"], [OPEN, {**OPEN, "nfa_date": "2009"}])
    if months == 2:  # with the cells of the month before
        item = Return(await served.client("kent"), "kent", "2025-12")
        await item.open()
        await item.upload(csv_of([a_case("K/2")]))
        await item.explain_all()
        await item.seal()
        now = await _now(served)
    if first == "returns":
        await _by_year(served)
    found = await _bridge(served, now, to=now, from_scope=OF_2013, to_scope=OF_2009)
    assert (found["opening"]["most"], found["closing"]["most"]) == (None, None)
    assert {most for _, _, most in _parts(found)} == {None}
