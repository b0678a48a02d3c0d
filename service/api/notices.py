"""Routes of rule notices: everyone may read them; one national body proposes, the other confirms or rejects."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from service.api.adopting import Keys, adopter_of, sign_of
from service.api.asking import AnyRequest, body_of, parameters, reasoned_body
from service.api.call import Serving
from service.api.documented import WORDS, Answer, Body, operation
from service.api.identity import Caller
from service.api.notice_shapes import NoReasonBody, NoticeBody, NoticeDocument, NoticeList, notice_document
from service.api.once import answered
from service.api.replies import public
from service.clock import london_date
from service.contract.notices import SIGNED_TYPE, Notice
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.notices.adopt import confirm, propose, reject
from service.notices.store import AnyNotice, all_notices
from service.returns.context import Context
from service.storage.idempotency import Known

_WHAT: Final = "Rule notices"
_SHOWN: Final = {"id": "2026-01-q335"}


class RejectionBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a notice is not adopted, in words."""

    reason: Annotated[str, Meta(min_length=1, max_length=2000, extra_json_schema={"pattern": WORDS})]


class NoticesController(Controller):
    """Rule notices."""

    path = "/api/rule-notices"
    tags = ["notices"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Rule notices, proposed, in force, superseded and rejected",
        description="For `case-returns validate --notices` too: the answer is the file. Public: no token is needed.",
        operation_id="listNotices",
        tags=["public"],
        operation_class=operation(
            Answer(shape=NoticeList, says="The notices.", headers=("ETag", "Cache-Control")),
            kept=True,
            refusals=("parameter", "unavailable"),
        ),
    )
    async def list_notices(self, request: AnyRequest, context: Serving) -> Response[bytes]:
        parameters(request)
        async with context.db.app() as tx:
            found = await all_notices(tx)
        today = london_date(context.now())
        return public(request, {"items": [notice_document(item, found, today) for item in found], "next": None})

    @get(
        "/{id:str}",
        summary="One rule notice: which rule, how it is treated, from when, why, and who adopted it",
        operation_id="getNotice",
        tags=["public"],
        operation_class=operation(
            Answer(shape=NoticeDocument, says="The notice.", headers=("ETag", "Cache-Control")),
            kept=True,
            shown=_SHOWN,
            refusals=("parameter", "unavailable"),
        ),
    )
    async def get_notice(self, request: AnyRequest, context: Serving, id: FromPath[str]) -> Response[bytes]:  # noqa: A002
        parameters(request)
        async with context.db.app() as tx:
            notices = await all_notices(tx)
        found = next((item for item in notices if item.notice.id == id), None)
        if found is None:
            raise NotFound(NOT_HERE)
        return public(request, notice_document(found, notices, london_date(context.now())))

    @post(
        "/",
        status_code=201,
        summary="Propose a rule notice",
        description=(
            "It comes into force when the other body confirms it, and never changes. Its id is given once: proposed "
            "again it is refused, with which body proposed or decided it, and when. Needs the permission "
            "`terms:propose` of a national body."
        ),
        operation_id="proposeNotice",
        operation_class=operation(
            {201: Answer(shape=NoticeDocument, says="It is proposed.")},
            permission=Permission.TERMS_PROPOSE,
            body=Body(shape=NoticeBody),
            idempotent=True,
            refusals=("forbidden", "notice-refused", "notice-exists"),
        ),
    )
    async def propose(self, request: AnyRequest, context: Serving, principal: Caller) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_PROPOSE, _WHAT)
        parameters(request)
        body = await body_of(request, NoticeBody)
        notice = Notice(
            id=body.id,
            contracts=tuple(body.contracts),
            rule=body.rule,
            severity=body.severity,
            start=body.start,
            until=body.until,
            why=body.why.strip(),
            issued_by=adopter.body,
        )

        return await answered(
            request,
            context,
            adopter,
            msgspec.json.encode(body),
            partial(_told, context, status=201),
            lambda keep: propose(context.db, context.library.contracts, adopter, notice, context.now(), keep),
        )

    @post(
        "/{id:str}/confirm",
        status_code=200,
        summary="Confirm a rule notice that the other body proposed: it is in force then, and signed",
        description="Needs the permission `terms:confirm`, and a token of the body that did not propose it.",
        operation_id="confirmNotice",
        operation_class=operation(
            Answer(shape=NoticeDocument, says="It is in force from its first day on."),
            permission=Permission.TERMS_CONFIRM,
            body=Body(shape=NoReasonBody, required=False),
            idempotent=True,
            shown=_SHOWN,
            refusals=("forbidden", "own-proposal", "notice-decided"),
        ),
    )
    async def confirm(
        self,
        request: AnyRequest,
        context: Serving,
        principal: Caller,
        signing: Keys,
        id: FromPath[str],  # noqa: A002  the name in the path
    ) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_CONFIRM, _WHAT)
        parameters(request)
        await body_of(request, NoReasonBody)
        return await answered(
            request,
            context,
            adopter,
            b"",
            partial(_told, context),
            lambda keep: confirm(context.db, adopter, id, context.now(), sign_of(signing, SIGNED_TYPE), keep),
        )

    @post(
        "/{id:str}/reject",
        status_code=200,
        summary="Reject a rule notice that is proposed, or take back one's own",
        description="Needs the permission `terms:confirm` of a national body.",
        operation_id="rejectNotice",
        operation_class=operation(
            Answer(shape=NoticeDocument, says="It is rejected; its id is not given again."),
            permission=Permission.TERMS_CONFIRM,
            body=Body(shape=RejectionBody),
            idempotent=True,
            shown=_SHOWN,
            refusals=("forbidden", "notice-decided", "reason-missing"),
        ),
    )
    async def reject(
        self,
        request: AnyRequest,
        context: Serving,
        principal: Caller,
        id: FromPath[str],  # noqa: A002  the name in the path
    ) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_CONFIRM, _WHAT)
        parameters(request)
        body = await reasoned_body(request, RejectionBody)
        return await answered(
            request,
            context,
            adopter,
            msgspec.json.encode(body),
            partial(_told, context),
            lambda keep: reject(context.db, adopter, id, body.reason, context.now(), keep),
        )


async def _told(context: Context, tx: AsyncConnection, item: AnyNotice, status: int = 200) -> Known:
    """A notice as it is shown, beside those that there are."""
    return Known(status, notice_document(item, await all_notices(tx), london_date(context.now())))
