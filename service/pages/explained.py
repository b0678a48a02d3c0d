"""What forces explained when they sealed, for the people of the national bodies: by rule, and by force of one rule."""

from __future__ import annotations

from litestar import Response, get

from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.pages.force.words import rule_title
from service.pages.visit import Visiting
from service.picture.answers import explained_by_force, explained_rules
from service.terms.calendar import period_of


@get("/national/answers", include_in_schema=False)
async def show_explained(visit: Visiting) -> Response[str]:
    """Each force's newest sealed return; ``?rule=``: force by force."""
    visit.national()
    contracts = visit.context.library.contracts
    asked = visit.request.query_params.get("rule")
    if asked is not None and not any(asked in contract.rule for contract in contracts.values()):
        raise NotFound(NOT_HERE)
    async with visit.context.db.national() as tx:
        rules = await explained_rules(tx, None)
        forces = () if asked is None else await explained_by_force(tx, asked, None)
    names = {code.ordinal: code.title for code in visit.context.forces.codes}
    return visit.page(
        "explained.html",
        here="rules",
        rules=[(each, rule_title(contracts[each.contract_version].rule[each.rule])) for each in rules],
        asked=asked,
        forces=[(names[each.force], period_of(each.period), each) for each in forces],
    )
