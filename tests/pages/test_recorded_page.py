"""How well returns are recorded, as a coordinator reads it."""

from __future__ import annotations

from tests.support.browser import signed_in
from tests.support.desk import words_of
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served

PATH = "/national/recorded"


async def sealed(served: Served, force: str, **said: str) -> None:
    item = Return(await served.client(force), force, "2025-11")
    await item.open()
    await item.upload(csv_of([a_case("K/1", **said)]))
    await item.explain_all()
    await item.seal()


async def test_a_coordinator_sees_what_is_not_known_and_goes_on_to_the_forces(served: Served) -> None:
    await sealed(served, "kent", stage_date="2025-11")
    await sealed(served, "essex", stage_date="not_provided", suspects_not_recorded="1", suspects_asian="2")
    nca = await signed_in(served, "nca")
    assert f'href="{PATH}"' in (await nca.get("/national")).text
    page = await nca.get(PATH)
    words = words_of(page.text)
    assert "Stage since 2 1 50 % 0 1 0 0" in words
    assert "Suspects: 6 at least" in words
    assert "not recorded 4 67" in words.lower()
    words = words_of((await nca.get(PATH, params={"part": "case", "field": "stage_date"})).text)
    assert words.index("Essex Police") < words.index("Kent Police")


async def test_before_anything_is_sealed_the_page_says_so(served: Served) -> None:
    nca = await signed_in(served, "nca")
    assert "No force has sealed a return." in words_of((await nca.get(PATH)).text)


async def test_a_force_sees_nothing_of_it_and_a_field_that_is_not_there_has_no_page(served: Served) -> None:
    assert (await (await signed_in(served, "kent")).get(PATH)).status_code == 403
    nca = await signed_in(served, "nca")
    assert (await nca.get(PATH, params={"part": "case", "field": "no_such_field"})).status_code == 404


async def test_the_page_is_of_the_period_that_is_asked_for_and_says_so(served: Served) -> None:
    await sealed(served, "kent", stage_date="2025-11")
    nca = await signed_in(served, "nca")
    words = words_of((await nca.get(PATH, params={"period": "2025-11"})).text)
    assert "Of each force’s return for November 2025, row by row" in words
    assert "Stage since 1 1 100 % 0 0 0 0" in words
    assert "/api/national/recorded?period=2025-11" in words
    assert "No force has sealed a return for it." in words_of((await nca.get(PATH, params={"period": "2025-10"})).text)
    assert f'href="{PATH}?period=2025-11"' in (await nca.get("/national", params={"period": "2025-11"})).text


async def test_what_the_page_cannot_be_asked_is_refused(served: Served) -> None:
    nca = await signed_in(served, "nca")
    assert (await nca.get(PATH, params={"period": "x"})).status_code == 422
    assert (await nca.get(PATH, params={"foo": "x"})).status_code == 422
