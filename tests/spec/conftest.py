"""What the rows are run with: the published contracts and scopes, and the three engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from service.contract.library import Library, load_library
from service.scope.edition import Edition
from service.scope.published import published_editions
from tests.support.engines import DuckDb, Engine, Postgres, Reference
from tests.support.postgres import Server


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library()


@pytest.fixture(scope="session")
def editions(library: Library) -> Mapping[str, Edition]:
    return published_editions(library)


@pytest.fixture(scope="session", params=["reference", "postgres", "duckdb"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "reference":
        yield Reference()
        return
    server: Server | None = request.getfixturevalue("server") if request.param == "postgres" else None
    opened = Postgres(server.urls.admin) if server is not None else DuckDb()
    yield opened
    opened.close()
