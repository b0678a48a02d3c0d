"""The published data, once for the session, and a copy to spoil for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.terms.check import Published, load_published
from tests.support.contracts import Contracts


@pytest.fixture(scope="session")
def published() -> Published:
    return load_published()


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    return Contracts(tmp_path)
