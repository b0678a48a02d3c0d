"""One attack: the service runs in this process, schemathesis in one of its own, over HTTP and with real tokens."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.identity.principal import BODIES
from service.storage.database import Database
from tests.attack.clock import TickingClock
from tests.attack.document import document_for
from tests.attack.ground import FORCE, Target, write_target
from tests.attack.report import Report, read_report
from tests.support.server import a_served
from tests.support.workbooks import XLSX

ROOT: Final = Path(__file__).resolve().parents[2]
MEDIA: Final = {"json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson", "xlsx": XLSX}
ADOPTS: Final = ("national:read", "terms:propose", "terms:confirm")
PHASES: Final = {"json": "examples,coverage,fuzzing,stateful"}
"""The coverage phase tries the bounds of every parameter and member, which are the same in every medium."""
EVERY_MEDIUM: Final = "examples,fuzzing,stateful"


class Attack(Struct, frozen=True):
    """How an attack ended: schemathesis's exit status, what it printed, and the report (none where it broke off)."""

    status: int
    said: str
    report: Report | None


async def attack(db: Database, folder: Path, medium: str, examples: int, *more: str) -> Attack:
    """Attack a fresh service over this database in one medium, with so many generated requests an operation."""
    clock = folder / "clock"
    async with a_served(db, folder, clock=TickingClock(clock)) as served:
        force, body, other = [await served.key(FORCE), *[await served.key(None, *ADOPTS, body=name) for name in BODIES]]
        target = Target(url=served.addresses.origin, clock=clock, force=force, body=body, other=other)
        write_target(folder / "target.json", target)
        (folder / "openapi.json").write_text(json.dumps(document_for(MEDIA[medium])), encoding="utf-8")
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.attack.hooks",
            "CASE_RETURNS_TEST_TARGET": str(folder / "target.json"),
            "CASE_RETURNS_TEST_MEDIUM": MEDIA[medium],
            "CASE_RETURNS_TEST_REPORT": str(folder / "report.json"),
            "PYTHONPATH": str(ROOT),
        }
        command = [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            *("run", str(folder / "openapi.json"), "--url", target.url, "--no-color"),
            *("--phases", PHASES.get(medium, EVERY_MEDIUM), "--max-examples", str(examples), *more),
        ]
        running = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await running.communicate()
    report = folder / "report.json"
    return Attack(
        running.returncode or 0, said.decode(errors="replace"), read_report(report) if report.exists() else None
    )
