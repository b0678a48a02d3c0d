"""What forces are still asked under one edition, for the people of the national bodies: by attribute and by force."""

from __future__ import annotations

from litestar import Response, get

from service.clock import london_date
from service.contract.model import PartName
from service.errors import Invalid
from service.pages.visit import Visiting
from service.picture.outstanding import by_attribute, by_force, outstanding_rows
from service.returns.edition_asked import edition_asked, editions_offered
from service.scope.tallied import tallied_in_words
from service.terms.calendar import parse_period, period_of


@get("/national/outstanding", include_in_schema=False)
async def show_outstanding(visit: Visiting) -> Response[str]:
    """Of each force's newest sealed return, or those of a ``?period=``; under a ``?scope=``, or the one in force."""
    visit.national()
    asked = visit.request.query_params
    if unknown := set(asked) - {"period", "scope"}:
        raise Invalid(f"There is no parameter '{min(unknown)[:40]}' here.", "Ask for period, or scope.")
    period = parse_period(asked["period"]) if "period" in asked else None
    async with visit.context.db.national() as tx:
        standing = await edition_asked(visit.context, tx, asked.get("scope"))
        offered = await editions_offered(visit.context, tx)
        rows = await outstanding_rows(tx, standing.id, None if period is None else period.first_day)
    attributes, today = standing.edition.definition.attributes, london_date(visit.context.now())
    forces = by_force(rows, attributes)
    names = {code.ordinal: code.title for code in visit.context.forces.codes}
    fields = visit.context.library.contracts[standing.edition.vocabulary].parts[PartName.CASE].by_name
    return visit.page(
        "national/outstanding.html",
        here="national",
        standing=standing,
        period=period,
        lacks=by_attribute(rows, attributes),
        labels={name: fields[name].label for name in attributes},
        forces=[(names[each.force], period_of(each.period), each) for each in forces],
        undetermined=sum(each.undetermined or 0 for each in forces),
        not_judged=sum(each.undetermined is None for each in forces),
        tallied=standing.is_tallied(today),
        tallied_words=tallied_in_words(standing.state, standing.tallied_until, today),
        others=[each.edition for each in offered if each.edition.name != standing.edition.name],
    )
