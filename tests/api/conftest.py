"""A running service for each test, and Kent's client to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from service.storage.database import Database
from tests.support.server import Return, Served, a_served


@pytest_asyncio.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    async with a_served(database, tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def kent(served: Served) -> httpx.AsyncClient:
    """Kent's client, which may do all that a force may."""
    return await served.client("kent")


@pytest_asyncio.fixture
async def november(kent: httpx.AsyncClient) -> Return:
    """Kent's first return, opened."""
    opened = Return(kent)
    await opened.open()
    return opened
