"""What terms may do, and what whoever adopts them is warned of before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.rows import a_row, as_csv
from tests.support.server import Return, Served, good
from tests.support.terms import AT, a_terms_way, terms_of, without, yes_to

BEFORE = "2025-11"
MILESTONE = {"id": "initial_assessments", "title": "Initial assessments complete", "set": "assessed_or_later"}


@pytest.mark.parametrize(
    ("milestones", "says"),
    [
        (
            [{**MILESTONE, "by": "2026-01-19"}],
            "is over before these terms can hold, on 20 January 2026; it was 30 April",
        ),
        ([{**MILESTONE, "by": "2026-01-20"}], None),
        ([{**MILESTONE, "by": "2026-04-30", "least_percent": 90}], None),
        ([], "\u201cInitial assessments complete\u201d of 30 April 2026 is taken out."),
        (
            [{**MILESTONE, "by": "2026-04-30"}, {**MILESTONE, "id": "new", "title": "New", "by": "2025-12-31"}],
            "The milestone \u201cNew\u201d of 31 December 2025 is over before these terms can hold",
        ),
    ],
)
async def test_a_milestone_that_forces_cannot_plan_by_is_warned_of(
    served: Served, milestones: list[dict[str, Any]], says: str | None
) -> None:
    way = await a_terms_way(served)
    await way.nca.post("/api/terms", json=terms_of(served, milestones=milestones))
    told = good(await way.npcc.get(f"{AT}/difference"))["to_know"]
    assert [says in each for each in told if says is not None] == [True] * (says is not None)
    assert len(told) == (says is not None)


async def test_a_milestone_that_is_over_on_the_day_of_the_terms_is_warned_of_before_it_is_over(served: Served) -> None:
    way = await a_terms_way(served)
    milestones = [{**MILESTONE, "by": "2026-02-14"}]
    await way.proposed(terms_of(served, milestones=milestones), effective="2026-03-01")
    (told,) = good(await way.npcc.get(f"{AT}/difference"))["to_know"]
    assert "is over before these terms can hold, on 1 March 2026" in told


async def test_a_force_that_leaves_and_is_followed_by_nobody_is_warned_of_for_its_cases_stop_counting(
    served: Served,
) -> None:
    way = await a_terms_way(served)
    kent = Return(await served.client("kent"), period=BEFORE)
    await kent.open()
    await kent.upload(as_csv([a_row()]))
    await kent.explain_all()
    await kent.seal()
    await way.nca.post(
        "/api/terms",
        json=terms_of(served, "2026-02-followed", participation=without(served, "kent", "2025-12", "sussex")),
    )
    assert good(await way.npcc.get("/api/terms/2026-02-followed/difference"))["to_know"] == []
    await way.proposed(terms_of(served, participation=without(served, "kent", "2025-12")))
    assert good(await way.npcc.get(f"{AT}/difference"))["to_know"] == [
        "kent leaves after 2025-12, and no force follows it: its cases are in no national figure from the day on which "
        "the return for 2026-01 is due."
    ]
    made = good(await way.npcc.get(f"{AT}/draft"))
    for client in (way.nca, way.npcc):
        good(await yes_to(client, made))
    for period, counted in (("2025-12", 1), ("2026-01", 0)):
        found = good(await way.nca.get("/api/national/picture", params={"period": period}))
        assert found["totals"]["in_scope"] == counted
