"""How well returns are recorded, for the people of the national bodies: field by field, and force by force of one."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Response, get
from msgspec import Struct

from service.contract.model import Part
from service.errors import Invalid, NotFound
from service.identity.principal import NOT_HERE
from service.pages.force.words import PARTS
from service.pages.visit import Visiting
from service.picture.recorded import AllRecorded, FieldRecorded, all_recorded, kept_at_seal, recorded_by_force
from service.terms.calendar import parse_period, period_of


class Share(Struct, frozen=True):
    """One of several numbers that add up to a total: how many are surely there, and of how many in a hundred."""

    label: str
    least: int
    percent: int | None


class AddedUp(Struct, frozen=True):
    """A total, and what it is made from."""

    label: str
    least: int
    shares: Sequence[Share]
    unsaid: int
    """Of the total, in no share: nobody said of what they are."""


@get("/national/recorded", include_in_schema=False)
async def show_recorded(visit: Visiting) -> Response[str]:
    """Each force's newest sealed return, or those of a ``?period=``; ``?part=&field=``: force by force."""
    visit.national()
    asked = visit.request.query_params
    if unknown := set(asked) - {"period", "part", "field"}:
        raise Invalid(f"There is no parameter '{min(unknown)[:40]}' here.", "Ask for period, or part and field.")
    period = parse_period(asked["period"]) if "period" in asked else None
    library = visit.context.library
    part = next((item for item in library.newest.parts.values() if item.name == asked.get("part")), None)
    field = None if part is None else part.by_name.get(asked.get("field", ""))
    if field is None and "field" in asked:
        raise NotFound(NOT_HERE)
    async with visit.context.db.national() as tx:
        kept = await kept_at_seal(tx, None if period is None else period.first_day)
    found = all_recorded(kept, library)
    by_force = () if part is None or field is None else recorded_by_force(kept, library, part.name, field.name)
    names = {code.ordinal: code.title for code in visit.context.forces.codes}
    parts = [
        (each, [item for item in found.fields if item.part is each and item.recorded.rows])
        for each in found.contract.parts.values()
    ]
    return visit.page(
        "recorded.html",
        here="national",
        found=found,
        period=period,
        parts=[(each, fields) for each, fields in parts if fields],
        sums=[item for each, _ in parts for item in _added_up(found, each)],
        asked=None if part is None or field is None else (part, field),
        path=next((path for path, named in PARTS.items() if part is not None and named.part is part.name), None),
        forces=[(names[each.force], period_of(each.period), each) for each in by_force],
    )


def _added_up(found: AllRecorded, part: Part) -> list[AddedUp]:
    by_name = {item.field.name: item for item in found.fields if item.part is part}
    sums = []
    for item in part.sums:
        total = by_name[item.total]
        if total.recorded.least:
            parts = [by_name[name] for name in item.parts]
            said = sum(each.recorded.least or 0 for each in parts)
            unsaid = max(total.recorded.least - said, 0)
            sums.append(
                AddedUp(total.field.label, total.recorded.least, [_share(each, total) for each in parts], unsaid)
            )
    return sums


def _share(item: FieldRecorded, total: FieldRecorded) -> Share:
    least = item.recorded.least or 0
    return Share(item.field.label, least, round(100 * least / total.recorded.least) if total.recorded.least else None)
