"""Judges a million cases again while whoever does it, and PostgreSQL, are killed with -9 at random moments.

uv run --group benchmarks python -m benchmarks.survive                     some ten minutes
uv run --group benchmarks python -m benchmarks.survive --cases 20000      to try it out

The same rules are judged twice under two names, once in peace and once under fire; everything that judging keeps must
be the same to the last row. Exit status 1 if it is not, or if most kills found nothing left to do. No figure: nothing
here is about speed.
"""

from __future__ import annotations

import asyncio
import sys
from random import Random

import click
import uvloop

from benchmarks.history import History, a_history
from benchmarks.stage import plain_connection
from service.returns.rejudge import LOCK_SPACE
from service.returns.rejudging import judge_remaining, remaining
from tests.support.cluster import Cluster, a_cluster
from tests.support.judge import Judge, kept
from tests.support.moves import proposed, renamed, standing


@click.command(help=__doc__)
@click.option("--cases", default=1_000_000, show_default=True)
@click.option("--kills", default=12, show_default=True, help="How often; every third time it is PostgreSQL.")
@click.option("--seed", default=6, show_default=True, help="Of the moments.")
def main(cases: int, kills: int, seed: int) -> None:
    sys.exit(0 if uvloop.run(_survives(cases, kills, seed)) else 1)


async def _survives(cases: int, kills: int, seed: int) -> bool:
    async with a_cluster("survive", durable=True) as cluster:
        history = await a_history(cluster.database, cases)
        click.echo(f"{history.cases:,} cases in {history.returns:,} sealed returns, {history.versions:,} versions.")
        context = history.context
        await judge_remaining(context)
        edition = (await standing(context, "2026-02-referral")).edition
        in_peace = await proposed(context, renamed(context, edition, "2027-01-in-peace"))
        began = asyncio.get_running_loop().time()
        await judge_remaining(context, 1)
        seconds = asyncio.get_running_loop().time() - began
        click.echo(f"Judged in peace by one worker, in {seconds:.0f} s.")
        under_fire = await proposed(context, renamed(context, edition, "2027-02-under-fire"))
        hits = await _under_fire(cluster, history, kills, Random(seed), seconds / (kills + 1))  # noqa: S311
        click.echo(f"{hits} of {kills} kills fell while something remained.")
        same = await kept(cluster.database, in_peace.id) == await kept(cluster.database, under_fire.id)
        click.echo("Everything that was kept is the same." if same else "NOT THE SAME.")
        return same and hits > kills // 2


async def _under_fire(cluster: Cluster, history: History, kills: int, chance: Random, apart: float) -> int:
    """A worker judges until nothing remains. The moments are so far apart that they fall all over its work. How many
    fell while something remained."""
    judge, hits = Judge(cluster.database), 0
    try:
        for number in range(kills):
            before = await _left(history)
            await judge.start()
            await _at_work(cluster)
            await asyncio.sleep(chance.uniform(0, 2 * apart))
            if number % 3 == 2:
                await cluster.kill()
            await judge.kill()
            now = await _left(history)
            hits += now > 0
            what = "PostgreSQL" if number % 3 == 2 else "the worker"
            click.echo(f"Kill {number + 1} of {what}: {before - now} returns were judged before it, {now} remain.")
        await judge.start()
        while left := await _left(history):
            click.echo(f"Left alone: {left} remain.")
            await asyncio.sleep(2)
    finally:
        await judge.kill()
    return hits


async def _at_work(cluster: Cluster) -> None:
    """Wait until the worker has taken a unit, or for five seconds: nothing may be left."""
    taken = "select exists (select from pg_locks where locktype = 'advisory' and classid = $1)"
    async with plain_connection(cluster.database) as plain:
        for _ in range(500):
            if await plain.fetchval(taken, LOCK_SPACE):
                return
            await asyncio.sleep(0.01)


async def _left(history: History) -> int:
    """How many returns remain to be judged."""
    return sum(unit.returns for unit in await remaining(history.context))


if __name__ == "__main__":
    main()
