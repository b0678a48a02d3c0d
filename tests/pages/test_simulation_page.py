"""What an edition would do, for the people of the national bodies: chosen in a form, told in tables."""

from __future__ import annotations

import httpx
import pytest_asyncio

from tests.support.browser import Tab, signed_in
from tests.support.desk import words_of
from tests.support.editions import NARROW, a_scope, a_way
from tests.support.reading import read_page
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good

PATH = "/national/simulation"
AFTER = "2026-07-after"
REFERRAL = f"{PATH}?edition=2026-02-referral"
CASES = [
    a_case("K/1"),
    a_case("K/2", victim_count="2"),
    a_case("K/3", victim_count="2", suspect_count="1", suspects_not_recorded="1"),
    a_case("K/4", youngest_victim_age="", offence_code="88C", victim_count="2", setting=""),
]


@pytest_asyncio.fixture
async def reported(served: Served) -> Served:
    """The service, to which Kent has reported."""
    november = Return(await served.client(), period="2025-11")
    await november.open()
    await november.upload(csv_of(CASES))
    await november.explain_all()
    await november.seal()
    return served


@pytest_asyncio.fixture
async def nca(reported: Served) -> httpx.AsyncClient:
    return await signed_in(reported, "nca")


async def test_the_picture_leads_to_what_an_edition_would_do(nca: httpx.AsyncClient) -> None:
    assert f'href="{PATH}"' in (await nca.get("/national")).text
    assert f'href="{REFERRAL}"' in (await nca.get("/national?scope=2026-02-referral")).text


async def test_nothing_is_asked_before_an_edition_is_chosen(nca: httpx.AsyncClient) -> None:
    answered = await nca.get(PATH)
    assert answered.status_code == 200
    assert "2026-02-referral, proposed" in words_of(answered.text)
    assert "Cases by verdict" not in answered.text


async def test_an_edition_is_told_beside_the_one_in_force(nca: httpx.AsyncClient) -> None:
    page = read_page((await nca.get(REFERRAL)).text)
    assert "2 cases would have another verdict, of 4 in all." in page.text
    totals = page.tables["Cases by verdict, before and after"]
    assert [[cell.text for cell in row] for row in totals[1:]] == [
        ["Before, 2025-11-wide", "2", "1", "1", "2 to 3"],
        ["After, 2026-02-referral", "0", "2", "2", "0 to 2"],
    ]
    assert "Out after by ‘More than one victim’" in page.text
    assert "Kent Police" in page.text
    assert "Not measured. It has not sealed returns for two periods yet" in page.text


async def test_a_draft_is_simulated_before_anyone_has_proposed_it(reported: Served) -> None:
    drafting = await reported.client(None, "terms:propose", "national:read", body="nca")
    good(await drafting.post("/api/scopes", json=a_scope()))
    nca = await signed_in(reported, "nca")
    leads = f'href="{PATH}?edition={NARROW}"'
    assert leads in (await nca.get(f"/national/scopes/{NARROW}")).text
    assert f"{NARROW}, draft" in words_of((await nca.get(PATH)).text)
    page = read_page((await nca.get(PATH, params={"edition": NARROW})).text)
    assert page.tables["Cases by verdict, before and after"][2][0].text == f"After, {NARROW}"


async def test_of_an_edition_that_is_tallied_no_more_it_says_once_that_the_picture_differs(served: Served) -> None:
    way = await a_way(served)
    for made in (a_scope(), a_scope(AFTER, least=2)):
        await way.confirmed(await way.proposed(made))
    nca = await signed_in(served, "nca")
    told = "Here they are judged under it all the same, so these figures need not be those of the national picture"
    for asked in ({"edition": NARROW}, {"edition": NARROW, "against": NARROW}, {"edition": AFTER, "against": NARROW}):
        said = words_of((await nca.get(PATH, params=asked)).text)
        assert said.count(f"({NARROW}) is no longer in force. Returns that were sealed since") == 1
        assert said.count(told) == 1
    assert told not in words_of((await nca.get(PATH, params={"edition": AFTER})).text)


async def test_rules_are_switched_off_by_ticking_them(nca: httpx.AsyncClient) -> None:
    answered = await nca.get(PATH, params={"edition": "2025-11-wide", "off": ["suspects"]})
    page = read_page(answered.text)
    assert "1 case would have another verdict, of 4 in all." in page.text
    assert "Two or more suspects" in page.text
    assert 'value="suspects" checked' in answered.text


async def test_what_cannot_be_asked_is_named_at_its_field_and_no_figure_is_shown(nca: httpx.AsyncClient) -> None:
    rules = ["offence", "suspects", "victims", "ended", "when"]
    for query, at in (
        ({"edition": "2025-11-wide", "off": rules}, "#off"),
        ({"edition": "2025-11-wide", "off": ["alive"]}, "#off"),
        ({"edition": "nowhere"}, "#edition"),
        ({"edition": "2025-11-wide", "against": "nowhere"}, "#against"),
    ):
        answered = await nca.get(PATH, params=query)
        assert answered.status_code == 422, query
        assert f'href="{at}"' in answered.text
        assert f'id="{at[1:]}"' in answered.text
        assert "Cases by verdict" not in answered.text


async def test_an_address_with_something_unknown_is_refused(nca: httpx.AsyncClient) -> None:
    answered = await nca.get(PATH, params={"edition": "2025-11-wide", "rule": "suspects"})
    assert answered.status_code == 422
    assert "This page takes no parameter" in words_of(answered.text)


async def test_a_force_is_not_shown_what_an_edition_would_do(reported: Served) -> None:
    kent = await signed_in(reported, "kent")
    assert (await kent.get(REFERRAL)).status_code == 403


async def test_the_page_says_that_nobody_has_reported(served: Served) -> None:
    nca = await signed_in(served, "nca")
    assert "No force has sealed a return yet" in words_of((await nca.get(REFERRAL)).text)


async def test_it_can_be_read_on_a_screen_and_on_a_phone(reported: Served, tab: Tab, phone: Tab) -> None:
    for each in (tab, phone):
        await each.sign_in("nca")
        for path in (PATH, REFERRAL, f"{PATH}?edition=nowhere"):
            await each.open(path)
            assert await each.careful() == [], path


async def test_it_works_without_a_script(reported: Served, plain_tab: Tab) -> None:
    await plain_tab.sign_in("nca")
    await plain_tab.open(PATH)
    await plain_tab.page.select_option("#edition", "2026-02-referral")
    await plain_tab.page.click("main form[action='/national/simulation'] button")
    assert "2 cases would have another verdict" in await plain_tab.page.inner_text("main")
    await plain_tab.page.check("input[name=off][value=victims]")
    await plain_tab.page.click("main form[action='/national/simulation'] button")
    assert "without 1 of its rules" in await plain_tab.page.inner_text("main")


async def test_no_word_of_a_first_column_is_broken_where_there_are_columns(reported: Served, tab: Tab) -> None:
    await tab.sign_in("nca")
    for width in (1100, 760, 660):
        await tab.page.set_viewport_size({"width": width, "height": 900})
        await tab.open(REFERRAL)
        await tab.page.evaluate(_AS_MANY_MOVES)
        assert await tab.page.evaluate(_BROKEN) == [], width
        assert not await tab.is_wider_than_the_screen(), width


_AS_MANY_MOVES = """() => {
  for (const row of document.querySelectorAll("main section[aria-labelledby=where] tr")) {
    for (let more = row.cells.length; more < 7; more += 1) row.append(row.lastElementChild.cloneNode(true));
  }
  document.querySelector("#by-force tbody th").textContent = "Cambridgeshire Constabulary";
}"""
"""Each table as wide as it is where every verdict became every other, of a force with a long name."""
_BROKEN = """() => [...document.querySelectorAll("main section[aria-labelledby=where] tbody th")].flatMap((cell) => {
  const text = cell.firstChild;
  return [...text.data.matchAll(/[^\\s-]+/g)].filter((word) => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return new Set([...range.getClientRects()].map((each) => Math.round(each.top))).size > 1;
  }).map((word) => word[0]);
})"""
"""The words that stand on more than one line."""
