"""Cases of a force at the border of an edition: how many there are, and a sample to look at."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get

from service.identity.principal import Permission
from service.pages.force.asking import HERE
from service.pages.force.explaining import VERDICTS, other_editions, said_words, scope_in
from service.pages.visit import Visiting
from service.returns.border import USUAL, find_border
from service.returns.edition_asked import editions_offered
from service.returns.judged_rows import NothingSealed

_AT: Final = "/forces/{force:str}/border"


@get(_AT, include_in_schema=False)
async def show_border(visit: Visiting) -> Response[str]:
    """Under the edition in force, or the one that is asked for."""
    number, force = visit.force(Permission.RETURNS_READ), str(visit.request.path_params["force"])
    path, title = f"/forces/{force}/border", visit.context.force(force).title
    given: dict[str, Any] = {"here": HERE, "force": force, "title": title, "path": path}
    async with visit.context.db.force(number) as tx:
        offered = await editions_offered(visit.context, tx)
        try:
            found = await find_border(visit.context, visit.actor, tx, number, scope_in(visit), USUAL)
        except NothingSealed:
            return visit.page("force/border.html", found=None, others=(), **given)
    return visit.page(
        "force/border.html",
        found=found,
        edition=found.standing.edition,
        cases=[
            (case, [(rule, [said_words(each) for each in rule.values]) for rule in case.rules]) for case in found.sample
        ],
        verdicts=VERDICTS,
        others=other_editions(offered, found.standing),
        **given,
    )
