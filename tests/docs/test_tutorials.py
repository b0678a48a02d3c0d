"""The programs of the tutorials are run as they stand, against a running service."""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import timedelta
from pathlib import Path

from service.clock import LONDON, system_clock
from service.identity.clients import write_key
from service.storage.database import Database
from tests.support.server import a_served

ROOT = Path(__file__).resolve().parents[2]
_BLOCKS = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


_PRINTS = re.compile(r"^```text\n(.*?)^```", re.DOTALL | re.MULTILINE)
_OF_THE_DAY = re.compile(r"(?<=CR-kent-)[0-9a-f-]+|(?<=seal the return).*")
"""What another day, or another run, says otherwise: the receipt's number, and whether the return is late."""


async def test_the_program_of_a_forces_system_goes_through_two_months_and_prints_what_the_page_shows(
    database: Database, tmp_path: Path
) -> None:
    page = (ROOT / "docs/tutorials/force-systems.md").read_text()
    program = tmp_path / "program.py"
    program.write_text("\n".join(_BLOCKS.findall(page)))
    now = system_clock().astimezone(LONDON)
    months = ((now.replace(day=1) - timedelta(days=1)).strftime("%Y-%m"), now.strftime("%Y-%m"))
    async with a_served(database, tmp_path, clock=system_clock) as served:
        key = tmp_path / "kent.json"
        write_key(key, await served.key("kent"))
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, str(program), served.addresses.origin, str(key), "kent", *months),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(running.communicate(), 120)
    assert running.returncode == 0, complained.decode()
    (shown,) = _PRINTS.findall(page)
    assert _OF_THE_DAY.sub("", said.decode()) == _OF_THE_DAY.sub("", shown)
    assert f"sealed: CR-kent-{months[0]}-1-" in said.decode()
