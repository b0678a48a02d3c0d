"""Asks for bridges and pictures as the national role does."""

from __future__ import annotations

from msgspec.structs import replace

from service.picture.answer import answer
from service.picture.bridge import Bridge, Delta
from service.picture.bridge_answer import bridge_answer
from service.picture.bridge_export import Told
from service.picture.bridge_question import BridgeQuestion
from service.picture.national import Counts
from service.picture.question import AtPosition, Question
from service.returns.context import Context
from service.terms.check import Published
from tests.support.returns import published

Point = tuple[int, str]
"""A position, and the name of an edition."""


def published_of(context: Context) -> Published:
    return replace(published(), scopes=context.editions)


async def bridge_between(context: Context, opening: Point, closing: Point) -> Bridge:
    """The bridge between two points."""
    return (await told_between(context, opening, closing)).bridge


async def told_between(context: Context, opening: Point, closing: Point) -> Told:
    """The same, with all that is told of it."""
    asked = BridgeQuestion(
        from_=AtPosition(opening[0]), to=AtPosition(closing[0]), from_scope=opening[1], to_scope=closing[1]
    )
    async with context.db.national() as tx:
        return await bridge_answer(tx, published_of(context), asked, context.now())


async def picture_totals(context: Context, position: int, scope: str) -> Counts:
    """The totals of the national picture at a point."""
    asked = Question(scope=scope, as_of=AtPosition(position))
    async with context.db.national() as tx:
        return (await answer(tx, published_of(context), asked, context.now())).picture.totals


def sum_of(bridge: Bridge) -> Delta:
    """All parts of a bridge together."""
    return sum((part.delta for part in bridge.parts), Delta())
