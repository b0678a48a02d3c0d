"""A force's returns, newest month first, with two lines of status: what is in force, and what is in progress."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from litestar import Response, get
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.clock import london_date
from service.identity.principal import Permission
from service.pages.force.opening import openable
from service.pages.force.place import HERE, Place
from service.pages.force.words import Step, next_step
from service.pages.visit import Visit, Visiting
from service.returns.choice import open_of
from service.returns.model import AnyReturn, Open, Sealed, Withdrawn, sealed_of
from service.returns.seal import in_the_way
from service.returns.store import returns_of
from service.terms.calendar import Period


class Month(Struct, frozen=True, kw_only=True):
    """One month of the list. Both lines are always said: ``sealed`` counts, ``open`` is in progress."""

    place: Place
    due: date
    late: bool
    sealed: Sealed | None
    open: Open | None
    step: Step | None
    withdrawn: Withdrawn | None

    @property
    def period(self) -> Period:
        return self.place.period


@get("/forces/{force:str}", include_in_schema=False)
async def list_returns(visit: Visiting) -> Response[str]:
    """The list, and above it where the force stands."""
    number = visit.force(Permission.RETURNS_READ)
    async with visit.context.db.force(number) as tx:
        items = await returns_of(tx, number)
        months = [await _month(visit, tx, number, group) for group in _by_month(items)]
    newest = next((month for month in months if month.sealed is not None), None)
    return visit.page(
        "force/list.html",
        here=HERE,
        force=str(visit.request.path_params["force"]),
        title=visit.context.force(str(visit.request.path_params["force"])).title,
        months=months,
        newest=newest,
        in_progress=[month for month in months if month.open is not None],
        offered=openable(visit.context, number, items),
        may_write=Permission.RETURNS_WRITE in visit.person.principal.permissions,
        today=london_date(visit.context.now()),
    )


def _by_month(items: Sequence[AnyReturn]) -> list[list[AnyReturn]]:
    """Returns of the same month together, in the order in which they came."""
    months: dict[Period, list[AnyReturn]] = {}
    for item in items:
        months.setdefault(item.period, []).append(item)
    return list(months.values())


async def _month(visit: Visit, tx: AsyncConnection, number: int, items: Sequence[AnyReturn]) -> Month:
    period, slug = items[0].period, str(visit.request.path_params["force"])
    place = Place(
        visit=visit, number=number, slug=slug, title=visit.context.force(slug).title, period=period, items=items
    )
    due = visit.context.terms.calendar.due(period)
    opened = open_of(items)
    step = None if opened is None else next_step(place, opened, await in_the_way(tx, opened))
    newest = items[0]
    return Month(
        place=place,
        due=due,
        late=london_date(visit.context.now()) > due,
        sealed=sealed_of(items),
        open=opened,
        step=step,
        withdrawn=newest if isinstance(newest, Withdrawn) else None,
    )
