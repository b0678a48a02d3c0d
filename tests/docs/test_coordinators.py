"""What the tutorial for coordinators shows stands on the pages, and its program prints what it says."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from service.storage.database import Database
from tests.support.browser import signed_in
from tests.support.demonstration import a_demonstration
from tests.support.reading import read_page

PAGE = Path(__file__).resolve().parents[2] / "docs/tutorials/coordinators.md"
_QUOTED = re.compile(r"^<!-- page: (\S+) -->\n((?:> .*\n)+)", re.MULTILINE)
_FILE = re.compile(r"<!-- file: (\S+) -->\n\s*```csv\n(.*?)\s*```", re.DOTALL)
_PROGRAM = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PRINTED = re.compile(r"^```text\n(.*?)^```", re.DOTALL | re.MULTILINE)


async def test_what_the_tutorial_shows_is_what_a_coordinator_sees(database: Database, tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    async with a_demonstration(database, tmp_path) as served:
        client = await signed_in(served, "nca")
        quoted = _QUOTED.findall(text)
        assert len(quoted) >= 8
        for address, lines in quoted:
            said = read_page((await client.get(address)).text).text
            for line in lines.splitlines():
                assert line.removeprefix("> ").removeprefix("- ") in said, (address, line)
        for address, shown in _FILE.findall(text):
            file = (await client.get(address)).text.splitlines()
            for number, line in enumerate(shown.split()):
                assert file[number].startswith(line), address
        token = await served.token(await served.key(None, body="nca"))
        assert await _run(text, tmp_path, served.addresses.origin, token) == _PRINTED.findall(text)[0]


async def _run(text: str, folder: Path, *arguments: str) -> str:
    program = folder / "program.py"
    program.write_text(_PROGRAM.findall(text)[0], encoding="utf-8")
    running = await asyncio.create_subprocess_exec(
        sys.executable, str(program), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complained = await asyncio.wait_for(running.communicate(), 120)
    assert running.returncode == 0, complained.decode()
    return said.decode()
