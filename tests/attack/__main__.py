"""``python -m tests.attack``: attack for as long as one likes, and print what every operation was answered with."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.attack.document import DOCUMENT
from tests.attack.report import Report, lacking, table
from tests.attack.run import MEDIA, Attack, attack
from tests.support.postgres import Server, running_server


async def _attacked(server: Server, template: str, medium: str, examples: int, more: list[str]) -> Attack:
    with tempfile.TemporaryDirectory() as folder:
        async with server.copy_of(template) as made:
            return await attack(made.db, Path(folder), medium, examples, *more)


def main() -> int:
    """One run a medium; exit status 1 where something was found or not reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--medium", choices=MEDIA, action="append", help="only in this medium")
    parser.add_argument("--examples", type=int, default=100, help="generated requests an operation [default: 100]")
    parser.add_argument("--report", type=Path, help="write the table into this file")
    words, more = parser.parse_known_args()
    reports: dict[str, Report] = {}
    found = 0
    with running_server() as server:
        template = f"template_{secrets.token_hex(4)}"
        asyncio.run(server.migrated(template))
        for medium in words.medium or MEDIA:
            done = asyncio.run(_attacked(server, template, medium, words.examples, more))
            sys.stdout.write(done.said)
            found += done.status
            if done.report is not None:
                reports[medium] = done.report
                missed = lacking(done.report, DOCUMENT, MEDIA[medium])
                found += len(missed)
                sys.stdout.write("".join(f"not reached in {medium}: {line}\n" for line in missed))
    sys.stdout.write(table(reports))
    if words.report is not None:
        words.report.write_text(table(reports), encoding="utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
