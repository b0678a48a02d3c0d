"""What forces are still asked under one edition, for the people of the national bodies: by attribute and by force."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from litestar import Response, get

from service.contract.sheet import XLSX
from service.errors import Invalid
from service.pages.national.words import counted, range_of
from service.pages.visit import Visit, Visiting, as_file
from service.picture.export import columns
from service.picture.outstanding import Outstandings, outstanding
from service.picture.outstanding_export import OutstandingTable, as_csv, as_xlsx, lacking
from service.picture.question import closest, read_as_of, shown
from service.returns.edition_asked import editions_offered
from service.scope.tallied import tallied_in_words
from service.terms.calendar import parse_period, period_of

_PAGE = "/national/outstanding"


@get(_PAGE, include_in_schema=False)
async def show_outstanding(visit: Visiting) -> Response[str]:
    """Of each force's return that counts, or those of a ``?period=``; under a ``?scope=``, or the one in force; as of
    the last change, or an ``?as_of=``."""
    told = await _told(visit)
    async with visit.context.db.national() as tx:
        offered = await editions_offered(visit.context, tx)
    standing = told.standing
    edition = standing.edition
    of_period = {} if told.period is None else {"period": str(period_of(told.period))}
    then = visit.request.query_params.get("as_of")
    of_then = {} if then is None else {"as_of": then}
    address = {"scope": edition.name, **of_period, **of_then}
    others = [each.edition for each in offered if each.edition.name != edition.name]
    return visit.page(
        "national/outstanding.html",
        here="national",
        told=told,
        then=then,
        address=urlencode(address),
        newest_address=urlencode({"scope": edition.name, **of_then}),
        now_address=urlencode({"scope": edition.name, **of_period}),
        month_addresses={
            each.month: urlencode({"scope": edition.name, **of_period, "as_of": each.month.last_day.isoformat()})
            for each in told.narrowing
            if each.month is not None
        },
        range_of=lambda counts: range_of(columns(counts)),
        period=None if told.period is None else period_of(told.period),
        period_of=period_of,
        tallied_words=tallied_in_words(standing.state, standing.tallied_until, told.day),
        counted=counted,
        lacking=lambda lacked: lacking(map(told.words.label, lacked.attributes)),
        others=others,
        other_addresses={each.name: urlencode({"scope": each.name, **of_period, **of_then}) for each in others},
        files={
            table.value: f"{_PAGE}/table.csv?{urlencode({**address, 'table': table.value})}"
            for table in OutstandingTable
        },
        workbook=f"{_PAGE}/tables.xlsx?{urlencode(address)}",
    )


@get(f"{_PAGE}/table.csv", include_in_schema=False)
async def download_outstanding_table(visit: Visiting) -> Response[bytes]:
    """One table of it, ``?table=``."""
    told = await _told(visit, "table")
    asked = visit.request.query_params.get("table", OutstandingTable.ATTRIBUTES.value)
    if asked not in tuple(OutstandingTable):
        raise Invalid(f"There is no table {shown(asked)}.", closest(asked, tuple(OutstandingTable)))
    table = OutstandingTable(asked)
    return as_file(as_csv(told, table).encode(), "text/csv", f"{_name(told)}-{table.replace('_', '-')}.csv")


@get(f"{_PAGE}/tables.xlsx", include_in_schema=False)
async def download_outstanding_workbook(visit: Visiting) -> Response[bytes]:
    """All tables of it."""
    told = await _told(visit)
    return as_file(await asyncio.to_thread(as_xlsx, told), XLSX, f"{_name(told)}.xlsx")


async def _told(visit: Visit, *others: str) -> Outstandings:
    visit.national()
    asked = visit.request.query_params
    known = ("period", "scope", "as_of", *others)
    if unknown := set(asked) - set(known):
        raise Invalid(f"There is no parameter {shown(min(unknown))} here.", closest(min(unknown), known))
    period = parse_period(asked["period"]).first_day if "period" in asked else None
    as_of = read_as_of(asked["as_of"].strip(), visit.context.now()) if "as_of" in asked else None
    async with visit.context.db.national() as tx:
        return await outstanding(
            visit.context, visit.site.published, tx, scope=asked.get("scope"), period=period, as_of=as_of
        )


def _name(told: Outstandings) -> str:
    return f"outstanding-{told.standing.edition.name}-change-{told.as_of.position}"
