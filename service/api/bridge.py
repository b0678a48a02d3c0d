"""The route of the bridge: why the national figure at one point is not the one at another."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Controller, Request, Response, get

from service.api.call import Serving
from service.api.documented import NAME, Answer, Query, operation
from service.api.identity import Caller
from service.api.national import AS_OF, CSV, JSON, require_national, tagged
from service.api.negotiation import negotiated
from service.api.public import Given
from service.identity.principal import Permission
from service.picture.bridge_answer import bridge_answer
from service.picture.bridge_export import BridgeDocument, as_csv, as_document
from service.picture.bridge_question import bridge_question
from service.picture.waterfall import waterfall

SVG: Final = "image/svg+xml"
_QUERY: Final = (
    Query(
        name="from",
        description="The opening: a position, a time or a day, as as_of of the picture; otherwise the last change.",
        example="2025-12-01",
        pattern=AS_OF,
    ),
    Query(name="to", description="The closing, likewise.", example="2026-03-01", pattern=AS_OF),
    Query(
        name="from_scope",
        description="The edition of the opening; otherwise the one that was in force.",
        example="2025-11-wide",
        pattern=NAME,
    ),
    Query(
        name="to_scope",
        description="The edition of the closing; otherwise the one that was in force.",
        example="2026-02-referral",
        pattern=NAME,
    ),
    Query(name="by", description="Also the bridge of each force.", offered=("force",)),
)


class BridgeController(Controller):
    """The bridge."""

    path = "/api/national/bridge"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="The bridge between two points of the national figure, split exactly by cause",
        description=(
            "A point is a moment and a scope edition. The parts are whole numbers that make up the difference, for "
            "least, in scope and most; they come from what was stored when returns were sealed and judged, not from "
            "reading cases. `taken_over` is what went out with forces that another took over, beside what came in with "
            "its first return since, and of each part how much of it did. JSON, CSV (`Accept: text/csv`) or a "
            "waterfall (`Accept: image/svg+xml`). Needs the permission `national:read` of a national body."
        ),
        operation_id="nationalBridge",
        operation_class=operation(
            Answer(
                shape=BridgeDocument,
                says="The bridge.",
                headers=("ETag", "Vary"),
                other={
                    CSV: "A row the opening, each part, and the closing; on every row the editions, by name and hash.",
                    SVG: "A waterfall, to be printed.",
                },
            ),
            permission=Permission.NATIONAL_READ,
            query=_QUERY,
            kept=True,
            refusals=(
                *("forbidden", "invalid", "no-such-scope", "scope-not-tallied", "no-scope-in-force"),
                *("as-of-in-future", "points-out-of-order", "no-way-between", "not-judged-yet", "not-tallied-any-more"),
            ),
        ),
    )
    async def get_bridge(
        self, request: Request[Any, Any, Any], context: Serving, published: Given, principal: Caller
    ) -> Response[bytes]:
        require_national(principal)
        media = negotiated(request.headers.get("accept"), (JSON, CSV, SVG))
        asked = bridge_question(request.query_params.multi_items(), context.now())
        async with context.db.national() as tx:
            told = await bridge_answer(tx, published, asked, context.now())
        if media == SVG:
            return tagged(request, waterfall(told).encode(), SVG)
        if media == CSV:
            return tagged(request, as_csv(told, by_force=asked.by_force).encode(), CSV)
        return tagged(request, msgspec.json.encode(as_document(told, by_force=asked.by_force)), JSON)
