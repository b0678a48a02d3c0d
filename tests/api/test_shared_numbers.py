"""What the picture says of a shared case that a holder reports as a number alone, on several rows, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good
from tests.support.terms import a_terms_way, terms_of, without

AGREED = {"shared_ref": "kent:1", "lead_force": "kent", "nfa_date": "2014"}
NUMBER = {"nfa_date": "2014", "cases": "5"}


async def _reported(
    served: Served,
    force: str,
    cases: Sequence[Mapping[str, str]],
    years: list[int],
    cells: Sequence[Mapping[str, str]] = (),
    period: str = "2025-11",
) -> list[dict[str, Any]]:
    """A sealed return of a month; what was found in it."""
    item = Return(await served.client(force), force, period)
    await item.open(case_years=years)
    await item.upload(csv_of(cases))
    if cells:
        sent = csv_of([dict(cell) for cell in cells])
        good(await item.client.put(f"{item.path}/aggregates", content=sent, headers={"Content-Type": "text/csv"}))
    found = await item.findings()
    await item.explain_all()
    await item.seal()
    return found


async def _picture(served: Served) -> dict[str, Any]:
    nca = await served.client(None, body="nca")
    return good(await nca.get("/api/national/picture", params={"by": "force"}))


@pytest.mark.parametrize("has_row", [True, False])
async def test_a_holder_that_reports_the_year_as_numbers_alone_confirms_nothing(served: Served, has_row: bool) -> None:
    other = a_case("E/1", shared_with="kent", **AGREED) if has_row else a_case("E/2", nfa_date="2015")
    await _reported(served, "kent", [a_case("K/1", shared_with="essex", **AGREED)], [2014])
    before = await _picture(served)
    await _reported(served, "essex", [other], [2015], [NUMBER])
    found = await _picture(served)
    assert (before["possible_doubles"], found["possible_doubles"]) == (0, 1), (
        "nothing of a force counts before it reports"
    )
    assert found["led_elsewhere"]["in_scope"] == 0
    assert found["totals"]["undetermined"] == 5


async def test_a_case_that_the_lead_reports_on_two_rows_counts_twice_and_is_named_as_a_possible_double(
    served: Served,
) -> None:
    twice = [a_case(case, shared_with="essex", **AGREED) for case in ("K/1", "K/2")]
    found = await _reported(served, "kent", twice, [2014])
    assert {each["rule"] for each in found} == {"Q322"}, "no published rule asks about it"
    await _reported(served, "essex", [a_case("E/1", shared_with="kent", **AGREED)], [2014])
    picture = await _picture(served)
    assert (picture["totals"]["in_scope"], picture["possible_doubles"]) == (2, 1)
    assert picture["led_elsewhere"]["in_scope"] == 1


async def test_rows_of_another_than_the_lead_under_one_reference_are_all_of_them_led_elsewhere(served: Served) -> None:
    await _reported(served, "kent", [a_case("K/1", shared_with="essex", **AGREED)], [2014])
    twice = [a_case(case, shared_with="kent", **AGREED) for case in ("E/1", "E/2")]
    await _reported(served, "essex", twice, [2014])
    picture = await _picture(served)
    assert (picture["totals"]["in_scope"], picture["possible_doubles"]) == (1, 0)
    assert picture["led_elsewhere"]["in_scope"] == 2


async def test_a_case_that_a_force_that_left_had_too_is_there_once_with_who_took_it_over(served: Served) -> None:
    kents = [a_case("K/1", shared_with="essex", **AGREED)]
    await _reported(served, "kent", kents, [2014], period="2025-12")
    await _reported(served, "essex", [a_case("E/9", nfa_date="2014")], [2014], period="2025-12")
    assert (await _picture(served))["possible_doubles"] == 1
    leaves = without(served, "kent", "2025-12", "essex")
    await (await a_terms_way(served)).adopted(terms_of(served, participation=leaves))
    essexs = [a_case("E/1", shared_with="kent", **AGREED)]
    await _reported(served, "essex", essexs, [2014], period="2026-01")
    picture = await _picture(served)
    assert (picture["totals"]["in_scope"], picture["possible_doubles"]) == (2, 0)


async def test_a_case_that_is_out_of_scope_for_the_other_holder_is_there_once(served: Served) -> None:
    await _reported(served, "kent", [a_case("K/1", shared_with="essex", **AGREED)], [2014])
    differs = AGREED | {"lead_force": "essex", "suspect_count": "1", "suspects_not_recorded": "1"}
    await _reported(served, "essex", [a_case("E/1", shared_with="kent", **differs)], [2014])
    picture = await _picture(served)
    assert (picture["totals"]["in_scope"], picture["totals"]["out_of_scope"]) == (1, 1)
    assert picture["possible_doubles"] == 0


async def test_rows_of_one_force_under_one_reference_may_be_one_case_whoever_they_name(served: Served) -> None:
    nobody = a_case("K/2", **AGREED)
    await _reported(served, "essex", [a_case("E/9", nfa_date="2014")], [2014])
    await _reported(served, "kent", [a_case("K/1", **AGREED), nobody], [2014])
    assert (await _picture(served))["possible_doubles"] == 1
    await _reported(served, "kent", [a_case("K/1", shared_with="essex", **AGREED), nobody], [2014], period="2025-12")
    assert (await _picture(served))["possible_doubles"] == 2
