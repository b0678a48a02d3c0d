"""Under which causes numbers that were not provided may have moved how many it is at most. Pure.

Nobody knows such a number at either point, so nothing is known of how far it moved. But it may have moved its force's
figure alone, and only under the causes by which it came or went: every other part is exact (semantics 34).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from uuid import UUID

from msgspec import Struct

from service.picture.chains import Way
from service.tally.moves import Cause


class NotProvided(Struct, frozen=True, kw_only=True):
    """How many cells without a number count in a return under an edition, as they are not out of scope. ``has_cells``:
    it reports something as numbers; ``others_out``: some of that is out of scope, so one without a number may be."""

    cells: int
    has_cells: bool
    others_out: bool


Kept = Mapping[UUID, Mapping[int, NotProvided]]
"""By return and edition, as far as it is judged: one on the way may have been tallied no more when it was sealed."""

Step = tuple[Cause, int, int]
"""From one edition to the next, and what that is put down to."""


def causes(kept: Kept, before: UUID | None, steps: Sequence[Step], way: Way, edition: int) -> frozenset[Cause]:
    """Under which causes numbers of one force may have come or gone: by a change of edition on what it had at the
    opening, then under the closing ``edition`` from that return to the closing one."""
    found = {cause for cause, first, last in _runs(steps) if before and _edition_moves(kept, before, first, last)}
    after = way.on[-1] if way.on else way.turns
    for cause, old, new in ((Cause.COVERAGE, before, way.turns), (Cause.DETAIL, way.turns, after)):
        if old != new and any(_is_open(kept, each, edition) for each in (old, new)):
            found.add(cause)
    return frozenset(found)


def _runs(steps: Sequence[Step]) -> Iterator[Step]:
    """Steps that are put down to the same as one: what comes and goes again on the way moved nothing."""
    for cause, some in groupby(steps, key=lambda step: step[0]):
        run = list(some)
        yield cause, run[0][1], run[-1][2]


def _edition_moves(kept: Kept, item: UUID, before: int, after: int) -> bool:
    """Whether an edition may count other cells without a number than another. They are the same where as many count
    under both, and under one of them nothing of the cells is out of scope: then none can have come for another."""
    if not _has_cells(kept, item):
        return False
    was, now = kept[item].get(before), kept[item].get(after)
    if was is None or now is None or was.cells != now.cells:
        return True
    return bool(was.cells) and was.others_out and now.others_out


def _is_open(kept: Kept, item: UUID | None, edition: int) -> bool:
    """A return states all its cells anew: that a number is not provided once more does not say that it is the same."""
    if item is None or not _has_cells(kept, item):
        return False
    found = kept[item].get(edition)
    return found is None or found.cells > 0


def _has_cells(kept: Kept, item: UUID) -> bool:
    """Whether it reports anything as numbers, which is so under every edition or under none; where it is not known, it
    may."""
    return not kept[item] or any(each.has_cells for each in kept[item].values())
