"""Routes of the parts that are a stock of their own and are replaced whole: aggregate cells and workforce rows."""

from __future__ import annotations

from litestar import Controller, Response, get, put
from litestar.openapi.spec import Operation
from litestar.params import FromPath
from litestar.response import Stream

from service.api.ageing import AGEING
from service.api.asking import JSON, parameters, whole
from service.api.call import MOST_REVISIONS, Call, Calling
from service.api.cases import block_of, file_name
from service.api.documented import DRY_RUN, REVISION, Answer, Body, operation
from service.api.negotiation import negotiated
from service.api.replies import CSV, NDJSON, listed, sent_file
from service.api.shapes import UploadDocument
from service.api.uploads import ROWS, Bounds, take
from service.contract.model import PartName
from service.contract.sheet import XLSX
from service.identity.principal import Permission
from service.returns.cases import list_part
from service.returns.exports import part_as_workbook
from service.returns.model import etag_of

_SEEN = "The `ETag` of the return; 412 where it has moved since."


def _put(row: str) -> type[Operation]:
    return operation(
        Answer(shape=UploadDocument, says="What the upload came to.", sometimes=AGEING),
        permission=Permission.RETURNS_WRITE,
        query=(DRY_RUN,),
        body=Body(shape=row, rows=ROWS),
        if_match=_SEEN,
        idempotent=True,
        refusals=("not-open",),
    )


def _get(rows: str) -> type[Operation]:
    return operation(
        Answer(
            shape=rows,
            says="The rows.",
            headers=("ETag",),
            sometimes=("Content-Disposition",),
            other={
                NDJSON: "One row a line.",
                CSV: "The fields of the contract.",
                XLSX: "The template of the contract with the rows in it.",
            },
        ),
        permission=Permission.RETURNS_READ,
        query=(REVISION,),
        refusals=("too-many-rows",),
    )


class PartsController(Controller):
    """The aggregate and workforce parts of one return."""

    path = "/api/forces/{force:str}/returns/{period:str}"
    tags = ["parts"]  # noqa: RUF012  Litestar's own form

    @get(
        "/aggregates",
        summary="The aggregate cells",
        operation_id="listAggregates",
        operation_class=_get("AggregateList"),
    )
    async def list_aggregates(
        self, call: Calling, force: FromPath[str], period: FromPath[str]
    ) -> Response[bytes] | Stream:
        del force, period
        return await _listed(call, PartName.AGGREGATE, "aggregates")

    @put(
        "/aggregates",
        request_max_body_size=None,
        summary="Replace all aggregate cells",
        operation_id="replaceAggregates",
        operation_class=_put("AggregateRow"),
    )
    async def put_aggregates(
        self, call: Calling, limits: Bounds, force: FromPath[str], period: FromPath[str]
    ) -> Response[bytes]:
        del force, period
        return await take(call, limits, PartName.AGGREGATE)

    @get(
        "/workforce",
        summary="The workforce rows",
        operation_id="listWorkforce",
        operation_class=_get("WorkforceList"),
    )
    async def list_workforce(
        self, call: Calling, force: FromPath[str], period: FromPath[str]
    ) -> Response[bytes] | Stream:
        del force, period
        return await _listed(call, PartName.WORKFORCE, "workforce")

    @put(
        "/workforce",
        request_max_body_size=None,
        summary="Replace all workforce rows",
        operation_id="replaceWorkforce",
        operation_class=_put("WorkforceRow"),
    )
    async def put_workforce(
        self, call: Calling, limits: Bounds, force: FromPath[str], period: FromPath[str]
    ) -> Response[bytes]:
        del force, period
        return await take(call, limits, PartName.WORKFORCE)


async def _listed(call: Call, part: PartName, name: str) -> Response[bytes] | Stream:
    call.force(Permission.RETURNS_READ)
    media = negotiated(call.request.headers.get("accept"), (JSON, NDJSON, CSV, XLSX))
    asked = parameters(call.request, "revision")
    item = await call.reading(whole(asked, "revision", 1, MOST_REVISIONS))
    if media == XLSX:
        file = await part_as_workbook(call.context, item, part)
        return sent_file(file, XLSX, name=file_name(call, item, name, XLSX))
    rows = await list_part(call.context, item, part)
    if media == JSON:
        return listed(call.request, rows, None, etag=etag_of(item))
    fields = call.context.library.contracts[item.contract_version].part(part).fields
    headers = {"Content-Disposition": f'attachment; filename="{file_name(call, item, name, media)}"'}
    body = block_of([field.name for field in fields], rows, media, heading=True)
    return Response(body, media_type=media, headers=headers)
