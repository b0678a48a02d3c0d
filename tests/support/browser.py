"""A real browser for tests of pages: Debian's Chromium, driven by Playwright.

``Tab`` remembers what the browser complained about; ``tab.careful()`` says all of it, and asks axe-core besides. Where
there is no Chromium these tests are skipped with that reason, unless ``CASE_RETURNS_TEST_BROWSER=required``.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from msgspec import Struct
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Route, async_playwright

from tests.support.server import Served, steady

CHROMIUM = Path(os.environ.get("CASE_RETURNS_TEST_CHROMIUM", "/usr/bin/chromium"))
DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 375, "height": 720}
_QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
_AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    _need_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(_QUIET))
        yield browser
        await browser.close()


def _need_chromium() -> None:
    if CHROMIUM.exists():
        return
    reason = f"there is no Chromium at {CHROMIUM}: apt-get install chromium"
    if os.environ.get("CASE_RETURNS_TEST_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


class Tab(Struct, frozen=True):
    """One page of the browser, on one site."""

    page: Page
    origin: str
    complaints: list[str]
    glass: Page | None = None
    """Where no script runs: a page in which one does, to look at the other's with."""

    async def open(self, path: str) -> int:
        """Go to a page of the site; its status."""
        answered = await self.page.goto(self.origin + path)
        assert answered is not None
        return answered.status

    async def sign_in(self, person: str) -> None:
        """Sign in as one of the demonstration's people, through the page: ``kent``, ``nca``."""
        await self.open("/sign-in")
        await self.page.select_option("#person", person)
        await self.page.click("main button[type=submit]")

    async def press(self, button: str) -> None:
        """Press a button that leads to another page, on which nothing is to be complained of."""
        async with self.page.expect_navigation():
            await self.page.locator("main").get_by_role("button", name=button).click()
        assert await self.careful() == [], button

    async def heading(self) -> str:
        """The page's first heading."""
        return (await self.page.locator("h1").first.inner_text()).strip()

    async def violations(self) -> list[str]:
        """What axe-core finds on the page as it stands: rule, why, and where."""
        looked_at = self.page if self.glass is None else await self._behind(self.glass)
        found: dict[str, Any] = (await Axe().run(looked_at, options=_AXE)).response
        return [
            f"{each['id']}: {each['help']} at {[node['target'] for node in each['nodes']]}"
            for each in found["violations"]
        ]

    async def _behind(self, glass: Page) -> Page:
        """The page as it stands, without its scripts: axe is a script, and where none runs it never ends."""
        as_it_stands, address = await self.page.content(), self.page.url

        async def given(route: Route) -> None:
            if route.request.url == address:
                await route.fulfill(body=as_it_stands, content_type="text/html; charset=utf-8")
            elif route.request.resource_type == "script":
                await route.abort()
            else:
                await route.continue_()

        await glass.unroute_all()
        await glass.route("**/*", given)
        await glass.goto(address)
        return glass

    async def is_wider_than_the_screen(self) -> bool:
        """Whether one must scroll sideways to read the page."""
        wide: bool = await self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
        return wide

    async def careful(self) -> list[str]:
        """Everything that is wrong with the page as it stands: nothing, in a test that passes."""
        wide = ["the page is wider than the screen"] if await self.is_wider_than_the_screen() else []
        return [*self.complaints, *await self.violations(), *wide]


@asynccontextmanager
async def a_tab(browser: Browser, origin: str, *, scripts: bool = True, phone: bool = False) -> AsyncIterator[Tab]:
    """A page with cookies of its own; every error of a script, of the console and every refused load is remembered."""
    how: dict[str, Any] = {
        "viewport": PHONE if phone else DESKTOP,
        "locale": "en-GB",
        "timezone_id": "Europe/London",
    }
    context = await browser.new_context(**how, java_script_enabled=scripts)
    beside = None if scripts else await browser.new_context(**how)
    page = await context.new_page()
    page.set_default_timeout(30_000)
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # A page that is itself a refusal (a form with an error, 422) is no fault of the page's.
        if message.type in ("error", "warning") and message.location.get("url") != page.url:
            complaints.append(f"console: {message.text}")

    def failed(error: Error) -> None:
        complaints.append(f"script: {error}")

    page.on("console", heard)
    page.on("pageerror", failed)
    yield Tab(page, origin, complaints, None if beside is None else await beside.new_page())
    for each in (context, beside):
        if each is not None:
            await each.close()


OWN_FORM = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that one of our own pages sent."""


async def signed_in(served: Served, person: str) -> httpx.AsyncClient:
    """A client of the pages without a browser, signed in: for what a page says, where how it looks does not matter."""
    client = httpx.AsyncClient(base_url=served.addresses.origin, headers=OWN_FORM, timeout=60, transport=steady())
    await served.stack.enter_async_context(client)
    answered = await client.post("/sign-in", data={"person": person})
    assert answered.status_code == 303, answered.text
    return client
