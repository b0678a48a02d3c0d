"""An edition that is superseded and tallied on: built as the bodies would have it."""

from __future__ import annotations

from typing import Any

from service.audit.adopter import Adopter
from service.returns.context import Context
from service.returns.rejudging import judge_remaining
from service.scope.lifecycle import confirm
from service.scope.store import Standing
from service.scope.switch import Switched
from tests.support.moves import proposed, renamed, standing
from tests.support.returns import TestClock

WIDE, BEFORE, NOW = "2025-11-wide", "2026-02-before", "2026-03-now"


async def in_force(context: Context, name: str, **changed: Any) -> Standing:
    """The wide definition under another name, confirmed by both bodies and in force."""
    wide = await standing(context, WIDE)
    made = await proposed(context, renamed(context, wide.edition, name, **changed))
    await judge_remaining(context)
    for body in ("nca", "npcc"):
        by = Adopter(client=f"{body}-lead", body=body)
        _, done = await confirm(
            context.db, context.editions, by, name, made.edition.hash, context.now(), lambda _: "signed"
        )
    assert isinstance(done, Switched)
    return await standing(context, name)


async def superseded(context: Context, until: str | None) -> Standing:
    """An edition that says until when it is tallied, after another came into force."""
    await in_force(context, BEFORE, **({} if until is None else {"tallied_until": until}))
    await in_force(context, NOW)
    return await standing(context, BEFORE)


def at(context: Context, text: str) -> None:
    """Let it be this moment, in UTC."""
    clock = context.clock
    assert isinstance(clock, TestClock)
    clock.now = clock.now.fromisoformat(f"{text}+00:00")
