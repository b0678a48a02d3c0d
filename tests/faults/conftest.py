"""A database for all the tests of a file, a force of its own for each test, and a look at its rows from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from service.contract.model import Code
from tests.support.faults import Watch, a_watch
from tests.support.postgres import Server, TestDatabase
from tests.support.server import PUBLISHED

TERMS = next(iter(PUBLISHED.terms.values()))


@pytest_asyncio.fixture(scope="module")
async def shared(server: Server, template: str) -> AsyncIterator[TestDatabase]:
    """A migrated database for all the tests of one file."""
    async with server.copy_of(template) as made:
        yield made


@pytest.fixture(scope="module")
def forces() -> Iterator[Code]:
    """Forces that no test has used yet."""
    return iter(PUBLISHED.library.lists[TERMS.force_list].by_code.values())


@pytest.fixture
def force(forces: Iterator[Code]) -> Code:
    """The force that a test is about."""
    return next(forces)


@pytest_asyncio.fixture
async def watch(shared: TestDatabase, force: Code) -> AsyncIterator[Watch]:
    async with a_watch(shared, force.ordinal) as looking:
        yield looking
