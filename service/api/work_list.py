"""The route of the work-list: what a force is asked, as pages of JSON or as a file to be filled in and sent back."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import to_builtins

from service.api.asking import JSON, ParameterRefused, cursor, cursor_text, page_size, parameters
from service.api.call import Call, Calling
from service.api.documented import NAME, PAGE, Answer, Query, operation
from service.api.negotiation import negotiated
from service.api.replies import CSV, ENDINGS, listed, sent_file, streamed
from service.api.row_shapes import CASE_ID
from service.api.why import SCOPE, edition_shown
from service.clock import london_date
from service.contract.findings import key_name
from service.contract.model import Contract
from service.contract.sheet import XLSX
from service.criteria.problem import nearest
from service.identity.principal import Permission
from service.returns.model import AnyReturn
from service.returns.work_list import AskedCase, Missing, Place, WorkList, find_work, page_of_work
from service.returns.work_list_file import work_as_csv, work_as_workbook
from service.scope.explain import asked as asked_of
from service.scope.explain import field_of

_ATTRIBUTE = Query(
    name="attribute", description="Only cases that this is asked of, as `attributes` names it.", pattern=NAME
)


class WorkListController(Controller):
    """What a force is asked."""

    path = "/api/forces/{force:str}/work-list"
    tags = ["returns"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="The undetermined cases of the newest sealed return, and what would settle each, most decisive first",
        operation_id="getWorkList",
        description=(
            "JSON comes in pages, each with the counts by attribute. CSV and XLSX are files to be filled in and "
            "uploaded to the open return as `changes`: they are written in `contract_version`, to which an older one "
            "is brought first (`taken_from` says from which month on one can be), and what is not touched in them "
            "changes nothing, however late they come back: by the column `handed_out` an upload knows what that is. In "
            "such a file stand the cases that the open return does not settle already, as it has them. Every "
            "reading is logged. Needs the permission `returns:read`."
        ),
        operation_class=operation(
            Answer(
                shape="WorkList",
                says="What is asked.",
                sometimes=("Link", "Content-Disposition"),
                other={
                    CSV: "One case a line: its reference, what is asked, and what it takes; it can be sent back.",
                    XLSX: "The same as a workbook, with codes to choose from; it can be sent back.",
                },
            ),
            permission=Permission.RETURNS_READ,
            query=(SCOPE, _ATTRIBUTE, *PAGE),
            refusals=(
                *("nothing-sealed", "no-scope-in-force", "no-such-scope", "scope-not-tallied", "work-list-moved"),
                "too-many-rows",
            ),
        ),
    )
    async def work_list(self, call: Calling, force: FromPath[str]) -> Response[bytes] | Stream:
        del force
        number = call.force(Permission.RETURNS_READ)
        media = negotiated(call.request.headers.get("accept"), (JSON, CSV, XLSX))
        asked = parameters(call.request, "scope", "attribute", *(["cursor", "limit"] if media == JSON else []))
        scope, only = asked.get("scope"), asked.get("attribute")
        after, limit = cursor(asked, Place), page_size(asked)
        async with call.context.db.force(number) as tx:
            work = await find_work(call.context, tx, number, scope, only)
            if only is not None:
                _must_be_read(work, only)
            if media == JSON:
                page, following = await page_of_work(call.context, call.actor, tx, work, after, limit)
        if media == CSV:
            return await streamed(work_as_csv(call.context, call.actor, work), CSV, name=_file(call, work, CSV))
        if media == XLSX:
            file = await work_as_workbook(call.context, call.actor, work)
            return sent_file(file, XLSX, name=_file(call, work, XLSX))
        contract = call.context.library.contracts[work.standing.edition.vocabulary]
        items = [_case(contract, case) for case in page]
        text = None if following is None else cursor_text(following)
        return listed(call.request, items, text, more=_summary(call, contract, work))


def _must_be_read(work: WorkList, attribute: str) -> None:
    known = work.standing.edition.definition.attributes
    if attribute not in known:
        says = f"The edition {work.standing.edition.name} reads no such attribute."
        raise ParameterRefused("attribute", says, nearest(attribute, known) or f"One of: {', '.join(known)}.")


def _file(call: Call, work: WorkList, media: str) -> str:
    force = call.context.forces.by_ordinal[work.item.force].code
    return f"{force}-{work.item.period}-work-list-{work.contract_version}.{ENDINGS[media]}"


def _summary(call: Call, contract: Contract, work: WorkList) -> dict[str, Any]:
    return {
        "scope": edition_shown(work.standing, london_date(call.context.now())),
        "return": _point(work.item),
        "draft": None if work.draft is None else _point(work.draft),
        "contract_version": work.contract_version,
        "taken_from": None if work.taken_from is None else str(work.taken_from),
        "cases": work.cases,
        "not_counted": work.not_counted,
        "attributes": [
            {**to_builtins(asked_of(field_of(contract, each.attribute))), **to_builtins(each)} for each in work.lacks
        ],
    }


def _point(item: AnyReturn) -> dict[str, Any]:
    return {"period": str(item.period), "revision": item.revision}


def _case(contract: Contract, case: AskedCase) -> dict[str, Any]:
    return {
        CASE_ID: case.case_id,
        key_name(contract): case.key,
        "says": case.words,
        "missing": [_missing(contract, each) for each in case.missing],
    }


def _missing(contract: Contract, item: Missing) -> dict[str, Any]:
    attribute = item.question.attribute
    return {
        "attribute": attribute,
        "label": field_of(contract, attribute).label,
        "value": item.value,
        "empty": item.empty,
        "answers": to_builtins(item.question.outcomes),
    }
