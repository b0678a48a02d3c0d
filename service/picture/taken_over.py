"""Forces that another took over between the two points of a bridge: what went out with them, beside what came for it.

A case of one force is known to be another's only where both say so by a shared reference. Of all others nobody can say
which are the same: what the force that left had goes out as ``coverage``, and what its heir's first return since then
brings begins as new. The parts stay as they are, and of each it is told how much of it is of that kind. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

from msgspec import Struct

from service.picture.bridge import Bridge, Delta, Flow, Held, told_as
from service.picture.chains import Way
from service.picture.coverage import Heir
from service.scope.edition import Edition
from service.tally.moves import Cause
from service.tally.shared import SharedRow, confirmed_lead


class FirstReturn(Struct, frozen=True, kw_only=True):
    """The first return of a force after it took others over, with the revisions of its month that lie between."""

    force: int
    period: date
    took: tuple[int, ...]
    """Who left: it has their cases since."""
    returns: tuple[UUID, ...]
    """Those that build on another; the oldest first."""
    is_all: bool
    """Whether nothing of the force counted before: then all that it brings is coverage."""


class TakenOver(Struct, frozen=True, kw_only=True):
    """One force that took others over, for the figure of the nation."""

    force: int
    period: date
    took: tuple[int, ...]
    went: Delta
    """What went out with those that left."""
    came: Mapping[Cause, Delta]
    """What the first return of the force since brought that was in no figure of its own: new, or all of it coverage."""

    @property
    def brought(self) -> Delta:
        return sum(self.came.values(), Delta())


def first_returns(
    heirs: Mapping[int, Heir],
    before: Mapping[int, date],
    after: Mapping[int, date],
    ways: Mapping[int, Way],
    periods: Mapping[UUID, date],
) -> tuple[FirstReturn, ...]:
    """Which return of whom came for the forces that left. ``before`` and ``after``: for which period the return of each
    force is that counts at the two points."""
    took: defaultdict[tuple[int, date], list[int]] = defaultdict(list)
    for force in sorted(before.keys() - after.keys()):
        heir = heirs.get(force)
        if heir is None or before.get(heir.force, heir.after) > heir.after:
            continue  # nobody has its cases, or has had them since before the first point
        since = [periods[item] for item in _came(ways[heir.force]) if periods[item] > heir.after]
        if since:
            took[heir.force, min(since)].append(force)
    found = []
    for (force, period), left in sorted(took.items()):
        way = ways[force]
        returns = tuple(item for item in way.on if periods[item] == period)
        is_all = force not in before and way.begins is not None and periods[way.begins] == period
        found.append(FirstReturn(force=force, period=period, took=tuple(left), returns=returns, is_all=is_all))
    return tuple(found)


def _came(way: Way) -> tuple[UUID, ...]:
    return way.on if way.begins is None else (way.begins, *way.on)


def taken_over(item: Bridge, first: Sequence[FirstReturn], new: Mapping[UUID, Delta]) -> tuple[TakenOver, ...]:
    """What went and came by each, from the bridge of each force. ``new``: what was new in each of the returns."""
    return tuple(
        TakenOver(
            force=each.force,
            period=each.period,
            took=each.took,
            went=sum((_coverage(item, force) for force in each.took), Delta()),
            came={
                Cause.COVERAGE: _coverage(item, each.force) if each.is_all else Delta(),
                Cause.NEWLY_IDENTIFIED: sum((new.get(one, Delta()) for one in each.returns), Delta()),
            },
        )
        for each in first
    )


def by_taking_over(item: Bridge, found: Sequence[TakenOver], cause: Cause, force: int | None = None) -> Delta:
    """How much of a part of the bridge, or of one of its forces, went out with forces that were taken over, or came
    with the first return after that."""
    moved = Delta()
    for each in found:
        if force in (None, each.force):
            moved += each.came.get(cause, Delta())
        if cause is Cause.COVERAGE:
            moved += sum((_coverage(item, left) for left in each.took if force in (None, left)), Delta())
    return moved


def _coverage(item: Bridge, force: int) -> Delta:
    parts = item.forces[force].parts if force in item.forces else ()
    return sum((part.delta for part in parts if part.cause is Cause.COVERAGE), Delta())


def handed_over(was: Held, brought: Mapping[int, Sequence[SharedRow]], now: Held, edition: Edition) -> Iterator[Flow]:
    """What went out with a force that was taken over and is transferred, no coverage: its rows of which the first
    return of the force that took it over says what it says itself. There they are transferred too. ``brought``: the
    rows of that return that name other forces, by the force that left."""
    heirs: defaultdict[tuple[int, str], list[SharedRow]] = defaultdict(list)
    for left, rows in brought.items():
        for row in rows:
            heirs[left, row.shared_ref].append(row)
    others: defaultdict[str, list[SharedRow]] = defaultdict(list)
    for row in now.shared:
        others[row.shared_ref].append(row)
    for row in was.shared:
        theirs = heirs.get((row.force, row.shared_ref))
        if theirs is None or (row.force, row.case_id) in was.led or (row.shared_ref, theirs[0].force) in was.holders:
            continue
        own = {row.force, theirs[0].force}
        group = [row, *theirs, *(each for each in others[row.shared_ref] if each.force not in own)]
        if confirmed_lead(group) is not None:
            rulings = (row.ruling, None)
            yield from told_as(Cause.TRANSFERRED, Cause.COVERAGE, row.force, rulings, 1, edition)
