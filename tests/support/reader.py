"""Somebody who does in a real browser what a page of the documents says: runs its commands, and presses what is in
bold."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from click.testing import CliRunner
from playwright.async_api import Locator

from service.cli import command
from tests.support.browser import Tab

TO_ANSWER = "main tr:has(.govuk-tag--yellow)"
PRESSED: tuple[Literal["button", "link"], ...] = ("button", "link")
_STEP = re.compile(r"^    uv run case-returns (?P<command>generate .*)|^- (?P<step>.*)|You see (?P<seen>\*\*.*?\*\*)")
BOLD = re.compile(r"\*\*(.+?)\*\*")
_QUOTED = re.compile(r"`(.+?)`")


def steps(page: Path) -> Iterator[tuple[str, str]]:
    """What a page asks for, in order: a command, something that is done on a page, or something that is seen."""
    text = re.sub(r"\n(?![\n*|#-]|    )", " ", page.read_text())  # a sentence that goes on in the next line
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
    """Somebody who does what a page says."""

    def __init__(self, tab: Tab, folder: Path) -> None:
        self.tab, self.page, self.folder = tab, tab.page, folder

    def run(self, line: str) -> None:
        words = shlex.split(line)
        out = words.index("--out") + 1
        words[out] = str(self.folder / words[out])
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output

    async def do(self, step: str) -> None:
        bold, quoted = BOLD.findall(step), _QUOTED.findall(step)
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
