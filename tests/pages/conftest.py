"""A running service with pages, and a browser to look at them with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from service.storage.database import Database
from tests.support.browser import Tab, a_tab, running_browser
from tests.support.server import Served, a_served


@pytest_asyncio.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The service, with pages on which everybody of the demonstration may sign in."""
    async with a_served(database, tmp_path, pages=True) as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the tests of this process; each tab has cookies of its own."""
    async with running_browser() as running:
        yield running


@pytest_asyncio.fixture
async def tab(browser: Browser, served: Served) -> AsyncIterator[Tab]:
    """A tab on a desk."""
    async with a_tab(browser, served.addresses.origin) as made:
        yield made


@pytest_asyncio.fixture
async def plain_tab(browser: Browser, served: Served) -> AsyncIterator[Tab]:
    """A tab in which no script runs."""
    async with a_tab(browser, served.addresses.origin, scripts=False) as made:
        yield made


@pytest_asyncio.fixture
async def phone(browser: Browser, served: Served) -> AsyncIterator[Tab]:
    """A tab on a phone."""
    async with a_tab(browser, served.addresses.origin, phone=True) as made:
        yield made
