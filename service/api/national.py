"""Routes of the national picture: who may ask, which media type, and whether the caller has the answer already."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get

from service.api.documented import NAME, Answer, Query, operation
from service.api.identity import Caller
from service.api.negotiation import negotiated
from service.clock import Clock
from service.contract.sheet import XLSX
from service.errors import Forbidden, Invalid
from service.identity.principal import Permission, Principal, require
from service.picture.answer import answer
from service.picture.export import PictureDocument, as_csv, as_document, as_xlsx
from service.picture.question import Table, question
from service.storage.database import Database
from service.terms.check import Published

JSON: Final = "application/json"
CSV: Final = "text/csv"
OFFERED: Final = (JSON, CSV, XLSX)
AS_OF: Final = r"^(?:[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].+)?)$"
"""A position, a time or a day, for the OpenAPI document."""


def table_query(tables: Iterable[str]) -> Query:
    """The parameter ``table`` of an answer that JSON carries whole."""
    return Query(
        name="table",
        description="The one table that CSV carries; XLSX carries it alone where it is named, and JSON carries all.",
        offered=tuple(tables),
    )


SCOPE_THEN: Final = Query(
    name="scope",
    description="A scope edition; otherwise the one that was in force.",
    example="2025-11-wide",
    pattern=NAME,
)
AS_OF_QUERY: Final = Query(
    name="as_of",
    description="A position, a time (RFC 3339) or a day (its end in London); otherwise the last change.",
    example="2025-12-01T09:00:00Z",
    pattern=AS_OF,
)
_QUERY: Final = (
    SCOPE_THEN,
    AS_OF_QUERY,
    Query(
        name="period",
        description="A month; otherwise each force's newest return.",
        example="2025-11",
        pattern="^[0-9]{4}-(0[1-9]|1[0-2])$",
    ),
    Query(
        name="by",
        description="Dimensions, with commas between: one of the cases', with or without force or region.",
        example="force,stage",
        pattern="^[a-z_]+(?:,[a-z_]+)*$",
    ),
    table_query(Table),
)


def national_routes(db: Database, published: Published, clock: Clock) -> Router:
    """``GET /api/national/picture``, for a caller with ``national:read`` of a national body."""

    @get(
        "/picture",
        summary="The national picture: sums of tallies, with their scope, moment and coverage",
        description=(
            "JSON carries the totals, the cells of `by`, attrition by rule, missing attributes and coverage. "
            "CSV (`Accept: text/csv`) carries one table, `?table=cells` unless another is named; a workbook (XLSX) "
            "all, each in a sheet. Needs the permission `national:read` of a national body."
        ),
        operation_id="nationalPicture",
        operation_class=operation(
            Answer(
                shape=PictureDocument,
                says="The picture.",
                headers=("ETag", "Vary"),
                other={
                    CSV: "One table of the picture, with what it is of on every line.",
                    XLSX: "The tables of the picture, a sheet each, with what they are of on every row.",
                },
            ),
            permission=Permission.NATIONAL_READ,
            query=_QUERY,
            kept=True,
            refusals=(
                *("forbidden", "invalid", "period", "no-such-scope", "scope-not-tallied", "no-scope-in-force"),
                *("no-such-period", "period-not-begun", "as-of-in-future", "unknown-by", "deeper-cut"),
            ),
        ),
        tags=["national"],
    )
    async def national_picture(request: Request[Any, Any, Any], principal: Caller) -> Response[bytes]:
        require_national(principal)
        media = negotiated(request.headers.get("accept"), OFFERED)
        asked = question(request.query_params.multi_items(), clock())
        refuse_table_of_json(asked.table, media)
        async with db.national() as tx:
            found = await answer(tx, published, asked, clock())
        if media == XLSX:
            return tagged(request, await asyncio.to_thread(as_xlsx, found, asked.table), XLSX)
        if media == CSV:
            return tagged(request, as_csv(found, asked.table or Table.CELLS).encode(), CSV)
        return tagged(request, msgspec.json.encode(as_document(found)), JSON)

    return Router("/api/national", route_handlers=[national_picture])


def require_national(principal: Principal) -> None:
    """A body with the permission; a force's client never, whatever an issuer gave it."""
    require(principal, Permission.NATIONAL_READ)
    if principal.body is None:
        raise Forbidden("The national picture is for the national bodies.", "Call as one of them.")


def refuse_table_of_json(table: str | None, media: str) -> None:
    """Say nothing, unless one table is named where all are given."""
    if table is not None and media == JSON:
        raise Invalid("JSON carries every table.", "Leave table out, or send Accept: text/csv, or that of XLSX.")


def tagged(request: Request[Any, Any, Any], body: bytes, media_type: str) -> Response[bytes]:
    """The answer with a strong ETag over its very bytes, or 304 where the caller has them already.

    Nothing in an answer depends on the clock but which period is due and which editions are still tallied, so the same
    data gives the same bytes.
    """
    digest = hashlib.sha256(media_type.encode() + b"\n" + body).hexdigest()
    etag = f'"{digest[:32]}"'
    headers = {"ETag": etag, "Vary": "Accept, Authorization", "Cache-Control": "private, no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)
