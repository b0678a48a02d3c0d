"""The tutorial for data leads is followed in a real browser: every command is run, and what is in bold is pressed."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import pytest_asyncio
from click.testing import CliRunner
from playwright.async_api import Browser, Locator

from service.cli import command
from service.clock import system_clock
from service.storage.database import Database
from tests.support.browser import Tab, a_tab, running_browser
from tests.support.demonstration import a_demonstration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "data-leads.md"
TO_ANSWER = "main tr:has(.govuk-tag--yellow)"
PRESSED: tuple[Literal["button", "link"], ...] = ("button", "link")
_STEP = re.compile(r"^    uv run case-returns (?P<command>generate .*)|^- (?P<step>.*)|You see (?P<seen>\*\*.*?\*\*)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_QUOTED = re.compile(r"`(.+?)`")


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


def steps() -> Iterator[tuple[str, str]]:
    """What the tutorial asks for, in order: a command, something that is done on a page, or something that is seen."""
    text = re.sub(r"\n(?![\n*|#-]|    )", " ", PAGE.read_text())  # a sentence that goes on in the next line
    for line in text.splitlines():
        for found in _STEP.finditer(line):
            kind = found.lastgroup or ""
            yield kind, found[kind]


def starting_with(name: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{re.escape(name)}")


async def one_of(*candidates: Locator) -> Locator:
    """The first of these that is on the page."""
    for candidate in candidates:
        if await candidate.count():
            return candidate.first
    raise AssertionError(f"none of {candidates} is on the page")


class Reader:
    """Somebody who does what the tutorial says."""

    def __init__(self, tab: Tab, folder: Path) -> None:
        self.tab, self.page, self.folder = tab, tab.page, folder

    def run(self, line: str) -> None:
        words = shlex.split(line)
        out = words.index("--out") + 1
        words[out] = str(self.folder / words[out])
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output

    async def do(self, step: str) -> None:
        bold, quoted = _BOLD.findall(step), _QUOTED.findall(step)
        if step.startswith("Choose the file"):
            await self.page.set_input_files("input[type=file]", self.folder / quoted[0])
        elif step.startswith("Choose `"):
            await self.page.get_by_label(bold[0]).select_option(label=quoted[0])
        elif step.startswith("Choose"):
            for label in bold:
                await self.page.get_by_label(starting_with(label)).first.check()
        elif step.startswith("Write"):
            await self.page.get_by_label(bold[0], exact=True).fill(quoted[0])
        elif step.startswith("Press the first rule"):
            await self.follow(self.page.locator(TO_ANSWER).first.get_by_role("link").first)
        else:
            assert step.startswith("Press"), step
            await self.press(bold[0])

    async def press(self, name: str) -> None:
        if name == "Open the return" and not await self.page.locator("[name=period]:checked").count():
            await self.page.locator("[name=period]").first.check()
        inside = self.page.locator("body")
        exact = [inside.get_by_role(role, name=name, exact=True) for role in PRESSED]
        begun = [inside.get_by_role(role, name=starting_with(name)) for role in PRESSED]
        await self.follow(await one_of(*exact, *begun))

    async def follow(self, place: Locator) -> None:
        """Press it, and wait for the page that it leads to."""
        async with self.page.expect_navigation():
            await place.click()


async def test_who_follows_the_tutorial_of_a_data_lead_holds_a_receipt(
    browser: Browser, database: Database, tmp_path: Path
) -> None:
    asked = list(steps())
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
                await tab.page.get_by_text(_BOLD.findall(step)[0]).first.wait_for()
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
