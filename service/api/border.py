"""The route of the border: cases of a force that are one step away from another verdict, as a sample and in numbers."""

from __future__ import annotations

from typing import Any, Final

from litestar import Controller, Response, get
from litestar.params import FromPath
from msgspec import to_builtins

from service.api.asking import parameters, whole
from service.api.call import Call, Calling
from service.api.documented import Answer, Query, operation
from service.api.replies import listed
from service.api.row_shapes import CASE_ID
from service.api.why import SCOPE, edition_shown
from service.clock import london_date
from service.contract.findings import key_name
from service.identity.principal import Permission
from service.returns.border import MOST, USUAL, Border, BorderCase, Reason, find_border

_LIMIT: Final = Query(
    name="limit", description=f"Cases of the sample; otherwise {USUAL}.", bounds=(1, MOST), example=USUAL
)


class BorderController(Controller):
    """The border of an edition."""

    path = "/api/forces/{force:str}/border"
    tags = ["returns"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Cases of the newest sealed return that are one step away from another verdict: a sample, and numbers",
        operation_id="getBorder",
        description=(
            "What one rule alone keeps out of scope, every other being met, and what is undetermined for want of one "
            "attribute alone. `reasons` has the number of each; `items` is a sample, the same each time, in which each "
            "reason has as many cases as the others as far as it goes. For the force itself: nothing of it is stored, "
            "and every reading is logged. Needs the permission `returns:read`."
        ),
        operation_class=operation(
            Answer(shape="Border", says="The border."),
            permission=Permission.RETURNS_READ,
            query=(SCOPE, _LIMIT),
            refusals=("nothing-sealed", "no-scope-in-force", "no-such-scope", "scope-not-tallied"),
        ),
    )
    async def border(self, call: Calling, force: FromPath[str]) -> Response[bytes]:
        del force
        number = call.force(Permission.RETURNS_READ)
        asked = parameters(call.request, "scope", "limit")
        limit = whole(asked, "limit", 1, MOST) or USUAL
        async with call.context.db.force(number) as tx:
            found = await find_border(call.context, call.actor, tx, number, asked.get("scope"), limit)
        items = [_case(call, found, case) for case in found.sample]
        return listed(call.request, items, None, more=_summary(call, found))


def _summary(call: Call, found: Border) -> dict[str, Any]:
    return {
        "scope": edition_shown(found.standing, london_date(call.context.now())),
        "return": {"period": str(found.item.period), "revision": found.item.revision},
        "cases": found.cases,
        "not_counted": found.not_counted,
        "reasons": [{**_reason(each), "title": each.title, "cases": each.cases} for each in found.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"verdict": reason.verdict, "rule": reason.rule, "attribute": reason.attribute}


def _case(call: Call, found: Border, case: BorderCase) -> dict[str, Any]:
    edition, item = found.standing.edition, found.item
    force = call.context.forces.by_ordinal[item.force].code
    at = f"/api/forces/{force}/returns/{item.period}/cases/{case.case_id}/why"
    return {
        CASE_ID: case.case_id,
        key_name(call.context.library.contracts[edition.vocabulary]): case.key,
        **_reason(case.reason),
        "says": case.words,
        "rules": [
            {
                "id": each.words.id,
                "title": each.words.title,
                "sentence": each.words.sentence,
                "values": to_builtins(each.values),
            }
            for each in case.rules
        ],
        "links": {"why": f"{at}?scope={edition.name}&revision={item.revision}"},
    }
