"""Routes of how well sealed returns are recorded, for the national bodies: a total says nothing of what it lacks."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import Controller, Response, get
from litestar.params import FromPath
from msgspec import Meta, Struct

from service.api.asking import AnyRequest
from service.api.call import Serving
from service.api.documented import Answer, operation
from service.api.identity import Caller
from service.api.national import require_national
from service.api.newest import PERIOD, period_asked
from service.api.public_documents import PART_PATHS
from service.api.replies import document
from service.api.shapes import Count, Next, Period
from service.contract.model import PartName
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.picture.recorded import Recorded, all_recorded, kept_at_seal, recorded_by_force
from service.returns.context import Context
from service.terms.calendar import period_of

_Least = Annotated[
    int | None,
    Meta(description="Of a number that adds up with others to a total: the sum of what is surely there. Else null."),
]
_PATHS: Final = {part: path for path, part in PART_PATHS.items()}
_KINDS: Final = ("known", "not_known", "not_provided", "not_applicable", "not_asked")


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class RecordedShown(_Shape):
    """Rows by what they say of one field. The five counts add up to ``rows``; zero is known."""

    rows: Count
    known: Count
    not_known: Count
    not_provided: Annotated[Count, Meta(description="The force does not hold it.")]
    not_applicable: Count
    not_asked: Annotated[Count, Meta(description="Sent in a version of the contract that has no such field.")]
    least: _Least


class FieldRecordedShown(RecordedShown):
    """The same, of a field of the newest version of the contract."""

    part: PartName
    field: str
    label: str
    adds_up_to: Annotated[str | None, Meta(description="The field that this number and others are to add up to.")]
    links: dict[str, str]


class AllRecordedShown(_Shape):
    """Every field, over each force's newest sealed return."""

    contract_version: str
    forces: Count
    uncounted: Annotated[Count, Meta(description="Forces that sealed before this was counted: in no count.")]
    items: list[FieldRecordedShown]
    next: Next


class ForceRecordedShown(RecordedShown):
    """The same of one field in one force's return."""

    force: str
    period: Period
    revision: Count
    contract_version: str


class RecordedByForce(_Shape):
    """Forces, those first of which least is known."""

    items: list[ForceRecordedShown]
    next: Next


class RecordedController(Controller):
    """How well returns are recorded."""

    path = "/api/national/recorded"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="How well sealed returns are recorded, by field: known, not known, not provided, not applicable",
        operation_id="listRecordedFields",
        operation_class=operation(
            Answer(shape=AllRecordedShown, says="The fields, in the order of the contract."),
            permission=Permission.NATIONAL_READ,
            query=(PERIOD,),
            refusals=("forbidden",),
        ),
    )
    async def by_field(self, request: AnyRequest, context: Serving, principal: Caller) -> Response[bytes]:
        require_national(principal)
        async with context.db.national() as tx:
            kept = await kept_at_seal(tx, period_asked(request))
        found = all_recorded(kept, context.library)
        totals = {
            (part.name, name): item.total
            for part in found.contract.parts.values()
            for item in part.sums
            for name in item.parts
        }
        items = [
            {
                "part": each.part.name,
                "field": each.field.name,
                "label": each.field.label,
                "adds_up_to": totals.get((each.part.name, each.field.name)),
                **_counts(each.recorded),
                "links": {"forces": f"/api/national/recorded/{_PATHS[each.part.name]}/{each.field.name}"},
            }
            for each in found.fields
        ]
        return document(
            {
                "contract_version": found.contract.version,
                "forces": found.forces,
                "uncounted": found.uncounted,
                "items": items,
                "next": None,
            }
        )

    @get(
        "/{part:str}/{field:str}",
        summary="The same of one field, by force",
        operation_id="listRecordedByForce",
        operation_class=operation(
            Answer(shape=RecordedByForce, says="The forces, those first of which least is known."),
            permission=Permission.NATIONAL_READ,
            query=(PERIOD,),
            refusals=("forbidden",),
        ),
    )
    async def by_force(
        self, request: AnyRequest, context: Serving, principal: Caller, part: FromPath[str], field: FromPath[str]
    ) -> Response[bytes]:
        require_national(principal)
        name = _part_asked(context, part, field)
        async with context.db.national() as tx:
            kept = await kept_at_seal(tx, period_asked(request))
        items = [
            {
                "force": context.forces.by_ordinal[each.force].code,
                "period": str(period_of(each.period)),
                "revision": each.revision,
                "contract_version": each.contract_version,
                **_counts(each.recorded),
            }
            for each in recorded_by_force(kept, context.library, name, field)
        ]
        return document({"items": items, "next": None})


def _part_asked(context: Context, part: str, field: str) -> PartName:
    """The part of a field of the newest version. Raises NotFound where there is no such field."""
    name = PART_PATHS.get(part)
    of = None if name is None else context.library.newest.parts.get(name)
    if of is None or field not in of.by_name:
        raise NotFound(NOT_HERE)
    return of.name


def _counts(recorded: Recorded) -> dict[str, Any]:
    return {"rows": recorded.rows, **{kind: getattr(recorded, kind) for kind in _KINDS}, "least": recorded.least}
