"""The tutorial for data leads is followed in a real browser: every command is run, and what is in bold is pressed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from service.clock import system_clock
from service.storage.database import Database
from tests.support.browser import a_tab, running_browser
from tests.support.demonstration import a_demonstration
from tests.support.reader import BOLD, TO_ANSWER, Reader, steps

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "data-leads.md"


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


async def test_who_follows_the_tutorial_of_a_data_lead_holds_a_receipt(
    browser: Browser, database: Database, tmp_path: Path
) -> None:
    asked = list(steps(PAGE))
    first = next(place for place, (_, step) in enumerate(asked) if "first rule" in step)
    answering = [step for _, step in asked[first : first + 4]]
    receipt = ""
    async with (
        a_demonstration(database, tmp_path, cases=800, now=system_clock()) as served,
        a_tab(browser, served.addresses.origin) as tab,
    ):
        await tab.open("/")
        reader = Reader(tab, tmp_path)
        for place, (kind, step) in enumerate(asked):
            if kind == "command":
                reader.run(step)
            elif kind == "seen":
                await tab.page.get_by_text(BOLD.findall(step)[0]).first.wait_for()
                if "Return sealed" in step:
                    receipt = await tab.page.locator(".app-receipt-number").inner_text()
            elif place == first:
                while await tab.page.locator(TO_ANSWER).count():
                    for each in answering:
                        await reader.do(each)
                    await tab.page.get_by_text("Your answer is stored").wait_for()
                assert await tab.heading() == "Findings"
            elif not first < place < first + len(answering):
                await reader.do(step)
    assert receipt.startswith("CR-kent-")
    assert len(asked) > 30
