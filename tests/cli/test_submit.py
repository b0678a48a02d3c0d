"""A client never sends to a service whose contract is not what it has under that name."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from service.clock import london_date, system_clock
from service.identity.clients import write_key
from service.storage.database import Database
from service.terms.calendar import period_of
from tests.support.returns import a_case, csv_of, published
from tests.support.server import a_served


async def test_a_file_is_not_sent_where_the_contract_has_other_content(database: Database, tmp_path: Path) -> None:
    known = published()
    other = replace(known.library.contracts["2025.1"], hash="0" * 64)
    contracts = MappingProxyType({**known.library.contracts, "2025.1": other})
    there = replace(known, library=replace(known.library, contracts=contracts))
    file, key = tmp_path / "cases.csv", tmp_path / "key.json"
    file.write_bytes(csv_of([a_case()]))
    period = str(period_of(london_date(system_clock())))
    async with a_served(database, tmp_path, published=there, clock=system_clock) as served:
        write_key(key, await served.key())
        run = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-c",
                "from service.cli import main; main()",
                "submit",
                file,
                "--key",
                key,
                "--period",
                period,
            ),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await run.communicate()
        client = await served.client()
        document = (await client.get(f"/api/forces/kent/returns/{period}")).json()

    assert run.returncode == 1
    assert b"is not the one that the service has" in told
    assert document["counts"]["cases"] == 0
