"""The programs of the tutorials are run as they stand, against a running service."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from service.clock import system_clock
from service.identity.clients import write_key
from service.storage.database import Database
from tests.support.server import a_served

ROOT = Path(__file__).resolve().parents[2]
_BLOCKS = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


async def test_the_program_of_a_forces_system_goes_through_two_months(database: Database, tmp_path: Path) -> None:
    page = (ROOT / "docs/tutorials/force-systems.md").read_text()
    program = tmp_path / "program.py"
    program.write_text("\n".join(_BLOCKS.findall(page)))
    async with a_served(database, tmp_path, clock=system_clock) as served:
        key = tmp_path / "kent.json"
        write_key(key, await served.key("kent"))
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, str(program), served.addresses.origin, str(key), "kent", "2025-11", "2025-12"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(running.communicate(), 120)
    assert running.returncode == 0, complained.decode()
    lines = said.decode().splitlines()
    assert lines[0] == "opened: open under contract 2025.1"
    assert lines[1] == "sent: {'received': 3, 'accepted': 2, 'new': 2, 'held': 1}"
    assert any(line.startswith("syntactical ") and "row 3 suspect_count" in line for line in lines)
    assert any(line.startswith("next: Nothing stands in the way") for line in lines)
    assert any(line.startswith("sealed: CR-kent-2025-11-1-") for line in lines)
    assert "counts under 2025-11-wide from 1 to 3" in lines
    assert lines[-2] == "changed: 1 of 3"
    assert lines[-1] == "refused: 428 /problems/precondition-required"
