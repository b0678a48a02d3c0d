"""A coordinator reads the picture in a real browser: on a desk, on a phone, and with no script running."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from service.storage.database import Database
from tests.support.browser import Tab, a_tab
from tests.support.identity import Hand
from tests.support.server import Served, a_served
from tests.support.tallies import REFERRAL, WIDE, Row, a_country

NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """A country in which most forces have reported, one late and some never."""
    country = await a_country(database)
    country.now = datetime(2026, 2, 10, 9, tzinfo=UTC)
    forces = [item.force for item in country.terms.participation]
    for place, force in enumerate(forces[:40]):
        rows = [Row(weight=40 + 7 * place), Row(ruling=0b101, weight=place), Row(ruling=-2, weight=5, setting=None)]
        await country.seals(force, "2025-12" if place == 7 else "2026-01", rows)
    async with a_served(database, tmp_path, clock=Hand(NOW), pages=True) as running:
        yield running


async def test_a_coordinator_reads_the_picture_and_follows_a_figure_to_its_source(tab: Tab) -> None:
    await tab.sign_in("nca")
    assert await tab.heading() == "National picture"
    assert await tab.careful() == []
    number = tab.page.locator(".app-headline__number")
    assert await number.inner_text() == "7,060 to 7,840"
    await number.get_by_role("link").click()
    picture = msgspec.json.decode(await tab.page.inner_text("body"))
    assert (picture["totals"]["least"], picture["totals"]["most"]) == (7_060, 7_840)
    await tab.page.go_back()
    kent = tab.page.get_by_role("row", name="Kent Police")
    least = await kent.get_by_role("link").first.inner_text()
    await kent.get_by_role("link").first.click()
    cells = {cell["force"]: cell for cell in msgspec.json.decode(await tab.page.inner_text("body"))["cells"]}
    assert str(cells["kent"]["least"]) == least


async def test_another_edition_and_a_day_are_chosen_and_a_mistake_keeps_what_was_typed(tab: Tab) -> None:
    await tab.sign_in("npcc")
    await tab.page.get_by_text("Choose another edition").click()
    assert await tab.careful() == []
    await tab.page.select_option("#scope", REFERRAL)
    for field, value in (("day", "30"), ("month", "2"), ("year", "2026")):
        await tab.page.fill(f"#{field}", value)
    await tab.page.get_by_role("button", name="Show the picture").click()
    assert "The date must be a real date" in await tab.page.locator(".govuk-error-summary").inner_text()
    assert await tab.careful() == []
    assert await tab.page.input_value("#scope") == REFERRAL
    assert await tab.page.input_value("#day") == "30"
    await tab.page.locator(".govuk-error-summary a").click()
    assert await tab.page.evaluate("document.activeElement.id") == "day"
    await tab.page.fill("#day", "12")
    await tab.page.get_by_role("button", name="Show the picture").click()
    assert await tab.heading() == "National picture"
    said = await tab.page.inner_text("main")
    assert "This edition is proposed and not in force." in said
    assert "The end of 12 February 2026" in said
    assert tab.page.url.partition("?")[2] == f"scope={REFERRAL}&as_of=2026-02-12&by=force"


@pytest.mark.parametrize(
    "query", ["?by=stage", "?by=nfa_year", "?by=region", "?by=force,setting", "?state=carried_forward&sort=-most"]
)
async def test_every_cut_is_without_fault(tab: Tab, query: str) -> None:
    await tab.sign_in("nca")
    assert await tab.open(f"/national{query}") == 200
    assert await tab.careful() == []


async def test_an_empty_picture_is_without_fault(tab: Tab) -> None:
    await tab.sign_in("nca")
    await tab.open(f"/national?as_of=1&scope={WIDE}")
    assert "No figure yet" in await tab.page.inner_text("main")
    assert await tab.careful() == []


async def test_on_a_phone_the_page_needs_no_scrolling_sideways(phone: Tab) -> None:
    await phone.sign_in("nca")
    assert await phone.careful() == []
    for query in ("?by=stage", "?by=force,nfa_year", "?as_of=soon"):
        await phone.open(f"/national{query}")
        assert await phone.careful() == [], query


async def test_on_paper_every_column_is_whole_and_nothing_stands_behind_the_figures(tab: Tab) -> None:
    await tab.sign_in("nca")
    await tab.page.set_viewport_size({"width": 794, "height": 1123})  # A4
    await tab.page.emulate_media(media="print")
    for query in ("", "?by=stage", "?by=force,nfa_year"):
        await tab.open(f"/national{query}")
        wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert await tab.page.evaluate(wide), query
        behind = "[...document.links].map((a) => getComputedStyle(a, '::after').content).filter((c) => c.includes('('))"
        assert await tab.page.evaluate(behind) == [], query


async def test_without_a_script_everything_is_reached_by_links_and_forms(browser: Browser, served: Served) -> None:
    async with a_tab(browser, served.addresses.origin, scripts=False) as plain:
        await plain.sign_in("nca")
        await plain.page.get_by_role("link", name="Stage", exact=True).click()
        assert await plain.page.locator("#breakdown").inner_text() == "By stage"
        await plain.page.get_by_role("link", name="Force", exact=True).click()
        await plain.page.get_by_role("link", name="not reported (5)").click()
        assert await plain.page.locator("table >> nth=0").get_by_role("row").count() == 1 + 5
        await plain.page.get_by_text("Choose another edition").click()
        await plain.page.select_option("#scope", WIDE)
        await plain.page.get_by_role("button", name="Show the picture").click()
        assert f"scope={WIDE}" in plain.page.url
        async with plain.page.expect_download() as download:
            await plain.page.get_by_role("link", name="Download this table (CSV)").first.click()
        file = await (await download.value).path()
        assert file.read_bytes().startswith(b"force,in_scope,")
