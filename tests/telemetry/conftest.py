"""A running service, and all that it tells of itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from service.storage.database import Database
from tests.support.postgres import Server, TestDatabase
from tests.support.server import Return, Served, a_served
from tests.support.telemetry import Told, recorded


@pytest.fixture
def told() -> Iterator[Told]:
    with recorded() as telling:
        yield telling


@pytest_asyncio.fixture
async def test_database(request: pytest.FixtureRequest, server: Server, template: str) -> AsyncIterator[TestDatabase]:
    """A fresh database; what is told is recorded before it is opened, as in a running service."""
    if "told" in request.fixturenames:
        request.getfixturevalue("told")
    async with server.copy_of(template) as made:
        yield made


@pytest_asyncio.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    async with a_served(database, tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def november(served: Served) -> Return:
    """Kent's first return, opened."""
    opened = Return(await served.client("kent"))
    await opened.open()
    return opened
