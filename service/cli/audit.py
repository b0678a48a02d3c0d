"""``case-returns audit``: whether the log is what was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from service.audit.checkpoint import Checkpoint
    from service.settings import Settings


@click.group(epilog="Example: case-returns audit verify")
def audit() -> None:
    """Verify the audit log."""


@audit.command(epilog="Example: case-returns audit verify --checkpoint head-2026-10.txt > head-2026-11.txt")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder [default: the settings say]."
)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A head that was archived before; repeat it.",
)
def verify(data: Path | None, checkpoints: tuple[Path, ...]) -> None:
    """Recompute the whole log, and print its head: three lines to archive.

    Exit status 1 where an entry was changed, removed, inserted or moved; the first such entry is named.
    """
    from service.audit.checkpoint import parse_checkpoint, print_checkpoint
    from service.cli.start import run
    from service.settings import read_settings

    kept = [parse_checkpoint(file.read_text(encoding="utf-8")) for file in checkpoints]
    settings = read_settings(data=None if data is None else data.absolute())
    head = run(_verified(settings, kept))
    click.echo(print_checkpoint(head), nl=False)
    click.echo(f"Good: {head.size:,} entries.", err=True)


async def _verified(settings: Settings, kept: list[Checkpoint]) -> Checkpoint:
    from service.audit.log import verify as verified
    from service.cli.start import database

    async with database(settings) as db, db.owner() as tx:
        return await verified(tx, "case-returns", kept)
