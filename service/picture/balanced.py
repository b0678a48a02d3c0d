"""What went over between forces, told so that it moves nothing in the nation: semantics 30 and 34. Pure.

Each force says at its own seal that a case went over, or came over. The two seldom lie apart in a bridge, but they can:
where the one that had the case left before, said it only on the way, or took back what it had said; and the two may say
another thing of the case. What has no counterpart is put down to what it is for the nation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from service.picture.bridge import Flow, flow_under, told_as
from service.scope.edition import Edition
from service.tally.moves import Cause

Place = tuple[int, int]
"""A force, and a ruling."""


def balanced(flows: Sequence[Flow], covered: Collection[int], edition: Edition) -> Iterator[Flow]:
    """What has to be added to some flows, all of them after the change of edition. Of each force it is nothing.

    Where a case came over with another verdict than it went with, the force that has it now corrected it. What came
    over and went from nobody was newly identified; what went and came to nobody was withdrawn, or is coverage where
    its force reported for the first time, left, or took a return back (``covered``).
    """
    came, went = _left_over(flows)
    for verdict, others in ((0, (1, -1)), (1, (0, -1)), (-1, (0, 1))):
        for other in others:
            yield from _corrected(came[verdict], went[other], edition)
    for force, ruling, weight in _all(came):
        yield from told_as(Cause.NEWLY_IDENTIFIED, Cause.TRANSFERRED, force, (None, ruling), weight, edition)
    for force, ruling, weight in _all(went):
        cause = Cause.COVERAGE if force in covered else Cause.WITHDRAWN
        yield from told_as(cause, Cause.TRANSFERRED, force, (ruling, None), weight, edition)


def _left_over(flows: Sequence[Flow]) -> tuple[Mapping[int, Counter[Place]], Mapping[int, Counter[Place]]]:
    """By verdict, what came over and what went that the other does not make up for."""
    net: Counter[Place] = Counter()
    for flow in flows:
        if flow.cause is Cause.TRANSFERRED:
            for ruling, weight in ((flow.after, flow.weight), (flow.before, -flow.weight)):
                if ruling is not None:
                    net[flow.force, min(ruling, 1)] += weight
    came: dict[int, Counter[Place]] = {verdict: Counter() for verdict in (-1, 0, 1)}
    went: dict[int, Counter[Place]] = {verdict: Counter() for verdict in (-1, 0, 1)}
    for (force, ruling), weight in sorted(net.items()):
        (came if weight > 0 else went)[max(ruling, -1)][force, ruling] = abs(weight)
    for verdict in (-1, 0, 1):
        for _ in _paired(came[verdict], went[verdict]):
            pass  # the one makes up for the other
    return came, went


def _paired(came: Counter[Place], went: Counter[Place]) -> Iterator[tuple[Place, Place, int]]:
    """Take from both what the one has for the other, in the order of the forces."""
    while +came and +went:
        to, of = min(+came), min(+went)
        weight = min(came[to], went[of])
        came[to] -= weight
        went[of] -= weight
        yield to, of, weight


def _corrected(came: Counter[Place], went: Counter[Place], edition: Edition) -> Iterator[Flow]:
    for (force, ruling), (_, sent), weight in _paired(came, went):
        for cause, rulings in (
            (Cause.TRANSFERRED, (ruling, None)),
            (Cause.TRANSFERRED, (None, sent)),
            (Cause.CORRECTED, (sent, ruling)),
        ):
            yield flow_under(edition, force, cause, rulings, weight)


def _all(places: Mapping[int, Counter[Place]]) -> Iterator[tuple[int, int, int]]:
    for each in places.values():
        for (force, ruling), weight in (+each).items():
            yield force, ruling, weight
