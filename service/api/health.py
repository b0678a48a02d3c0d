"""Whether the process lives, and whether it can serve: for whoever starts and watches it."""

from __future__ import annotations

from litestar import Controller, Response, get

from service.api.asking import AnyRequest, parameters
from service.api.call import Serving
from service.api.documented import Answer, operation
from service.api.replies import document
from service.api.shapes import HealthDocument
from service.clock import london_date
from service.errors import NotFound, Unavailable
from service.scope.store import edition_in_force


class HealthController(Controller):
    """Liveness and readiness."""

    path = "/health"
    tags = ["health"]  # noqa: RUF012  Litestar's own form

    @get(
        "/live",
        summary="The process answers",
        operation_id="healthLive",
        operation_class=operation(Answer(shape=HealthDocument, says="It does."), refusals=("parameter",)),
    )
    async def live(self, request: AnyRequest) -> Response[bytes]:
        parameters(request)
        return document({"status": "live"})

    @get(
        "/ready",
        summary="The database answers, and there are terms to report under; 503 until then",
        operation_id="healthReady",
        operation_class=operation(
            Answer(shape=HealthDocument, says="It can serve."), refusals=("parameter", "unavailable")
        ),
    )
    async def ready(self, request: AnyRequest, context: Serving) -> Response[bytes]:
        parameters(request)
        async with context.db.app() as tx:
            try:
                await edition_in_force(tx, context.editions, london_date(context.now()))
            except NotFound:
                raise Unavailable("No terms of reference are adopted yet.", "Wait until the start is done.") from None
        return document({"status": "ready"})
