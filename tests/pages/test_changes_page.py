"""The changelog of the data standard, for everybody who is signed in."""

from __future__ import annotations

from tests.support.browser import Tab, signed_in
from tests.support.desk import a_desk, words_of
from tests.support.server import Served


async def test_a_return_leads_to_what_its_version_changes(served: Served) -> None:
    desk = await a_desk(served)
    assert 'href="/contracts/2025.1/changes"' in await desk.read()
    first = words_of((await desk.client.get("/contracts/2025.1/changes")).text)
    assert "2025.1 is the first version: there is none before it." in first
    assert (await desk.client.get("/contracts/9999.1/changes")).status_code == 404


async def test_the_changelog_says_what_older_returns_say_and_what_is_lost(served: Served) -> None:
    nca = await signed_in(served, "nca")
    newest = await nca.get("/contracts/changes")
    assert newest.headers["location"] == "/contracts/2026.1/changes"
    words = words_of((await nca.get(newest.headers["location"])).text)
    assert (
        "institutional (Institutional abuse (schools, care homes and the like)) reads as school or care_home" in words
    )
    assert (
        "immediate (At once: a suspect who is dangerous or may flee) reads as dangerous_suspect or flight_risk" in words
    )
    assert "Q356 Tightened" in words


async def test_the_changelog_can_be_read_by_everybody(served: Served, tab: Tab, phone: Tab) -> None:
    for each, person in ((tab, "nca"), (phone, "kent")):
        await each.sign_in(person)
        assert await each.open("/contracts/2026.1/changes") == 200
        assert await each.careful() == []
