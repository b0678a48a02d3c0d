"""When each return of the synthetic country is sealed: in the weeks after its period, in one order for all forces.

Positions are one order over all forces and their times never step back, so the country has to be loaded in the order
of these moments for ``?as_of=`` to answer over its months. Pure: the present comes in as an argument.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from msgspec import Struct

from service.clock import LONDON
from service.demo.odds import Draw, draw_from
from service.demo.plan import CountryPlan, first_day, last_day

_FIRST_DAY, _LAST_DAY = 2, 17
"""Returns come in on these days after their period, most before it is due (the 14th), a few after."""
_CORRECTED = 19
"""Corrections follow from this day on, before the next period's returns."""
_WINDOW = timedelta(days=26)


class Sealing(Struct, frozen=True, order=True):
    """One return of one force, and the moment at which it is sealed (UTC is not meant: any zone)."""

    at: datetime
    force: str
    period: str
    revision: int


def adopted_at(plan: CountryPlan) -> datetime:
    """When the terms are adopted and the keys made: a working morning before the first period ends."""
    return datetime.combine(first_day(plan.periods[0]) + timedelta(days=4), time(10), LONDON)


def sealings(plan: CountryPlan, now: datetime) -> tuple[Sealing, ...]:
    """Every return of the country in the order of sealing; none later than ``now``."""
    draw = draw_from(plan.seed, "moments")
    made: list[Sealing] = []
    for period in plan.periods:
        end = datetime.combine(last_day(period) + timedelta(days=1), time(), LONDON)
        squeeze = min(1.0, (now - end) / _WINDOW)
        for each in plan.forces:
            first, second = _days(draw, _FIRST_DAY, _LAST_DAY), _days(draw, _CORRECTED, _CORRECTED + 5)
            if period in each.reports:
                made.append(Sealing(end + first * squeeze, each.force, period, 1))
            if period in each.revised:
                made.append(Sealing(end + second * squeeze, each.force, period, 2))
    return tuple(sorted(made))


def _days(draw: Draw, first: int, last: int) -> timedelta:
    """A moment in office hours on one of some days."""
    day = first + int(draw() * (last - first + 1))
    return timedelta(days=day, hours=8, minutes=int(draw() * 600))
