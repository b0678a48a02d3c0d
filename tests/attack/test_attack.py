"""Schemathesis against the running service, one run a medium: all checks on, no operation excluded, links followed.

Every operation is attacked in JSON, and in each other medium those that speak it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.storage.database import Database
from tests.attack.document import document_for
from tests.attack.report import lacking
from tests.attack.run import MEDIA, attack

EXAMPLES = int(os.environ.get("CASE_RETURNS_TEST_ATTACK_EXAMPLES", "4"))
"""Generated requests an operation; more for whoever wants to look longer."""


@pytest.mark.parametrize("medium", MEDIA)
async def test_the_service_stands_an_attack_from_its_own_document(
    database: Database, tmp_path: Path, medium: str
) -> None:
    done = await attack(database, tmp_path, medium, EXAMPLES)
    assert done.status == 0, done.said
    assert done.report is not None, done.said
    assert not lacking(done.report, document_for(MEDIA[medium]), MEDIA[medium])
    assert any(told.followed for told in done.report.operations.values())
    if medium == "json":
        assert done.report.tokens > 2, "the tokens of the force and of the body expire on the way"
