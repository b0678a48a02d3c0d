"""The work of judging again: what remains of it, doing it, how far it is, and going on with it while the service runs.

What remains is asked of the tables (``rejudge.py`` says why), so any number of servers may do this side by side.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import text

from service.clock import london_date
from service.contract.model import CodeList
from service.errors import CaseReturnsError, Unavailable
from service.returns.context import Context
from service.returns.rejudge import judge_chain, note_problem
from service.scope.adoption import ready_of
from service.scope.drafts import all_stored
from service.scope.store import Standing, live_editions
from service.scope.switch import Switched, switch_when_ready
from service.scope.tallied import SEALED_DAY, tallied_on
from service.terms.switch import adopt_ready_terms

logger = logging.getLogger(__name__)

ACTOR: Final = "case-returns"
PAUSE: Final = 3.0
"""Seconds between two looks at whether anything remains."""
_AGAIN_AFTER: Final = timedelta(minutes=1)
"""A chain that could not be judged is tried again after so long."""
_RATE_OVER: Final = timedelta(minutes=5)

_REMAINING: Final = text(
    "select e.name, r.force, count(*) as returns from scope_edition e cross join case_return r "
    "left join judging_problem p on p.force = r.force and p.edition = e.id "
    f"where e.name = any(:live) and {tallied_on(SEALED_DAY)} and r.line is not null "
    "and (p.at is null or p.at < :again) "
    "and not exists (select from tally t where t.force = r.force and t.return_id = r.id and t.edition = e.id "
    "and t.has_moves) group by 1, 2 order by 3 desc, 1, 2"
)
_LEFT: Final = f"t.has_moves is not true and {tallied_on(':day')} and {tallied_on(SEALED_DAY)}"
"""Returns that wait to be judged: none, once the edition is not tallied any more."""
_PROGRESS: Final = text(
    "select count(*) as returns, count(distinct r.force) as chains, count(*) filter (where t.has_moves) as judged, "
    f"count(*) filter (where {_LEFT}) as remain, count(distinct r.force) filter (where {_LEFT}) as chains_left, "
    "count(*) filter (where t.judged_at > :since) as lately, min(t.judged_at) filter (where t.judged_at > :since) "
    "as began from case_return r join scope_edition e on e.id = :edition left join tally t on t.force = r.force "
    "and t.return_id = r.id and t.edition = e.id where r.line is not null"
)
_PROBLEMS: Final = text("select force, says, at from judging_problem where edition = :edition order by force")


class Unit(Struct, frozen=True):
    """A force's chain under one edition, of which so many returns are not judged."""

    standing: Standing
    force: int
    returns: int


class ChainProblem(Struct, frozen=True):
    """A chain that could not be judged, and why."""

    force: int
    says: str
    at: datetime


class Progress(Struct, frozen=True, kw_only=True):
    """How far the judging of sealed returns under an edition is. ``per_minute`` and ``seconds_left`` are of the returns
    judged in the last minutes; null where none was, or none is left. ``not_tallied`` are not judged and wait for
    nothing: the edition is not tallied, or was not when they were sealed. ``problems`` are of what waits."""

    returns: int
    judged: int
    not_tallied: int
    chains: int
    chains_left: int
    per_minute: float | None
    seconds_left: int | None
    problems: tuple[ChainProblem, ...]


def in_words(found: Progress) -> str:
    """How far it is, how fast it goes and how long it takes, of what is not done yet."""
    forces = "1 force is" if found.chains_left == 1 else f"{found.chains_left:,} forces are"
    stands = f"{found.judged:,} of {found.returns:,} returns are judged, and {forces} not done yet."
    if found.per_minute is None or found.seconds_left is None:
        return f"{stands} None was judged in the last {_RATE_OVER.seconds // 60} minutes."
    return f"{stands} {found.per_minute:,.0f} a minute lately: {_more(found.seconds_left)} more."


def _more(seconds: int) -> str:
    for length, name in ((3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = round(seconds / length)
            return f"about {count:,} {name}{'' if count == 1 else 's'}"
    return "less than a minute"


def problems_in_words(found: Progress, forces: CodeList) -> list[str]:
    """What could not be judged, and why: a sentence a force."""
    return [f"{forces.by_ordinal[each.force].title}: {each.says}" for each in found.problems]


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have this go on for as long as something else is done."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def remaining(context: Context) -> Sequence[Unit]:
    """What remains to be judged now, the longest chains first."""
    now = context.now()
    async with context.db.national() as tx:
        live = {each.edition.name: each for each in await live_editions(tx, context.editions, london_date(now))}
        rows = await tx.execute(_REMAINING, {"live": list(live), "again": now - _AGAIN_AFTER})
        return [Unit(live[row.name], row.force, row.returns) for row in rows]


async def judge_remaining(context: Context, workers: int | None = None) -> int:
    """Judge what remains, by so many at a time (by default one less than there are cores): how many returns were."""
    waiting = list(reversed(await remaining(context)))
    done = 0

    async def work() -> None:
        nonlocal done
        while waiting:
            judged = await _judge(context, waiting.pop())
            done += judged  # in a step of its own: another worker may have counted while this one waited

    async with asyncio.TaskGroup() as group:
        for _ in range(min(workers or max(1, (os.cpu_count() or 1) - 1), len(waiting))):
            group.create_task(work())
    return done


async def _judge(context: Context, unit: Unit) -> int:
    try:
        judged = await judge_chain(context, unit.force, unit.standing)
    except Unavailable:
        raise
    except CaseReturnsError as error:
        await note_problem(context, unit.force, unit.standing.id, error.says)
        return 0
    except Exception as error:
        # what it is may quote a row: its kind alone is told
        await note_problem(context, unit.force, unit.standing.id, f"It failed ({type(error).__name__}).")
        logger.warning("chain_not_judged", extra={"edition": unit.standing.edition.name, "kind": type(error).__name__})
        return 0
    return judged or 0


async def switch(context: Context) -> Sequence[str]:
    """Put in force whatever is ready; the names of the editions that came into force."""
    async with context.db.national() as tx:
        ready = ready_of(await all_stored(tx))
    return [
        item.name
        for item in ready
        if isinstance(await switch_when_ready(context.db, item.name, ACTOR, context.now()), Switched)
    ]


async def keep_judging(context: Context) -> None:
    """Judge whatever remains, and switch when nothing does, until this is cancelled. A database that is away for a
    while is waited for."""
    while True:
        try:
            if await judge_remaining(context):
                logger.info("returns_judged_again")
            for name in await switch(context):
                logger.info("scope_switched", extra={"edition": name})
            for name in await adopt_ready_terms(context.db, context.library, ACTOR, context.now()):
                logger.info("terms_switched", extra={"edition": name})
        except* Exception as group:
            logger.warning("judging_waits", extra={"kind": type(group.exceptions[0]).__name__})
        await asyncio.sleep(PAUSE)


async def progress(context: Context, edition: int) -> Progress:
    """How far the judging under the edition of this number is: also where it cannot be read here."""
    today = london_date(context.now())
    async with context.db.national() as tx:
        moment = (await tx.execute(text("select now()"))).scalar_one()
        asked = {"edition": edition, "since": moment - _RATE_OVER, "day": today}
        row = (await tx.execute(_PROGRESS, asked)).one()
        problems = (await tx.execute(_PROBLEMS, {"edition": edition})).all() if row.remain else ()
    left = row.remain
    seconds = None if row.began is None else max((moment - row.began).total_seconds(), 1.0)
    rate = None if seconds is None or not left else row.lately / seconds
    return Progress(
        returns=row.returns,
        judged=row.judged,
        not_tallied=row.returns - row.judged - left,
        chains=row.chains,
        chains_left=row.chains_left,
        per_minute=None if rate is None else round(rate * 60, 1),
        seconds_left=None if rate is None else round(left / rate),
        problems=tuple(ChainProblem(each.force, each.says, each.at) for each in problems),
    )
