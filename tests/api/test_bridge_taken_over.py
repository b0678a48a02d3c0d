"""A force that another takes over, through the front door: the bridge sets what went beside what came."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

from tests.support.identity import Hand
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good
from tests.support.terms import a_terms_way, terms_of, without

PATH = "/api/national/bridge"
LAST, SINCE, LATER = "2025-12", "2026-01", "2026-02"
AGREED = {"shared_ref": "sussex:7", "lead_force": "sussex"}


async def _sealed(served: Served, force: str, period: str, rows: list[dict[str, str]]) -> int:
    """Seal a return of a force; the position."""
    item = Return(await served.client(force), force, period)
    await item.open()
    await item.upload(csv_of(rows))
    await item.explain_all()
    return int((await item.seal())["position"])


async def _revised(served: Served, force: str, period: str, rows: list[dict[str, str]]) -> int:
    """Seal a revision of a return, with other rows; the position."""
    item = Return(await served.client(force), force, period)
    await item.open(corrects=1)
    await item.upload(csv_of(rows))
    await item.explain_all()
    return int((await item.seal())["position"])


async def _leaves(served: Served, successor: str | None = "sussex") -> None:
    """Kent takes part until December, and then the other follows it."""
    await (await a_terms_way(served)).adopted(terms_of(served, participation=without(served, "kent", LAST, successor)))


def _kents(**more: str) -> list[dict[str, str]]:
    return [a_case("K/1", **more), a_case("K/2"), a_case("K/3"), a_case("K/4", suspect_count="1+")]


async def _bridge(served: Served, opening: int, **asked: str) -> dict[str, Any]:
    nca = await served.client(None, body="nca")
    return good(await nca.get(PATH, params={"from": str(opening), "by": "force", **asked}))


def _moved(item: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(part["cause"], part["in_scope"], part["taken_over"]) for part in item["parts"]]


def _of(answer: dict[str, Any], force: str) -> list[tuple[str, int, int]]:
    return _moved(next(each for each in answer["forces"] if each["force"] == force))


async def test_what_went_with_a_force_stands_beside_what_its_successors_first_return_brought(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, _kents())
    await _leaves(served)
    assert (await _bridge(served, opening))["taken_over"] == []
    await _sealed(served, "sussex", SINCE, [a_case("S/2"), a_case("S/3")])
    answer = await _bridge(served, opening)
    assert _moved(answer) == [("coverage", -3, -3), ("newly_identified", 2, 2)]
    assert _of(answer, "kent") == [("coverage", -3, -3)]
    assert _of(answer, "sussex") == [("newly_identified", 2, 2)]
    says = (
        "Sussex Police took over from Kent Police: 3 went out with Kent Police, and 2 came in with the first return of "
        "Sussex Police since then, for 2026-01, as new cases. How many of them are the same cases cannot be told."
    )
    assert answer["taken_over"] == [
        {
            "force": "sussex",
            "name": "Sussex Police",
            "period": "2026-01",
            "took": [{"force": "kent", "name": "Kent Police"}],
            "went": {"in_scope": -3, "least": -3, "most": -4},
            "came": {"in_scope": 2, "least": 2, "most": 2},
            "sentence": says,
        }
    ]
    assert answer["sentence"].startswith("The national figure fell from 4 to 3 because forces reported for the first ")
    assert answer["sentence"].endswith(says)


async def test_only_what_the_first_return_brings_came_by_taking_over(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, _kents())
    await _leaves(served)
    between = await _sealed(served, "sussex", SINCE, [a_case("S/2"), a_case("S/3")])
    assert isinstance(served.clock, Hand)
    served.clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC)
    await _sealed(served, "sussex", LATER, [a_case("S/4")])
    answer = await _bridge(served, opening)
    assert _moved(answer) == [("coverage", -3, -3), ("newly_identified", 3, 2)]
    later = await _bridge(served, between)
    assert (_moved(later), later["taken_over"]) == ([("newly_identified", 1, 0)], [])


async def test_a_successor_that_never_reported_before_brings_coverage(served: Served) -> None:
    opening = await _sealed(served, "kent", LAST, _kents())
    await _leaves(served)
    await _sealed(served, "sussex", SINCE, [a_case("S/1"), a_case("S/2"), a_case("S/3"), a_case("S/4")])
    answer = await _bridge(served, opening)
    assert _moved(answer) == [("coverage", 1, 1)]
    assert (_of(answer, "kent"), _of(answer, "sussex")) == ([("coverage", -3, -3)], [("coverage", 4, 4)])
    assert answer["taken_over"][0]["sentence"] == (
        "Sussex Police took over from Kent Police: 3 went out with Kent Police, and 4 came in with the first return of "
        "Sussex Police since then, for 2026-01."
    )


async def test_a_case_that_both_agreed_on_is_transferred_on_both_sides(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, _kents(shared_with="sussex", **AGREED))
    await _leaves(served)
    await _sealed(served, "sussex", SINCE, [a_case("S/2", shared_with="kent", **AGREED), a_case("S/3")])
    answer = await _bridge(served, opening)
    assert _moved(answer) == [("coverage", -2, -2), ("newly_identified", 1, 1)]
    assert _of(answer, "kent") == [("coverage", -2, -2), ("transferred", -1, 0)]
    assert _of(answer, "sussex") == [("transferred", 1, 0), ("newly_identified", 1, 1)]
    assert answer["taken_over"][0]["went"]["in_scope"] == -2


async def test_a_case_of_which_the_successor_says_something_else_is_not_transferred(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, _kents(shared_with="sussex", **AGREED))
    await _leaves(served)
    await _sealed(served, "sussex", SINCE, [a_case("S/2", shared_with="essex", **AGREED)])
    answer = await _bridge(served, opening)
    assert _moved(answer) == [("coverage", -3, -3), ("newly_identified", 1, 1)]


async def test_a_case_that_the_successor_led_already_is_neither_lost_nor_found(served: Served) -> None:
    await _sealed(served, "kent", LAST, _kents(shared_with="sussex", **AGREED))
    opening = await _sealed(served, "sussex", LAST, [a_case("S/1", shared_with="kent", **AGREED)])
    await _leaves(served)
    await _sealed(served, "sussex", SINCE, [a_case("S/2")])
    answer = await _bridge(served, opening)
    assert _of(answer, "kent") == [("coverage", -2, -2)]
    assert _moved(answer) == [("coverage", -2, -2), ("newly_identified", 1, 1)]


async def test_a_force_that_nobody_follows_is_taken_over_by_none(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, _kents())
    await _leaves(served, None)
    assert isinstance(served.clock, Hand)
    await _sealed(served, "sussex", SINCE, [a_case("S/2")])
    served.clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC)  # January is due, and Kent is not expected
    await _sealed(served, "essex", SINCE, [a_case("E/1", suspect_count="1", suspects_not_recorded="1")])
    answer = await _bridge(served, opening)
    assert (_moved(answer), answer["taken_over"]) == ([("coverage", -3, 0), ("newly_identified", 1, 0)], [])


async def test_a_return_that_the_successor_takes_back_brings_the_force_that_left_back(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, _kents())
    await _leaves(served)
    between = await _sealed(served, "sussex", SINCE, [a_case("S/2")])
    sussex = await served.client("sussex")
    at = f"/api/forces/sussex/returns/{SINCE}"
    good(await sussex.post(f"{at}/withdraw", json={"reason": "Without what Kent held."}))
    answer = await _bridge(served, between)
    assert (_moved(answer), answer["taken_over"]) == ([("coverage", 2, 0)], [])
    assert _moved(await _bridge(served, opening)) == []


async def test_a_table_says_of_each_part_how_much_came_by_taking_over(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, _kents())
    await _leaves(served)
    await _sealed(served, "sussex", SINCE, [a_case("S/2")])
    nca = await served.client(None, body="nca")
    got = await nca.get(PATH, params={"from": str(opening), "by": "force"}, headers={"Accept": "text/csv"})
    rows = [row for row in csv.DictReader(io.StringIO(got.text)) if row["line"] not in ("opening", "closing")]
    assert [(row["force"], row["line"], row["in_scope"], row["taken_over"]) for row in rows] == [
        ("", "coverage", "-3", "-3"),
        ("", "newly_identified", "1", "1"),
        ("kent", "coverage", "-3", "-3"),
        ("sussex", "newly_identified", "1", "1"),
    ]


async def test_a_case_that_the_force_that_left_first_reported_on_the_way_is_new(served: Served) -> None:
    opening = await _sealed(served, "sussex", LAST, [a_case("S/1")])
    await _sealed(served, "kent", LAST, [a_case("K/1", shared_with="sussex", **AGREED)])
    await _leaves(served)
    await _sealed(served, "sussex", SINCE, [a_case("S/2", shared_with="kent", **AGREED)])
    answer = await _bridge(served, opening)
    assert _moved(answer) == [("newly_identified", 1, 0)]
    assert answer["sentence"].startswith("The national figure rose from 1 to 2 because new cases were identified (+1).")


async def test_what_a_successor_brings_as_agreed_and_takes_back_is_new_and_was_left(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, _kents(shared_with="sussex", **AGREED)[:1])
    await _leaves(served)
    await _sealed(served, "sussex", SINCE, [a_case("S/2", shared_with="kent", **AGREED)])
    await _revised(served, "sussex", SINCE, [a_case("S/2", shared_ref="", shared_with="", lead_force="")])
    answer = await _bridge(served, opening)
    assert _moved(answer) == [("coverage", -1, -1), ("newly_identified", 1, 1)]


async def test_a_case_that_comes_over_with_another_verdict_was_corrected_by_who_has_it_now(served: Served) -> None:
    await _sealed(served, "sussex", LAST, [a_case("S/1")])
    opening = await _sealed(served, "kent", LAST, [a_case("K/1", shared_with="sussex", **AGREED)])
    alone = {"suspect_count": "1", "suspects_not_recorded": "1"}
    await _sealed(served, "sussex", SINCE, [a_case("S/2", shared_with="kent", **AGREED, **alone)])
    answer = await _bridge(served, opening)
    assert [(part["cause"], part["rule"], part["in_scope"]) for part in answer["parts"]] == [
        ("corrected", "suspects", -1)
    ]
    assert _of(answer, "kent") == [("transferred", -1, 0)]
    assert _of(answer, "sussex") == [("transferred", 1, 0), ("corrected", -1, 0)]
