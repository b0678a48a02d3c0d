"""What the tests of returns share: one service a file, and a force of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_asyncio

from service.returns.context import Context
from service.storage.database import Database
from service.terms.calendar import parse_period
from tests.support.returns import a_service


@pytest_asyncio.fixture(scope="module")
async def context(module_database: Database) -> Context:
    """A service that has adopted the published terms, in March 2026."""
    return await a_service(module_database)


@pytest.fixture(scope="module")
def unused_forces(context: Context) -> Iterator[str]:
    """The forces that no test of this file has spoken for yet."""
    period = parse_period("2026-02")
    return iter([force.code for force in context.forces.codes if context.terms.takes_part(force.code, period)])


@pytest.fixture
def force(unused_forces: Iterator[str]) -> str:
    """A force that nobody else in this file speaks for."""
    return next(unused_forces)
