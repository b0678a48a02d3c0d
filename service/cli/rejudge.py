"""``case-returns rejudge``: judge sealed returns again where anything remains, beside the servers that do so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from service.returns.context import Context
    from service.scope.store import Standing
    from service.settings import Settings


@click.command(epilog="Example: case-returns rejudge --workers 4")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder [default: the settings say]."
)
@click.option("--workers", type=click.IntRange(1, 64), help="Chains at a time [default: one less than cores].")
def rejudge(data: Path | None, workers: int | None) -> None:
    """Judge what remains to be judged of sealed returns, then put in force what is ready.

    A running service does so by itself; this adds a machine to the work, or does it while no service runs. What two
    of them do at a time, they share. Exit status 1 where a force's returns could not be judged.
    """
    from service.cli.start import run
    from service.settings import read_settings

    if not run(_judged(read_settings(data=None if data is None else data.absolute()), workers)):
        raise SystemExit(1)


async def _judged(settings: Settings, workers: int | None) -> bool:
    import asyncio

    from service.cli.start import database, running_context
    from service.returns.rejudging import PAUSE, beside, judge_remaining, problems_in_words, progress, remaining, switch

    async with database(settings) as db:
        context = await running_context(settings, db)
        while await remaining(context):
            await _tell(context)
            async with beside(_telling(context)):
                judged = await judge_remaining(context, workers)
            if not judged and await remaining(context):
                await asyncio.sleep(PAUSE)  # a force is sealing, or another server is at it
        good = True
        for standing in await _live(context):
            found = await progress(context, standing.id)
            click.echo(f"{standing.edition.name}: {found.judged:,} of {found.returns:,} returns are judged.")
            for problem in problems_in_words(found, context.forces):
                good = False
                click.echo(f"  {problem}")
        for name in await switch(context):
            click.echo(f"{name} is in force now.")
    return good


async def _live(context: Context) -> Sequence[Standing]:
    from service.clock import london_date
    from service.scope.store import live_editions

    async with context.db.national() as tx:
        return await live_editions(tx, context.editions, london_date(context.now()))


async def _tell(context: Context) -> None:
    """Tell how far the work is, of each edition of which anything is left."""
    from service.returns.rejudging import in_words, progress

    for standing in await _live(context):
        found = await progress(context, standing.id)
        if found.chains_left:
            click.echo(f"{standing.edition.name}: {in_words(found)}", err=True)


async def _telling(context: Context) -> None:
    """Tell it again now and then."""
    import asyncio

    from service.returns.rejudging import PAUSE

    while True:
        await asyncio.sleep(PAUSE)
        await _tell(context)
