"""``case-returns rejudge``: what it says while it works, and when it is done."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.support.moves import proposed, renamed, standing
from tests.support.postgres import TestDatabase
from tests.support.returns import a_case, a_service, reported

NAME = "2026-05-again"


async def test_it_says_how_far_it_is_and_what_is_done(test_database: TestDatabase, tmp_path: Path) -> None:
    context = await a_service(test_database.db)
    for force in ("kent", "essex"):
        await reported(context, force, "2025-11", [a_case("K/1")])
    wide = await standing(context, "2025-11-wide")
    await proposed(context, renamed(context, wide.edition, NAME))
    # a process of its own: a command has its signals, and so the main thread, to itself
    words = [sys.executable, "-c", "from service.cli import main; main()", "rejudge"]
    told = os.environ | {"CASE_RETURNS_DATABASE_URL": test_database.urls.service}
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, env=told, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{NAME}: 0 of 2 returns are judged, and 2 forces are not done yet." in done.stderr
    assert f"{NAME}: 2 of 2 returns are judged.\n" in done.stdout
