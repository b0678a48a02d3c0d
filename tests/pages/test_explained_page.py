"""What forces explained when they sealed, as a coordinator reads it."""

from __future__ import annotations

from tests.support.browser import Tab, signed_in
from tests.support.desk import words_of
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served

PATH = "/national/answers"


async def sealed(served: Served, force: str, suspects: str) -> None:
    item = Return(await served.client(force), force, "2025-11")
    await item.open()
    await item.upload(csv_of([a_case("K/1", suspect_count=suspects, suspects_not_recorded=suspects)]))
    await item.explain_all()
    await item.seal()


async def test_a_coordinator_comes_from_the_rules_to_what_was_explained_and_to_the_forces(served: Served) -> None:
    await sealed(served, "kent", "70")
    await sealed(served, "essex", "80")
    nca = await signed_in(served, "nca")
    assert f'href="{PATH}"' in (await nca.get("/rules")).text
    assert "Q337 2025.1 0 0 2 2" in words_of((await nca.get(PATH)).text)
    words = words_of((await nca.get(PATH, params={"rule": "Q337"})).text)
    assert "Essex Police November 2025 0 0 1" in words
    assert "Kent Police November 2025 0 0 1" in words


async def test_a_force_sees_nothing_of_it(served: Served) -> None:
    kent = await signed_in(served, "kent")
    assert PATH not in (await kent.get("/rules")).text
    assert (await kent.get(PATH)).status_code == 403


async def test_a_rule_that_nobody_knows_has_no_page(served: Served) -> None:
    nca = await signed_in(served, "nca")
    assert (await nca.get(PATH, params={"rule": "Q999"})).status_code == 404
    assert "No force had to explain anything." in (await nca.get(PATH)).text


async def test_it_can_be_read_on_a_screen_and_on_a_phone(served: Served, tab: Tab, phone: Tab) -> None:
    await sealed(served, "kent", "70")
    for each in (tab, phone):
        await each.sign_in("nca")
        for path in (PATH, f"{PATH}?rule=Q337"):
            assert await each.open(path) == 200
            assert await each.careful() == []
