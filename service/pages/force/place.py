"""Which force, which month and which return a page is about. The force is always the person's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.visit import Visit
from service.returns.asked import returns_now
from service.returns.choice import current, found_returns, open_of
from service.returns.context import Context
from service.returns.held import must_be_open
from service.returns.model import AnyReturn, Open, Sealed, sealed_of
from service.scope.store import learn
from service.terms.ageing import Ageing, ageing
from service.terms.calendar import Period, parse_period

HERE = "returns"
"""The entry of the navigation that these pages belong to."""


class Place(Struct, frozen=True, kw_only=True):
    """One force and one month, with the month's returns, newest revision first."""

    visit: Visit
    number: int
    slug: str
    title: str
    period: Period
    items: Sequence[AnyReturn]

    @property
    def context(self) -> Context:
        return self.visit.context

    @property
    def item(self) -> AnyReturn:
        """The return that is meant where none is named: the open one, else the one that counts, else the newest."""
        return current(self.items)

    @property
    def open(self) -> Open:
        """The return in progress; Conflict where there is none."""
        return must_be_open(self.item)

    @property
    def in_progress(self) -> Open | None:
        return open_of(self.items)

    @property
    def in_force(self) -> Sealed | None:
        return sealed_of(self.items)

    @property
    def ageing(self) -> Ageing | None:
        """How the contract version of the open return, or of the one that counts, ends under the terms."""
        return ageing(self.context.terms, self.item.contract_version) if self.items else None

    @property
    def path(self) -> str:
        """The month's page."""
        return f"/forces/{self.slug}/returns/{self.period}"

    @property
    def api(self) -> str:
        """Where the API has the same."""
        return f"/api{self.path}"

    @property
    def may_write(self) -> bool:
        return Permission.RETURNS_WRITE in self.visit.person.principal.permissions

    @property
    def may_seal(self) -> bool:
        return Permission.RETURNS_SEAL in self.visit.person.principal.permissions


async def place_of(visit: Visit, permission: Permission = Permission.RETURNS_READ) -> Place:
    """The month in the path, where the person's force has a return for it; NotFound otherwise."""
    place = await month_of(visit, permission)
    found_returns(place.items)
    return place


async def month_of(visit: Visit, permission: Permission = Permission.RETURNS_READ) -> Place:
    """The month in the path, whether there is a return for it or not."""
    number = visit.force(permission)
    slug = str(visit.request.path_params["force"])
    period = parse_period(str(visit.request.path_params["period"]))
    items = await returns_now(visit.context, number, period)
    await _know_editions(visit.context, items)
    title = visit.context.force(slug).title
    return Place(visit=visit, number=number, slug=slug, title=title, period=period, items=items)


async def _know_editions(context: Context, items: Iterable[AnyReturn]) -> None:
    """Have the editions at hand that counts and receipts name: another server may have met them first."""
    named = {str(item.summary["scope"]) for item in items if "scope" in item.summary}
    if not named <= set(context.editions):
        async with context.db.app() as tx:
            await learn(tx, context.editions)


def whole_number(text: str) -> int:
    """A number in a path or a query that this service wrote there; NotFound for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound(NOT_HERE)
    return int(text)
