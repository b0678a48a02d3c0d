"""What a version does to sealed returns, for the people of the national bodies."""

from __future__ import annotations

from tests.support.browser import Tab, signed_in
from tests.support.desk import words_of
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served

PATH = "/contracts/2026.1/effect"


async def test_the_changelog_leads_the_national_bodies_to_its_effect(served: Served) -> None:
    november = Return(await served.client(), period="2025-11")
    await november.open()
    await november.upload(csv_of([a_case("K/1", suspects_charged="1", result="out_of_court"), a_case("K/2")]))
    await november.explain_all()
    await november.seal()
    nca = await signed_in(served, "nca")
    assert f'href="{PATH}"' in (await nca.get("/contracts/2026.1/changes")).text
    words = words_of((await nca.get(PATH)).text)
    assert "Publishing 2026.1 moves no number" in words
    assert "Read by 2026.1, every case would have the verdict that it has by 2025.1." in words
    assert "As it stands, by 2025.1 2 0 0" in words
    assert "Q356 is validity now, and was quality." in words


async def test_a_force_is_shown_neither_the_effect_nor_the_way_to_it(served: Served) -> None:
    kent = await signed_in(served, "kent")
    assert PATH not in (await kent.get("/contracts/2026.1/changes")).text
    assert (await kent.get(PATH)).status_code == 403


async def test_the_first_version_has_no_effect_and_an_unknown_one_no_page(served: Served) -> None:
    nca = await signed_in(served, "nca")
    assert "it changes nothing" in (await nca.get("/contracts/2025.1/effect")).text
    assert (await nca.get("/contracts/9999.1/effect")).status_code == 404


async def test_the_effect_can_be_read_on_a_screen_and_on_a_phone(served: Served, tab: Tab, phone: Tab) -> None:
    for each in (tab, phone):
        await each.sign_in("nca")
        assert await each.open(PATH) == 200
        assert await each.careful() == []
