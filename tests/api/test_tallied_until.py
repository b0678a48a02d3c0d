"""What is answered under an edition that is superseded: for as long as it is tallied, and after its last day."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from service.api.scope_shapes import ScopeDocument
from service.returns.rejudging import judge_remaining
from tests.support.editions import NARROW, Way, a_scope, a_way
from tests.support.identity import Hand
from tests.support.rows import as_csv, rows
from tests.support.server import Return, Served, good, problem

AFTER, UNTIL = "2026-07-after", "2026-01-25"


async def _superseded(served: Served) -> Way:
    way = await a_way(served)
    for made in (a_scope(tallied_until=UNTIL), a_scope(AFTER, least=2)):
        assert (await way.confirmed(await way.proposed(made)))["state"] == "in_force"
    return way


async def _sealed(served: Served, force: str) -> None:
    item = Return(await served.client(force), force)
    await item.open()
    await item.upload(as_csv(rows(2, suspect_count=5)))
    await item.explain_all()
    await item.seal()


@pytest_asyncio.fixture
async def nca(served: Served) -> Any:
    """The NCA's client after the last day, when Kent has sealed before it and Essex since."""
    await _superseded(served)
    await _sealed(served, "kent")
    assert isinstance(served.clock, Hand)
    served.clock.forward(days=6)
    await _sealed(served, "essex")
    return (await a_way(served)).nca


async def test_an_edition_shows_until_when_it_is_tallied(served: Served) -> None:
    way, anyone = await a_way(served), await served.bare()
    made = await way.proposed(a_scope(tallied_until=UNTIL))
    assert made["document"]["tallied_until"] == UNTIL
    shown = good(await anyone.get(f"/api/scopes/{NARROW}"))
    assert set(shown) == set(ScopeDocument.__struct_fields__)
    assert shown["tallied_until"] == UNTIL
    assert "under this one all the same until the end of 25 January 2026." in shown["words"]["text"]
    listed = {each["edition"]: each["tallied_until"] for each in good(await anyone.get("/api/scopes"))["items"]}
    assert (listed[NARROW], listed["2025-11-wide"]) == (UNTIL, None)


async def test_what_is_confirmed_covers_until_when_it_is_tallied(served: Served) -> None:
    way = await a_way(served)
    drafted = await way.drafted(a_scope(tallied_until="2026-02-01"))
    seen = {"If-Match": drafted.headers["etag"]}
    written = await way.nca.put(f"/api/scopes/{NARROW}", json=a_scope(tallied_until=UNTIL), headers=seen)
    good(await way.nca.post(f"/api/scopes/{NARROW}/propose", headers={"If-Match": written.headers["etag"]}))
    read = {"hash": drafted.json()["hash"]}
    problem(await way.npcc.post(f"/api/scopes/{NARROW}/confirm", json=read), 409, "scope-hash-differs")


@pytest.mark.parametrize("said", ["soon", "31/12/2026", "2026-02-30", "20261231", "2026-12"])
async def test_what_is_no_day_is_told_with_its_place(served: Served, said: str) -> None:
    way = await a_way(served)
    refused = problem(await way.nca.post("/api/scopes", json=a_scope(tallied_until=said)), 422, "scope-draft")
    (error,) = refused["errors"]
    assert (error["pointer"], error["says"]) == ("/tallied_until", "`tallied_until` is not a day.")
    assert error["do"] == "Write year, month and day, as in 2026-12-31, or leave it out."


async def test_a_picture_says_whose_returns_stay_undetermined(nca: Any) -> None:
    found = good(await nca.get("/api/national/picture", params={"scope": NARROW}))
    coverage = found["coverage"]
    assert (coverage["tallied"], coverage["tallied_until"], coverage["not_judged"]) == (False, UNTIL, ["essex"])
    assert (found["totals"]["least"], found["totals"]["most"]) == (2, 4)
    table = await nca.get("/api/national/picture", params={"scope": NARROW}, headers={"Accept": "text/csv"})
    head, line = (each.split(",") for each in table.text.splitlines()[:2])
    assert line[head.index("scope_is_tallied")] == "no"
    now = good(await nca.get("/api/national/picture"))["coverage"]
    assert (now["tallied"], now["not_judged"]) == (True, [])


async def _said(nca: Any, path: str, **asked: str) -> list[str]:
    """The very bytes of an answer, as JSON and as a table."""
    answers = [
        await nca.get(path, params=asked, headers={"Accept": media}) for media in ("application/json", "text/csv")
    ]
    assert [each.status_code for each in answers] == [200, 200]
    return [each.text + each.headers["etag"] for each in answers]


@pytest.mark.parametrize("path", ["/api/national/picture", "/api/national/outstanding"])
async def test_a_past_picture_is_the_same_to_the_byte_after_a_later_switch(served: Served, path: str) -> None:
    way = await a_way(served)
    await _sealed(served, "kent")
    position = str(good(await way.nca.get(path))["as_of"]["position"])
    asked = {"as_of": position, "scope": "2025-11-wide"}
    before = await _said(way.nca, path, **asked)
    made = await way.proposed()
    await judge_remaining(served.context)
    assert (await way.confirmed(made))["state"] == "in_force"
    assert await _said(way.nca, path, **asked) == before


async def test_a_past_picture_says_whether_its_edition_was_tallied_then(nca: Any, served: Served) -> None:
    async def then(**asked: str) -> bool:
        found = good(await nca.get("/api/national/picture", params={"scope": NARROW, **asked}))
        return bool(found["coverage"]["tallied"])

    sealed = good(await (await served.client("kent")).get("/api/forces/kent/returns/2025-11/receipt"))["sealed_at"]
    assert [await then(), await then(as_of=sealed), await then(as_of=UNTIL)] == [False, True, True]
    # before it was proposed it was not superseded, and what is judged under it since then is
    assert await then(as_of="1")


async def test_progress_waits_for_nothing(nca: Any) -> None:
    found = good(await nca.get(f"/api/scopes/{NARROW}/re-judging"))
    told = {name: found[name] for name in ("state", "tallied", "returns", "judged", "not_tallied", "chains_left")}
    assert told == {
        "state": "superseded",
        "tallied": False,
        "returns": 2,
        "judged": 1,
        "not_tallied": 1,
        "chains_left": 0,
    }


async def test_what_is_outstanding_says_who_is_in_no_figure(nca: Any) -> None:
    found = good(await nca.get("/api/national/outstanding", params={"scope": NARROW}))
    assert (found["scope"]["tallied"], found["scope"]["tallied_until"], found["not_judged"]) == (False, UNTIL, 1)
    ranges = [(each["month"], each["forces"], each["not_judged"], each["most"]) for each in found["narrowing"]]
    assert ranges == [(None, 2, 1, None)]
    asked = {"scope": NARROW, "table": "forces"}
    table = await nca.get("/api/national/outstanding", params=asked, headers={"Accept": "text/csv"})
    head, line = (each.split(",") for each in table.text.splitlines()[:2])
    assert (line[head.index("not_judged_in_all")], line[head.index("scope_is_tallied")]) == ("1", "no")


async def test_a_bridge_to_what_has_no_tally_is_refused_in_words(nca: Any) -> None:
    asked = {"from_scope": NARROW, "to_scope": NARROW}
    refused = problem(await nca.get("/api/national/bridge", params=asked), 409, "not-tallied-any-more")
    assert refused["detail"] == f"1 return has no tally under {NARROW}, which is not tallied any more."


async def test_a_simulation_says_that_its_figures_are_not_the_pictures(nca: Any) -> None:
    found = good(await nca.post(f"/api/scopes/{NARROW}/simulate"))
    assert found["scope"]["note"] == (
        "Returns that were sealed since another edition came into force and after 25 January 2026 have no tally under "
        "it, and get none. Here they are judged under it all the same, so these figures need not be those of the "
        "national picture under it."
    )
    assert (found["after"]["least"], found["against"]["note"]) == (4, None)
    other = good(await nca.post(f"/api/scopes/{AFTER}/simulate", json={"against": NARROW}))
    assert (other["scope"]["note"], other["against"]["note"]) == (None, found["scope"]["note"])


async def test_a_simulation_of_what_is_tallied_still_has_nothing_to_note(served: Served) -> None:
    way = await _superseded(served)
    found = good(await way.nca.post(f"/api/scopes/{NARROW}/simulate"))
    assert (found["scope"]["state"], found["scope"]["note"]) == ("superseded", None)


async def test_reconciling_says_what_gets_no_tally(nca: Any) -> None:
    found = good(await nca.get("/api/national/reconcile", params={"scope": NARROW}))
    assert (found["not_judged"], found["not_tallied"], found["mismatches"]) == (0, 1, [])


async def test_a_forces_own_questions_are_answered_and_say_so(served: Served, nca: Any) -> None:
    del nca
    essex = await served.client("essex")
    work = good(await essex.get("/api/forces/essex/work-list", params={"scope": NARROW}))
    assert (work["scope"]["edition"], work["scope"]["tallied"]) == (NARROW, False)
    problem(await essex.get("/api/forces/essex/returns/2025-11/tallies", params={"scope": NARROW}), 404, "no-tally")


async def test_a_draft_that_the_bodies_have_looked_at_is_told_to_no_force(served: Served) -> None:
    way = await a_way(served)
    await _sealed(served, "kent")
    kent = await served.client("kent")
    await way.drafted()
    good(await way.nca.get(f"/api/scopes/{NARROW}/difference"))
    good(await way.nca.post(f"/api/scopes/{NARROW}/simulate"))
    told = [
        problem(await kent.get("/api/forces/kent/work-list", params={"scope": scope}), 404, "no-such-scope")
        for scope in (NARROW, "2026-06-narro")
    ]
    assert told[0] == told[1]
    assert NARROW not in str(told)
