"""The route of what forces are still asked, for the national bodies: counts from stored tallies, and no case."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Response, get
from msgspec import Meta, Struct

from service.api.asking import AnyRequest, parameters
from service.api.call import Serving
from service.api.documented import Answer, operation
from service.api.identity import Caller
from service.api.national import require_national
from service.api.newest import PERIOD, period_in
from service.api.replies import document
from service.api.shapes import Count, Next, Period
from service.api.why import SCOPE, EditionShown, edition_shown, scope_in
from service.clock import london_date
from service.contract.model import Contract, PartName
from service.identity.principal import Permission
from service.picture.outstanding import Outstanding, by_attribute, by_force, outstanding_rows
from service.returns.edition_asked import edition_asked
from service.terms.calendar import period_of

Cases = Annotated[Count, Meta(description="Cases and counts that lack it.")]
Alone = Annotated[Count, Meta(description="Those of them that lack nothing else: it settles them.")]


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class ForceLackShown(_Shape):
    """An attribute that one force is asked for."""

    attribute: str
    label: str
    cases: Cases
    alone: Alone


class LackShown(ForceLackShown):
    """An attribute that forces are asked for, and how many of them are."""

    forces: Count


class ForceOutstandingShown(_Shape):
    """What one force is asked about its sealed return."""

    force: str
    period: Period
    revision: Count
    undetermined: Annotated[Count | None, Meta(description="Null: not judged under this edition (see `not_judged`).")]
    attributes: list[ForceLackShown]


class OutstandingDocument(_Shape):
    """What is outstanding under one edition, over each force's newest sealed return; forces that sealed none are in no
    count."""

    scope: EditionShown
    forces: Count
    not_judged: Annotated[
        Count,
        Meta(
            description="Forces whose return is not judged under this edition: yet, or ever where it is not `tallied`."
        ),
    ]
    undetermined: Count
    attributes: Annotated[list[LackShown], Meta(description="That first which settles most by itself.")]
    items: list[ForceOutstandingShown]
    next: Next


class OutstandingController(Controller):
    """What is outstanding."""

    path = "/api/national/outstanding"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="What forces are still asked under one edition, by force and attribute",
        operation_id="listOutstanding",
        description=(
            "Of what stays undetermined, which attributes would settle how much: the counts behind the forces' own "
            "work-lists. From stored tallies alone, a force's own before anything that another leads is taken out. "
            "Needs the permission `national:read` of a national body."
        ),
        operation_class=operation(
            Answer(shape=OutstandingDocument, says="The forces, those that leave most undetermined first."),
            permission=Permission.NATIONAL_READ,
            query=(SCOPE, PERIOD),
            refusals=("forbidden", "no-scope-in-force", "no-such-scope"),
        ),
    )
    async def outstanding(self, request: AnyRequest, context: Serving, principal: Caller) -> Response[bytes]:
        require_national(principal)
        asked = parameters(request, "scope", "period")
        scope, period = scope_in(asked, context.editions), period_in(asked)
        async with context.db.national() as tx:
            standing = await edition_asked(context, tx, scope)
            rows = await outstanding_rows(tx, standing.id, period)
        attributes = standing.edition.definition.attributes
        forces = by_force(rows, attributes)
        contract = context.library.contracts[standing.edition.vocabulary]
        return document(
            {
                "scope": edition_shown(standing, london_date(context.now())),
                "forces": len(forces),
                "not_judged": sum(each.undetermined is None for each in forces),
                "undetermined": sum(each.undetermined or 0 for each in forces),
                "attributes": [
                    {**_lack(contract, each), "forces": each.forces} for each in by_attribute(rows, attributes)
                ],
                "items": [
                    {
                        "force": context.forces.by_ordinal[each.force].code,
                        "period": str(period_of(each.period)),
                        "revision": each.revision,
                        "undetermined": each.undetermined,
                        "attributes": [_lack(contract, lack) for lack in each.attributes],
                    }
                    for each in forces
                ],
                "next": None,
            }
        )


def _lack(contract: Contract, item: Outstanding) -> dict[str, Any]:
    return {
        "attribute": item.attribute,
        "label": contract.parts[PartName.CASE].by_name[item.attribute].label,
        "cases": item.cases,
        "alone": item.alone,
    }
