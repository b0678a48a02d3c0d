"""The whole way of a data lead in a real browser: from a messy spreadsheet to the receipt, with and without scripts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import Browser

from service.contract.library import load_library
from service.demo.mess import messy
from service.demo.sheet import write_csv
from service.demo.single import sample
from tests.support.browser import Tab, a_tab
from tests.support.server import PERIOD, Served

MONTH = f"/forces/kent/returns/{PERIOD}"
_SAMPLE = sample(load_library(), "kent", date(2026, 1, 20), number=60, seed=5)
CLEAN = write_csv(_SAMPLE.rows, _SAMPLE.fields)
MESSY = messy(_SAMPLE.rows, 5, _SAMPLE.fields).body


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """The spreadsheet as the record system exported it, and as it is after somebody mended it."""
    (tmp_path / "messy.csv").write_bytes(MESSY)
    (tmp_path / "mended.csv").write_bytes(CLEAN)
    return tmp_path


async def press(tab: Tab, button: str) -> None:
    """Press a button of the page's own part, and wait for the page that follows."""
    async with tab.page.expect_navigation():
        await tab.page.get_by_role("button", name=button, exact=True).click()


async def follow(tab: Tab, link: str) -> None:
    """Follow a link, which may look like a button, and find nothing wrong with where it leads."""
    inside = tab.page.locator("main")
    async with tab.page.expect_navigation():
        await inside.get_by_role("link", name=link).or_(inside.get_by_role("button", name=link)).first.click()
    assert await tab.careful() == [], tab.page.url


async def upload(tab: Tab, file: Path, *, page: str = "cases") -> None:
    """Choose a file, send it, and wait for what it came to."""
    await tab.open(f"{MONTH}/upload/{page}")
    assert await tab.careful() == []
    await tab.page.set_input_files("input[type=file]", file)
    await tab.page.get_by_role("button", name="Upload", exact=True).click()
    await tab.page.wait_for_url("**/done/**")
    assert await tab.careful() == []


async def from_messy_to_receipt(tab: Tab, sheets: Path) -> None:
    await tab.sign_in("kent")
    assert await tab.heading() == "Returns of Kent Police"
    assert await tab.careful() == []
    await follow(tab, "Open the return of a month")
    await tab.page.get_by_label("November 2025").check()
    await press(tab, "Open the return")
    assert await tab.heading() == "Return for November 2025"
    assert await tab.careful() == []
    await follow(tab, "Upload cases")

    await upload(tab, sheets / "messy.csv")
    assert "rows are in the return" in await tab.page.locator("main").inner_text()
    await follow(tab, "See the rows that could not be taken")
    held = await tab.page.locator(".app-held").count()
    assert held > 8

    await upload(tab, sheets / "mended.csv")  # rows whose reference can be read leave the list by themselves
    await tab.open(f"{MONTH}/held")
    left = await tab.page.locator(".app-held").count()
    assert 0 < left < held
    await tab.page.get_by_label(f"All {left} that are to be resolved").check()
    await tab.page.get_by_label("It was recorded in error").check()
    await press(tab, "Set aside")
    assert await tab.careful() == []

    await tab.open(f"{MONTH}/findings")
    assert await tab.careful() == []
    while await tab.page.locator("main td .govuk-tag--yellow").count():
        waiting = tab.page.locator("main tr", has=tab.page.locator(".govuk-tag--yellow")).first
        async with tab.page.expect_navigation():
            await waiting.get_by_role("link").first.click()
        assert await tab.careful() == []
        await tab.page.get_by_label("Explain in words").check()
        await tab.page.get_by_label("Why it is so").fill("Checked against the case file.")
        await press(tab, "Store the answer")
        assert "Your answer is stored" in await tab.page.locator("main").inner_text()
        await tab.open(f"{MONTH}/findings")

    await tab.open(MONTH)
    assert "Nothing stands in the way" in await tab.page.locator("main").inner_text()
    assert await tab.careful() == []
    await tab.page.locator("main").get_by_role("link", name="Check and seal").last.click()
    assert await tab.careful() == []
    await tab.page.get_by_label("Your name").fill("A. Signer")
    await tab.page.get_by_label("I have checked this return").check()
    await press(tab, "Seal this return")
    said = await tab.page.locator("main").inner_text()
    assert "Return sealed" in said
    assert f"CR-kent-{PERIOD}-1-" in said
    assert "A. Signer, data lead" in said
    assert await tab.careful() == []

    await tab.open(MONTH)
    assert await tab.careful() == []
    await tab.open("/forces/kent")
    assert "Revision 1, sealed on 20 January 2026" in await tab.page.locator("main").inner_text()
    assert await tab.careful() == []


async def test_a_data_lead_goes_from_a_messy_spreadsheet_to_a_receipt(tab: Tab, sheets: Path) -> None:
    await from_messy_to_receipt(tab, sheets)


async def test_the_same_way_leads_to_the_receipt_where_no_script_runs(plain_tab: Tab, sheets: Path) -> None:
    await from_messy_to_receipt(plain_tab, sheets)


async def test_the_same_way_fits_a_phone(phone: Tab, sheets: Path) -> None:
    await from_messy_to_receipt(phone, sheets)


async def test_a_correction_begins_as_a_copy_and_both_lines_of_status_stand(
    browser: Browser, served: Served, sheets: Path
) -> None:
    async with a_tab(browser, served.addresses.origin) as tab:
        await from_messy_to_receipt(tab, sheets)
        await tab.open(f"{MONTH}/correct")
        assert await tab.careful() == []
        await press(tab, "Begin the correction")
        said = await tab.page.locator("main").inner_text()
        assert "Revision 1, sealed on" in said
        assert "Revision 2, opened" in said
        assert "Nothing differs from the last sealed return" in said
        assert await tab.careful() == []
        await tab.open(f"{MONTH}/withdraw")
        assert await tab.careful() == []
        await tab.page.get_by_label("Why do you withdraw it?").fill("Nothing was wrong after all.")
        await press(tab, "Withdraw this return")
        assert await tab.heading() == "Return for November 2025"
        await tab.open(f"{MONTH}?revision=2")
        assert "Nothing was wrong after all." in await tab.page.locator("main").inner_text()
        assert await tab.careful() == []
