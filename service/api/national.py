"""Routes of the national picture: who may ask, which media type, and whether the caller has the answer already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import QueryParameter

from service.api.identity import Caller
from service.api.negotiation import negotiated
from service.clock import Clock
from service.errors import Forbidden, Invalid
from service.identity.principal import Permission, Principal, require
from service.picture.answer import answer
from service.picture.export import PictureDocument, as_csv, as_document
from service.picture.question import Table, question
from service.storage.database import Database
from service.terms.check import Published

JSON: Final = "application/json"
CSV: Final = "text/csv"
OFFERED: Final = (JSON, CSV)


@dataclass
class _PictureOperation(Operation):
    """Adds CSV to what the OpenAPI document says of the answer: the framework knows one media type a status."""

    def __post_init__(self) -> None:
        answered = (self.responses or {}).get("200")
        if isinstance(answered, OpenAPIResponse) and answered.content is not None:
            answered.content[CSV] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


ScopeQuery = Annotated[
    str | None, QueryParameter(name="scope", description="A scope edition; otherwise the one that was in force.")
]
AsOfQuery = Annotated[
    str | None,
    QueryParameter(
        description="A position, a time (RFC 3339) or a day (its end in London); otherwise the last change.",
        examples=[Example(value="2025-12-01T09:00:00Z")],
    ),
]
PeriodQuery = Annotated[
    str | None, QueryParameter(description="A month (2025-11); otherwise each force's newest return.")
]
ByQuery = Annotated[
    str | None,
    QueryParameter(description="Dimensions, with commas between: one of the cases', with or without force or region."),
]
TableQuery = Annotated[str | None, QueryParameter(description="CSV only: cells, attrition, missing or coverage.")]


def national_routes(db: Database, published: Published, clock: Clock) -> Router:
    """``GET /api/national/picture``, for a caller with ``national:read`` of a national body."""

    @get(
        "/picture",
        summary="The national picture: sums of tallies, with their scope, moment and coverage",
        description=(
            "JSON carries the totals, the cells of `by`, attrition by rule, missing attributes and coverage. "
            "CSV (`Accept: text/csv`) carries one table, `?table=cells` unless another is named."
        ),
        operation_id="nationalPicture",
        operation_class=_PictureOperation,
        responses={200: ResponseSpec(PictureDocument, description="The picture", generate_examples=False)},
        tags=["national"],
    )
    async def national_picture(
        request: Request[Any, Any, Any],
        principal: Caller,
        scope_edition: ScopeQuery = None,
        as_of: AsOfQuery = None,
        period: PeriodQuery = None,
        by: ByQuery = None,
        table: TableQuery = None,
    ) -> Response[bytes]:
        del scope_edition, as_of, period, by, table  # for the OpenAPI document; read as they were sent, repeats and all
        require_national(principal)
        media = negotiated(request.headers.get("accept"), OFFERED)
        asked = question(request.query_params.multi_items(), clock())
        if asked.table is not None and media == JSON:
            raise Invalid("JSON carries every table.", "Leave table out, or ask for CSV (Accept: text/csv).")
        async with db.national() as tx:
            found = await answer(tx, published, asked, clock())
        if media == CSV:
            return tagged(request, as_csv(found, asked.table or Table.CELLS).encode(), CSV)
        return tagged(request, msgspec.json.encode(as_document(found)), JSON)

    return Router("/api/national", route_handlers=[national_picture])


def require_national(principal: Principal) -> None:
    """A body with the permission; a force's client never, whatever an issuer gave it."""
    require(principal, Permission.NATIONAL_READ)
    if principal.body is None:
        raise Forbidden("The national picture is for the national bodies.", "Call as one of them.")


def tagged(request: Request[Any, Any, Any], body: bytes, media_type: str) -> Response[bytes]:
    """The answer with a strong ETag over its very bytes, or 304 where the caller has them already.

    Nothing in an answer depends on the clock but which period is due, so the same data gives the same bytes.
    """
    digest = hashlib.sha256(media_type.encode() + b"\n" + body).hexdigest()
    etag = f'"{digest[:32]}"'
    headers = {"ETag": etag, "Vary": "Accept, Authorization", "Cache-Control": "private, no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)
