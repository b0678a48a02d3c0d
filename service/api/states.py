"""Routes of a draft's last states: which there are, and bringing one back."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from service.api.asking import body_of, if_match, parameters
from service.api.call import Calling
from service.api.documented import Answer, Body, operation
from service.api.notice_shapes import NoReasonBody
from service.api.once import once_of
from service.api.replies import listed
from service.api.returns import shown
from service.api.shapes import RestoredDocument, StateList
from service.clock import wire_time
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.returns.held import must_be_open
from service.returns.model import Open, etag_of
from service.returns.states import State, list_states, restore_state


class StatesController(Controller):
    """The last states of an open return's draft."""

    path = "/api/forces/{force:str}/returns/{period:str}/states"
    tags = ["returns"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="The last states of the draft, each as it stood before a file was taken or a state brought back",
        description=(
            "Newest first, three at most; none of a return that is not open. Counts are those of then. Needs the "
            "permission `returns:read`."
        ),
        operation_id="listStates",
        operation_class=operation(
            Answer(shape=StateList, says="The states.", headers=("ETag",)), permission=Permission.RETURNS_READ
        ),
    )
    async def states(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        call.force(Permission.RETURNS_READ)
        parameters(call.request)
        item = await call.reading()
        if not isinstance(item, Open):
            return listed(call.request, [], None, etag=etag_of(item))
        async with call.context.db.force(item.force) as tx:
            found = await list_states(tx, item)
        return listed(call.request, [_state(state, call.request.url.path) for state in found], None, etag=etag_of(item))

    @post(
        "/{number:str}/restore",
        status_code=200,
        summary="Bring back an earlier state of the draft",
        description=(
            "Rows, held rows, withdrawals, cells, workforce and findings are then what they were; words on findings "
            "hold wherever the values are those that they are about. What the draft was until now is kept as a state, "
            "so that this can be undone. A state of another contract version brings that version back with it, and "
            "`notes` says so; one that the terms no longer take for the period is refused. Needs the permission "
            "`returns:write`."
        ),
        operation_id="restoreState",
        operation_class=operation(
            Answer(shape=RestoredDocument, says="The return as it is now.", headers=("ETag",)),
            permission=Permission.RETURNS_WRITE,
            body=Body(shape=NoReasonBody, required=False),
            if_match="The `ETag` of the return; 412 where it has moved since.",
            idempotent=True,
            refusals=("no-such-state", "not-open", "contract-not-accepted", "stored-not-shown"),
        ),
    )
    async def restore(
        self, call: Calling, force: FromPath[str], period: FromPath[str], number: FromPath[str]
    ) -> Response[bytes]:
        del force, period
        item = must_be_open(await call.changing())
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise NotFound(NOT_HERE)
        parameters(call.request)
        await body_of(call.request, NoReasonBody)
        seen = if_match(call.request, etag_of(item))
        done = await restore_state(call.context, call.actor, item, int(number), seen, once=once_of(call, b""))
        return await shown(call, done.item, more={"notes": [] if done.note is None else [done.note]})


def _state(state: State, path: str) -> dict[str, Any]:
    before = state.before
    return {
        "n": state.n,
        "kept_at": wire_time(state.kept_at),
        "contract_version": state.contract_version,
        "before": {
            "what": before.what,
            "part": before.part,
            "mode": before.mode,
            "media": before.media,
            "rows": before.rows,
        },
        "counts": state.counts,
        "links": {"restore": f"{path.rstrip('/')}/{state.n}/restore"},
    }
