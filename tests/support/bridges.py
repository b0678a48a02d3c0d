"""Asks for bridges and pictures as the national role does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

from msgspec.structs import replace

from service.picture.answer import answer
from service.picture.bridge import Bridge, Delta
from service.picture.bridge_answer import bridge_answer
from service.picture.bridge_export import Told
from service.picture.bridge_question import BridgeQuestion
from service.picture.national import Counts, Picture
from service.picture.question import AtPosition, Question
from service.returns.context import Context
from service.tally.moves import Cause
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
    return (await picture_at(context, (position, scope))).totals


async def picture_at(context: Context, point: Point) -> Picture:
    """The national picture at a point, by force."""
    asked = Question(scope=point[1], as_of=AtPosition(point[0]), by=("force",))
    async with context.db.national() as tx:
        return (await answer(tx, published_of(context), asked, context.now())).picture


def sum_of(bridge: Bridge) -> Delta:
    """All parts of a bridge together."""
    return sum((part.delta for part in bridge.parts), Delta())


async def adds_up(context: Context, points: Sequence[Point]) -> None:
    """Points in their order: step by step it is as far as at once, for the nation and for each force, and each bridge
    explains what the pictures show at its ends."""
    at_once = _by_force(await explained(context, points[0], points[-1]))
    steps = [_by_force(await explained(context, begin, end)) for begin, end in pairwise(points)]
    for force in {*at_once, *chain.from_iterable(steps)}:
        step_by_step = sum((each.get(force, Delta()) for each in steps), Delta())
        assert replace(step_by_step, open=False) == replace(at_once.get(force, Delta()), open=False)
    nowhere = await bridge_between(context, points[-1], points[-1])
    assert not any(each.parts for each in (nowhere, *nowhere.forces.values()))


async def explained(context: Context, opening: Point, closing: Point) -> Bridge:
    """The bridge between two points: opening and parts are the closing, each as the pictures have it, for the nation
    and for each force; and what one force lets go another has."""
    found = await bridge_between(context, opening, closing)
    begin, end = [await picture_at(context, point) for point in (opening, closing)]
    assert (found.opening, found.closing) == (begin.totals, end.totals)
    stood, stand = _forces_in(begin), _forces_in(end)
    for force in {*found.forces, *stood, *stand}:
        each = found.forces[force]
        assert (each.opening, each.closing) == (stood.get(force, Counts()), stand.get(force, Counts()))
    for each in (found, *found.forces.values()):
        moved = sum_of(each)
        assert each.opening.in_scope + moved.in_scope == each.closing.in_scope
        assert each.opening.undetermined + moved.undetermined == each.closing.undetermined
        assert moved.open or each.opening.open == each.closing.open
    of_forces = [_deltas(each) for each in found.forces.values()]
    for key, delta in _deltas(found).items():
        assert sum((each.get(key, Delta()) for each in of_forces), Delta()) == delta
    gone_over = (part.delta for part in found.parts if part.cause is Cause.TRANSFERRED)
    assert sum(gone_over, Delta()) == Delta()
    return found


def _forces_in(picture: Picture) -> Mapping[int, Counts]:
    """What each force comes to, less what others lead of it."""
    net = {cell.key[0]: cell.counts - (cell.led_elsewhere or Counts()) for cell in picture.cells}
    return {force: counts for force, counts in net.items() if isinstance(force, int)}


def _deltas(item: Bridge) -> Mapping[tuple[Cause, str | None], Delta]:
    return {(part.cause, part.rule): part.delta for part in item.parts}


def _by_force(item: Bridge) -> Mapping[int | None, Delta]:
    """How far each force moved, and under None the nation."""
    return {None: sum_of(item), **{force: sum_of(each) for force, each in item.forces.items()}}
