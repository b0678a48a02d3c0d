"""How well sealed returns are recorded: what is known, and why what is empty is empty, by field and by force."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good, problem

PATH = "/api/national/recorded"
KINDS = ("known", "not_known", "not_provided", "not_applicable", "not_asked")


async def sealed(served: Served, force: str, rows: list[dict[str, str]], *cells: dict[str, str]) -> None:
    item = Return(await served.client(force), force, "2025-11")
    await item.open()
    await item.upload(csv_of(rows))
    if cells:
        sent = csv_of(cells)
        good(await item.client.put(f"{item.path}/aggregates", content=sent, headers={"Content-Type": "text/csv"}))
    await item.explain_all()
    await item.seal()


def field(answer: dict[str, Any], name: str, part: str = "case") -> dict[str, Any]:
    (found,) = [item for item in answer["items"] if (item["part"], item["field"]) == (part, name)]
    return {str(name): value for name, value in found.items()}


def counts(item: dict[str, Any]) -> tuple[int, ...]:
    return tuple(item[kind] for kind in KINDS)


async def test_known_not_known_and_not_provided_are_counted_apart_and_zero_is_known(served: Served) -> None:
    rows = [
        a_case("K/1", victim_contact="not_provided", suspects_white="0", suspects_asian="1", suspects_not_recorded="2"),
        a_case("K/2", victim_contact="not_known"),
        a_case("K/3", victim_contact="agreed", safeguarding_referral_date="not_applicable"),
    ]
    await sealed(served, "kent", rows)
    nca = await served.client(None, body="nca")
    answer = good(await nca.get(PATH))
    assert counts(field(answer, "victim_contact")) == (1, 1, 1, 0, 0)
    assert counts(field(answer, "safeguarding_referral_date")) == (0, 2, 0, 1, 0)
    assert counts(field(answer, "suspects_white")) == (1, 2, 0, 0, 0)
    assert field(answer, "suspects_not_recorded")["least"] == 8
    assert field(answer, "suspects_not_recorded")["adds_up_to"] == "suspect_count"
    assert (answer["forces"], answer["uncounted"]) == (1, 0)


async def test_the_five_counts_add_up_to_the_rows_of_every_field(served: Served) -> None:
    await sealed(served, "kent", [a_case("K/1"), a_case("K/2", stage_date="2025")])
    await sealed(served, "essex", [a_case("E/1")])
    nca = await served.client(None, body="nca")
    items = good(await nca.get(PATH))["items"]
    assert {item["rows"] for item in items if item["part"] == "case"} == {3}
    assert [item["field"] for item in items if sum(counts(item)) != item["rows"]] == []


async def test_what_a_version_never_asked_is_not_what_a_force_does_not_know(served: Served) -> None:
    await sealed(served, "kent", [a_case("K/1"), a_case("K/2")])
    nca = await served.client(None, body="nca")
    answer = good(await nca.get(PATH))
    assert answer["contract_version"] == "2026.1"
    assert counts(field(answer, "independent_review_body")) == (0, 0, 0, 0, 2)
    assert counts(field(answer, "victim_age_youngest")) == (2, 0, 0, 0, 0)


async def test_a_total_is_never_less_than_what_its_parts_say_even_where_it_is_not_known(served: Served) -> None:
    rows = [
        a_case("K/1", suspect_count="", suspects_white="8", suspects_not_recorded=""),
        a_case("K/2", suspect_count="1+", suspects_white="5", suspects_not_recorded=""),
        a_case("K/3", suspect_count="3", suspects_white="", suspects_not_recorded=""),
    ]
    await sealed(served, "kent", rows)
    nca = await served.client(None, body="nca")
    answer = good(await nca.get(PATH))
    assert field(answer, "suspects_white")["least"] == 13
    assert field(answer, "suspect_count")["least"] == 16


async def test_the_count_of_a_cell_may_be_not_provided(served: Served) -> None:
    cells = [{"nfa_date": "2015", "cases": "12"}, {"nfa_date": "2016", "cases": "not_provided"}]
    await sealed(served, "kent", [a_case("K/1")], *cells)
    nca = await served.client(None, body="nca")
    assert counts(field(good(await nca.get(PATH)), "cases", "aggregate")) == (1, 0, 1, 0, 0)


async def test_forces_come_in_the_order_of_how_little_they_know(served: Served) -> None:
    await sealed(served, "kent", [a_case("K/1", stage_date="2025-11"), a_case("K/2", stage_date="2025-11")])
    await sealed(served, "essex", [a_case("E/1", stage_date="2025-11"), a_case("E/2")])
    nca = await served.client(None, body="nca")
    link = field(good(await nca.get(PATH)), "stage_date")["links"]["forces"]
    items = good(await nca.get(link))["items"]
    assert [(item["force"], item["known"], item["not_known"]) for item in items] == [("essex", 1, 1), ("kent", 2, 0)]
    assert items[0]["contract_version"] == "2025.1"


async def test_a_return_that_was_sealed_before_this_was_counted_is_named_and_in_no_count(served: Served) -> None:
    await sealed(served, "kent", [a_case("K/1")])
    await sealed(served, "essex", [a_case("E/1")])
    kent = served.context.forces.by_code["kent"].ordinal
    async with served.db.force(kent) as tx:
        await tx.execute(text("update case_return set summary = summary - 'recorded'"))
    nca = await served.client(None, body="nca")
    answer = good(await nca.get(PATH))
    assert (answer["forces"], answer["uncounted"]) == (2, 1)
    assert field(answer, "stage")["rows"] == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{PATH}/cases/no_such_field", 404),
        (f"{PATH}/rows/stage", 404),
        (f"{PATH}?period=November", 422),
    ],
)
async def test_what_is_not_there_is_refused(served: Served, path: str, status: int) -> None:
    nca = await served.client(None, body="nca")
    problem(await nca.get(path), status)


async def test_a_force_sees_nothing_of_it(served: Served, november: Return) -> None:
    problem(await november.client.get(PATH), 403)
    problem(await november.client.get(f"{PATH}/cases/stage"), 403)
