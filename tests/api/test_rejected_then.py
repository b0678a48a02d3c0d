"""What was asked under an edition of a moment before it was rejected stays; what is asked of later is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from service.returns.rejudging import judge_remaining
from tests.support.editions import NARROW, Way, a_way
from tests.support.identity import Hand
from tests.support.rows import a_row
from tests.support.server import Return, Served, a_served, good, problem

PICTURE, OUTSTANDING, BRIDGE = "/api/national/picture", "/api/national/outstanding", "/api/national/bridge"
WIDE = "2025-11-wide"
TYPES = ("application/json", "text/csv")


class _Story(Struct):
    """An edition under which returns were judged; ``position`` and ``at`` are of the last change before its end."""

    way: Way
    position: int
    at: str

    async def reject(self) -> dict[str, Any]:
        return good(await self.way.npcc.post(f"/api/scopes/{NARROW}/reject", json={"reason": "No."}))


async def a_story(served: Served) -> _Story:
    way = await a_way(served)
    await Return(await served.client("kent")).report([a_row(suspect_count=3), a_row(case_ref="K/2", nfa_by="")])
    await way.proposed()
    await judge_remaining(served.context)
    last = good(await way.nca.get(PICTURE))["as_of"]
    return _Story(way, last["position"], last["at"])


def questions(as_of: object) -> list[tuple[str, dict[str, Any]]]:
    asked = {"scope": NARROW, "as_of": as_of}
    bridge = {"from": as_of, "from_scope": WIDE, "to": as_of, "to_scope": NARROW}
    return [(PICTURE, asked), (OUTSTANDING, asked), (BRIDGE, bridge)]


async def answers(client: httpx.AsyncClient, as_of: object) -> list[tuple[int, bytes, str | None]]:
    """Status, bytes and entity tag of everything that is asked of a moment."""
    found = []
    for path, query in questions(as_of):
        for media in TYPES:
            answered = await client.get(path, params=query, headers={"accept": media})
            found.append((answered.status_code, answered.content, answered.headers.get("etag")))
    return found


async def test_what_is_asked_of_a_position_before_the_rejection_stays_the_same_bytes(served: Served) -> None:
    story = await a_story(served)
    before = await answers(story.way.nca, story.position)
    assert {status for status, _, _ in before} == {200}
    await story.reject()
    assert await answers(story.way.nca, story.position) == before


async def test_what_is_asked_of_a_time_or_a_day_before_the_rejection_stays_the_same_bytes(served: Served) -> None:
    story = await a_story(served)
    day = served.clock().date().isoformat()
    assert isinstance(served.clock, Hand)
    served.clock.forward(days=2)
    story.way = await a_way(served)
    before = [await answers(story.way.nca, as_of) for as_of in (story.at, day)]
    assert {status for each in before for status, _, _ in each} == {200}
    await story.reject()
    assert [await answers(story.way.nca, as_of) for as_of in (story.at, day)] == before


async def test_what_is_asked_of_the_rejection_or_later_is_refused_and_says_what_can_be_asked(served: Served) -> None:
    story = await a_story(served)
    await story.reject()
    last = good(await story.way.nca.get(PICTURE))["as_of"]
    assert last["position"] == story.position + 1
    do = f"Ask for one of: {WIDE}, 2026-02-referral; or of a moment before it was rejected, which is change "
    for as_of in ({}, {"as_of": last["position"]}, {"as_of": last["at"]}):
        for path in (PICTURE, OUTSTANDING):
            answered = await story.way.nca.get(path, params={"scope": NARROW, **as_of})
            refused = problem(answered, 422, "scope-not-tallied")
            assert refused["do"] == f"{do}{last['position']}, {last['at']}."
    bridge = await story.way.nca.get(BRIDGE, params={"from": story.position, "to_scope": NARROW})
    assert f"which is change {last['position']}" in problem(bridge, 422, "scope-not-tallied")["do"]


async def test_a_bridge_leads_from_a_rejected_edition_to_the_one_in_force_now(served: Served) -> None:
    story = await a_story(served)
    await story.reject()
    found = good(await story.way.nca.get(BRIDGE, params={"from": story.position, "from_scope": NARROW}))
    assert (found["from"]["scope"]["edition"], found["to"]["scope"]["edition"]) == (NARROW, WIDE)


async def test_another_server_that_starts_after_the_rejection_answers_the_same(served: Served, tmp_path: Path) -> None:
    story = await a_story(served)
    before = await answers(story.way.nca, story.position)
    await story.reject()
    async with a_served(served.db, tmp_path / "later", clock=served.clock) as restarted:
        nca = (await a_way(restarted)).nca
        for (path, query), (_, content, tag) in zip(questions(story.position), before[::2], strict=True):
            answered = await nca.get(path, params=query)
            assert (answered.status_code, answered.content, answered.headers["etag"]) == (200, content, tag)


async def test_what_was_never_proposed_is_answered_at_no_moment(served: Served) -> None:
    way = await a_way(served)
    await way.drafted()
    before = good(await way.nca.get(PICTURE))["as_of"]["position"]
    good(await way.npcc.post(f"/api/scopes/{NARROW}/reject", json={"reason": "No."}))
    assert good(await way.nca.get(PICTURE))["as_of"]["position"] == before, "it moves no figure"
    for path in (PICTURE, OUTSTANDING):
        refused = problem(await way.nca.get(path, params={"scope": NARROW, "as_of": before}), 422)
        assert "before it was rejected" not in refused["do"]
