"""Editions of the terms on the pages: drafted, proposed, confirmed and rejected by people of the two bodies."""

from __future__ import annotations

import re
from typing import Any

import pytest_asyncio
import yaml

from service.storage.database import Database
from tests.support.browser import Tab, signed_in
from tests.support.desk import hidden_in, problems_of, went_on, words_of
from tests.support.server import Served, a_served, problem
from tests.support.stored import store_a_ring
from tests.support.tallies import statements_of
from tests.support.terms import NEXT, a_terms_way, terms_of, without

AT = f"/national/terms/{NEXT}"
NEW = "/national/terms/new"


@pytest_asyncio.fixture
async def served(database: Database, tmp_path: Any) -> Any:
    async with a_served(database, tmp_path, pages=True) as running:
        yield running


def form(document: dict[str, Any] | str, etag: str = "") -> dict[str, Any]:
    content = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
    return {"data": {"text": content, "etag": etag}, "files": {"file": ("", b"")}}


async def test_both_coordinators_take_terms_from_a_draft_to_being_in_force(served: Served) -> None:
    nca, npcc = await signed_in(served, "nca"), await signed_in(served, "npcc")
    assert "least_percent: 100" in (begun := (await nca.get(NEW)).text)
    assert "set: assessed_or_later" in begun
    wrong = await nca.post(NEW, **form("edition: 2026-02\nscope: x\n"))
    assert wrong.status_code == 422
    assert "adopting terms switches no scope edition" in words_of(wrong.text)
    document = terms_of(served, participation=without(served, "kent", "2026-03", "sussex"))
    went_on(await nca.post(NEW, **form(document)), f"{AT}?done=drafted")
    shown = (await nca.get(AT)).text
    assert "Kent Police leaves after 2026-03" in words_of(shown)
    changed = {**document, "title": "Terms, written anew"}
    etag = hidden_in((await npcc.get(f"{AT}/change")).text)["etag"]
    went_on(await npcc.post(f"{AT}/change", **form(changed, etag)), f"{AT}?done=drafted")
    stale = await nca.post(f"{AT}/propose", data=hidden_in(shown))
    assert stale.status_code == 412
    assert problems_of(stale.text)
    proposal = hidden_in((await nca.get(AT)).text)
    went_on(await nca.post(f"{AT}/propose", data=proposal), f"{AT}?done=proposed")
    sent = hidden_in((await nca.get(AT)).text)
    went_on(await nca.post(f"{AT}/confirm", data=sent), f"{AT}?done=confirmed")
    assert "The NPCC has not confirmed it." in words_of((await nca.get(AT)).text)
    went_on(await npcc.post(f"{AT}/confirm", data=sent), f"{AT}?done=confirmed")
    assert f"{NEXT} is confirmed by both bodies, and is in force." in words_of(
        (await npcc.get(f"{AT}?done=confirmed")).text
    )
    listed = words_of((await npcc.get("/national/terms")).text)
    assert "In force" in listed
    assert "Superseded" in listed


async def test_a_draft_that_would_move_the_past_says_so_and_is_rejected_with_a_reason(served: Served) -> None:
    nca = await signed_in(served, "nca")
    went_on(await nca.post(NEW, **form(terms_of(served, participation=without(served, "kent", "2025-11")))), AT)
    page = (await nca.get(AT)).text
    assert "Why it cannot be proposed as it is" in words_of(page)
    refused = await nca.post(f"{AT}/propose", data=hidden_in(page))
    assert refused.status_code == 409
    assert "kent would not have been expected for 2025-12" in words_of(refused.text)
    assert (await nca.post(f"{AT}/reject", data={**hidden_in(page), "reason": ""})).status_code == 422
    went_on(await nca.post(f"{AT}/reject", data={**hidden_in(page), "reason": "Not so"}), f"{AT}?done=rejected")
    for word in ("propose", "confirm", "reject"):
        went_on(await nca.get(f"{AT}/{word}"), AT)


async def test_terms_that_were_overtaken_say_so_and_are_not_confirmed(served: Served) -> None:
    way = await a_terms_way(served)
    late = await way.proposed(terms_of(served, "2026-02-late"))
    await way.adopted(terms_of(served))
    nca, at = await signed_in(served, "nca"), f"/national/terms/{late['edition']}"
    page = (await nca.get(at)).text
    words = words_of(page)
    assert f"It cannot come into force any more. It was proposed to follow 2025-11, and {NEXT} is in force by" in words
    assert "It comes into force when" not in words
    assert f'action="{at}/confirm"' not in page
    assert "Cannot come into force any more: draft it anew" in words_of((await nca.get("/national/terms")).text)
    refused = await nca.post(f"{at}/confirm", data={"hash": late["hash"]})
    assert refused.status_code == 409
    assert "2026-02-late cannot come into force any more." in words_of(refused.text)


async def test_a_second_tab_is_told_what_is_so_already_by_whom_and_when_in_the_words_of_the_api(
    served: Served,
) -> None:
    nca, way = await signed_in(served, "nca"), await a_terms_way(served)
    drafted = await way.nca.post("/api/terms", json=terms_of(served))
    proposal, seen = hidden_in((await nca.get(AT)).text), {"If-Match": drafted.headers["etag"]}
    word: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
        "propose": ("proposed", proposal, {}),
        "confirm": ("confirmed", {"hash": drafted.json()["hash"]}, {"hash": drafted.json()["hash"]}),
        "reject": ("rejected", {"reason": "Too early"}, {"reason": "Otherwise"}),
    }
    for at, (done, sent, body) in word.items():
        went_on(await nca.post(f"{AT}/{at}", data=sent), f"{AT}?done={done}")
        refused = await nca.post(f"{AT}/{at}", data=sent)
        told = problem(await way.nca.post(f"/api/terms/{NEXT}/{at}", json=body, headers=seen), 409)
        assert refused.status_code == 409
        assert told["detail"].startswith(f"The NCA {done} {NEXT} already, on 20 January 2026 at 12:00.")
        assert problems_of(refused.text)[f"#{at}"] == f"{told['detail']} {told['do']}".strip()


async def test_a_day_or_reason_that_cannot_be_for_what_is_decided_already_is_told_that_it_is(served: Served) -> None:
    nca, way = await signed_in(served, "nca"), await a_terms_way(served)
    await way.nca.post("/api/terms", json=terms_of(served))
    proposal = hidden_in((await nca.get(AT)).text)
    went_on(await nca.post(f"{AT}/reject", data={"reason": "Too early."}))
    day = {"effective-day": "31", "effective-month": "2", "effective-year": "2026"}
    for word, sent in (("propose", proposal | day), ("reject", {"reason": ""})):
        refused = await nca.post(f"{AT}/{word}", data=sent)
        assert refused.status_code == 409
        assert list(problems_of(refused.text)) == [f"#{word}"]
        assert problems_of(refused.text)[f"#{word}"].startswith(f"The NCA rejected {NEXT} already, on 20 January 2026")


async def test_a_draft_that_would_not_be_taken_any_more_is_told_by_line_and_column_where_it_is_proposed(
    served: Served,
) -> None:
    nca, way = await signed_in(served, "nca"), await a_terms_way(served)
    await way.nca.post("/api/terms", json=terms_of(served))
    proposal = hidden_in((await nca.get(AT)).text)
    await store_a_ring(served)
    refused = await nca.post(f"{AT}/propose", data=proposal)
    assert refused.status_code == 422
    told = re.match(r"Line (\d+), column \d+: 'kent' follows ", problems_of(refused.text)["#propose"])
    assert told is not None
    text = (await nca.get(f"{AT}/change")).text.partition("<textarea")[2].partition(">")[2].lstrip("\n")
    assert "successor: " in text.splitlines()[int(told[1]) - 1]


async def test_which_terms_are_in_force_is_asked_once_for_the_page_of_a_proposal(served: Served) -> None:
    await (await a_terms_way(served)).proposed(terms_of(served))
    nca = await signed_in(served, "nca")
    asked = await statements_of(served.db, lambda: nca.get(AT))
    assert len([each for each in asked if "from terms_edition order by position desc limit 1" in each]) == 1


async def test_what_is_to_be_known_of_terms_stands_on_the_page_before_they_are_confirmed(served: Served) -> None:
    nca, npcc = await signed_in(served, "nca"), await signed_in(served, "npcc")
    went_on(await nca.post(NEW, **form(terms_of(served, milestones=[]))), AT)
    went_on(await nca.post(f"{AT}/propose", data=hidden_in((await nca.get(AT)).text)), AT)
    words = words_of((await npcc.get(AT)).text)
    warned = "Warning The milestone \u201cInitial assessments complete\u201d of 30 April 2026 is taken out."
    assert warned in words
    assert words.index(warned) < words.index("Confirm it for the NPCC")


async def test_on_a_screen_that_is_not_wide_the_pages_keep_their_margin(served: Served, tab: Tab) -> None:
    await tab.sign_in("nca")
    await tab.page.set_viewport_size({"width": 1100, "height": 800})
    for path in ("/national", "/national/scopes", "/national/terms", NEW):
        assert await tab.open(path) == 200
        assert await tab.careful() == [], path
        box = await tab.page.locator("main").bounding_box()
        assert box is not None
        assert (box["x"], box["width"]) == (30, 1040), path
