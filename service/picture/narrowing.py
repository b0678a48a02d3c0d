"""How the national range narrowed: what the picture came to by the end of each reporting month, under one edition.

Sums of stored tallies, those of all months read together: as many statements as for one. Each is the picture as of
that moment (a test holds the two together), and no case is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.picture import store
from service.picture.answer import Moment, terms_of
from service.picture.coverage import Coverage, covered
from service.picture.national import Counts, RulingWeight, net_totals, own_counts
from service.picture.question import end_of
from service.storage.position import positions_at
from service.tally.shared import SharedRow, led_elsewhere
from service.terms.calendar import Calendar, Period, period_of
from service.terms.check import Published

MOST_POINTS: Final = 12


class Point(Struct, frozen=True, kw_only=True):
    """A moment, the reporting month that ends with it, if one does, and whose returns count then."""

    month: Period | None
    moment: Moment
    coverage: Coverage


class RangeThen(Struct, frozen=True, kw_only=True):
    """The national range at a moment, over the returns of so many ``forces``. No counts where some return is not judged
    under the edition: the range would say how far judging came, not what forces answered."""

    month: Period | None
    position: int
    at: datetime
    forces: int
    not_judged: int
    counts: Counts | None


async def points_until(
    tx: AsyncConnection, published: Published, calendar: Calendar, moment: Moment, edition: int, period: date | None
) -> tuple[Point, ...]:
    """The ends of reporting months that a moment leaves behind, as many as are told, and last the moment itself. Before
    the first terms were adopted there is none."""
    ended = [
        (month, end_of(month.last_day))
        for month in calendar.periods(calendar.first, period_of(moment.day))
        if end_of(month.last_day) <= moment.at
    ]
    month = ended.pop()[0] if ended and ended[-1][1] == moment.at else None
    ended = ended[1 - MOST_POINTS :]
    then = await positions_at(tx, [at for _, at in ended])
    asked: list[tuple[Period | None, Moment]] = [
        (each, Moment(position=found.position, at=at, day=each.last_day))
        for (each, at), found in zip(ended, then, strict=True)
    ]
    asked.append((month, moment))
    positions = [each.position for _, each in asked]
    terms = {at: terms_of(published, stored) for at, stored in (await store.terms_at(tx, positions)).items()}
    editions = {each.edition for each in terms.values()}
    taking_part = {name: await store.participations(tx, name) for name in sorted(editions)}
    returns = await store.counting_returns(tx, edition, positions, period)
    return tuple(
        Point(
            month=each,
            moment=at,
            coverage=covered(
                terms[at.position].calendar,
                taking_part[terms[at.position].edition],
                returns[at.position],
                period,
                at.day,
            ),
        )
        for each, at in asked
        if at.position in terms
    )


def narrowing(
    points: Iterable[Point],
    verdicts: Mapping[UUID, Sequence[RulingWeight]],
    shared: Mapping[UUID, Sequence[SharedRow]],
) -> tuple[RangeThen, ...]:
    """What the picture came to at each of these points, from what its returns weigh and the cases that they share."""
    return tuple(_range(each, verdicts, shared) for each in points)


def _range(
    point: Point, verdicts: Mapping[UUID, Sequence[RulingWeight]], shared: Mapping[UUID, Sequence[SharedRow]]
) -> RangeThen:
    counting, not_judged = point.coverage.counting, len(point.coverage.not_judged)
    counts = None
    if not not_judged:
        own = own_counts(counting, [row for each in counting for row in verdicts.get(each.return_id, ())])
        led = led_elsewhere(row for each in counting for row in shared.get(each.return_id, ()))
        counts = net_totals(own.values(), led)
    return RangeThen(
        month=point.month,
        position=point.moment.position,
        at=point.moment.at,
        forces=len(counting),
        not_judged=not_judged,
        counts=counts,
    )
