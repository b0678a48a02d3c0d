"""The engines that must agree, one connection each for the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.engines import DuckDb, Postgres
from tests.support.postgres import Server


@pytest.fixture(scope="session")
def postgres_engine(server: Server) -> Iterator[Postgres]:
    engine = Postgres(server.urls.admin)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def duckdb_engine() -> Iterator[DuckDb]:
    engine = DuckDb()
    yield engine
    engine.close()
