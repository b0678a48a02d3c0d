"""Fixtures that every test may use: a PostgreSQL server, and a migrated database of one's own.

``database`` is fresh for each test (about 40 ms), ``module_database`` is shared by the tests of a file, for those that
only read or keep out of each other's way.
"""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from hypothesis import settings

from service.storage.database import Database
from tests.support.postgres import Server, TestDatabase, running_server


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole of the tests on up to four cores, each with a server of its own; named tests in this process."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS or config.option.keyword:
        return 0
    return min(4, len(os.sched_getaffinity(0)))


BYTECODE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Where nothing may be written beside the sources, the processes that the tests start share what they compile in a
    folder of this run's: to compile everything anew was two thirds of a process's start."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None) and "PYTHONPYCACHEPREFIX" not in os.environ:
        folder = tempfile.mkdtemp(prefix="case-returns-bytecode-")
        config.stash[BYTECODE] = os.environ["PYTHONPYCACHEPREFIX"] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    if folder := config.stash.get(BYTECODE, None):
        shutil.rmtree(folder, ignore_errors=True)


settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # a busy machine is no failure

gc.set_threshold(50_000, 20, 50)
"""What is published is a large heap that stays: looking through it after every 700 objects was a tenth of the tests."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The PostgreSQL server of this test process."""
    with running_server() as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def template(server: Server) -> AsyncIterator[str]:
    """The name of a migrated database that nobody connects to, to be copied."""
    name = f"template_{secrets.token_hex(4)}"
    await server.migrated(name)
    yield name
    await server.drop(name)


@pytest_asyncio.fixture
async def test_database(server: Server, template: str) -> AsyncIterator[TestDatabase]:
    """A fresh migrated database with its URLs."""
    async with server.copy_of(template) as made:
        yield made


@pytest.fixture
def database(test_database: TestDatabase) -> Database:
    """A fresh migrated database."""
    return test_database.db


@pytest_asyncio.fixture(scope="module")
async def module_database(server: Server, template: str) -> AsyncIterator[Database]:
    """A migrated database for all the tests of one file."""
    async with server.copy_of(template) as made:
        yield made.db
