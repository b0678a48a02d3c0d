"""The installed program in a place of its own, once for the files of this folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.deployed import installed, why_not


@pytest.fixture(scope="package")
def program() -> Iterator[Path]:
    """The wheel of this tree, installed as it stands under /opt. Skips where there can be no read-only root."""
    reason = why_not()
    if reason is not None:
        assert os.environ.get("CASE_RETURNS_TEST_UNSHARE") != "required", reason
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="case-returns-deployed-"))
    folder.chmod(0o755)
    try:
        yield installed(folder / "program")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
