"""Routes of scope editions: everyone may read those that are or were proposed; a national body drafts and proposes
one, both confirm it, or either rejects it."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.openapi.spec import Operation
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

from service.api.adopting import Keys, adopter_of, seen_of, sent_draft, sign_of
from service.api.asking import AnyRequest, body_of, parameters, reasoned_body
from service.api.call import Serving
from service.api.difference_shapes import DifferenceDocument, difference_document
from service.api.documented import NAME, Answer, Body, Query, operation
from service.api.identity import Caller
from service.api.national import require_national, tagged
from service.api.once import Tell, answered, told
from service.api.public_documents import scope_document
from service.api.replies import public
from service.api.scope_draft_shapes import (
    ScopeConfirmation,
    ScopeDraft,
    ScopeProposal,
    ScopeRejection,
    ScopeSent,
    draft_document,
)
from service.api.scope_shapes import ScopeDocument, ScopeList, scope_line
from service.clock import london_date
from service.contract.written import JSON, YAML
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission, reads_nationally, require
from service.returns.context import Context
from service.scope.compared import compared
from service.scope.draft import Draft, read_draft
from service.scope.drafts import Stored, all_stored, as_published, stored_by_name
from service.scope.lifecycle import SIGNED_TYPE, confirm, draft, propose, reject, rewrite
from service.scope.store import known
from service.scope.switch import in_the_way
from service.scope.words import edition_in_words
from service.storage.idempotency import Keeping, Known

_WHAT: Final = "Scope editions"
_A: Final = "scope edition"
_SHOWN: Final = {"edition": "2026-06-narrow"}
_IF_MATCH: Final = "The `ETag` of the draft that was read. Required: 428 without."
_BODY: Final = Body(shape=ScopeSent, texts={YAML: "The same as YAML."})
_KEPT: Final = ("ETag", "Cache-Control")
_ANSWER: Final = Answer(shape=ScopeDraft, says="Where it stands.", headers=("ETag",))


def _public(answer: Answer, **shown: str) -> type[Operation]:
    return operation(answer, kept=True, shown=shown, refusals=("parameter", "unavailable"))


class ScopesController(Controller):
    """Scope editions."""

    path = "/api/scopes"
    tags = ["scopes"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Scope editions that are or were proposed, and where each stands",
        description="Who confirmed each, by body. Drafts are for the national bodies. Public: no token is needed.",
        operation_id="listScopes",
        tags=["public"],
        operation_class=_public(Answer(shape=ScopeList, says="The editions.", headers=_KEPT)),
    )
    async def list_scopes(self, request: AnyRequest, context: Serving) -> Response[bytes]:
        parameters(request)
        async with context.db.app() as tx:
            stored = {item.name: item for item in await all_stored(tx)}
        found = [*stored.values(), *(item for item in _in_files(context) if item.name not in stored)]
        items = [scope_line(item) for item in found if item.was_proposed]
        return public(request, {"items": items, "next": None})

    @get(
        "/{edition:str}",
        summary="One scope edition: its rules in order, and the codes that its sets leave out",
        operation_id="getScope",
        tags=["public"],
        operation_class=_public(
            Answer(shape=ScopeDocument, says="The edition.", headers=_KEPT), edition="2025-11-wide"
        ),
    )
    async def get_scope(self, request: AnyRequest, context: Serving, edition: FromPath[str]) -> Response[bytes]:
        parameters(request)
        async with context.db.app() as tx:
            files = (item for item in _in_files(context) if item.name == edition)
            item = await stored_by_name(tx, edition) or next(files, None)
            if item is None or not item.was_proposed:
                raise NotFound(NOT_HERE)
            found = await known(tx, context.editions, item.name, item.hash)
        return public(request, scope_document(found, item, edition_in_words(found, context.library)))

    @post(
        "/",
        status_code=201,
        summary="Draft a scope edition",
        description=(
            "As YAML or JSON, at most 256 KiB; what is wrong is told with line and column. A draft changes no figure, "
            "and nobody but the national bodies reads it. Needs the permission `terms:propose` of a national body."
        ),
        operation_id="draftScope",
        operation_class=operation(
            {201: Answer(shape=ScopeDraft, says="It is a draft.", headers=("ETag",))},
            permission=Permission.TERMS_PROPOSE,
            body=_BODY,
            idempotent=True,
            refusals=("forbidden", "scope-exists", "scope-draft"),
        ),
    )
    async def draft(self, request: AnyRequest, context: Serving, principal: Caller) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_PROPOSE, _WHAT)
        parameters(request)
        sent, content = await _sent(request, context)
        return await answered(
            request,
            context,
            adopter,
            content,
            _tell(context, 201),
            lambda keep: draft(context.db, context.editions, adopter, sent, context.now(), keep),
        )

    @put(
        "/{edition:str}",
        summary="Write a draft anew",
        description=(
            "Only while it is a draft: what is proposed never changes. Needs the permission `terms:propose` of a "
            "national body."
        ),
        operation_id="rewriteScope",
        operation_class=operation(
            _ANSWER,
            permission=Permission.TERMS_PROPOSE,
            body=_BODY,
            if_match=_IF_MATCH,
            must_match=True,
            moved="scope-draft-moved",
            shown=_SHOWN,
            refusals=("forbidden", "no-such-scope", "precondition-required", "scope-frozen", "scope-draft"),
        ),
    )
    async def rewrite(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_PROPOSE, _WHAT)
        parameters(request)
        seen, (sent, _) = seen_of(request), await _sent(request, context)
        done = await rewrite(context.db, adopter, edition, sent, seen, context.now())
        return await told(context, _tell(context), done)

    @get(
        "/{edition:str}/draft",
        summary="An edition on its way: its document, where it stands, and who said what of it",
        description=(
            "Of a draft the `ETag` is what changes and proposals need. Needs the permission `national:read` of a "
            "national body."
        ),
        operation_id="getScopeDraft",
        operation_class=operation(_ANSWER, permission=Permission.NATIONAL_READ, shown=_SHOWN, refusals=("forbidden",)),
    )
    async def get_draft(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        require_national(principal)
        parameters(request)
        async with context.db.national() as tx:
            found = await stored_by_name(tx, edition)
        if found is None:
            raise NotFound(NOT_HERE)
        return await told(context, _tell(context), found)

    @get(
        "/{edition:str}/difference",
        summary="What an edition changes in another: rule by rule, in words",
        description=(
            "Conditions are compared by what they mean, read forward where the contract versions differ. Needs the "
            "permission `national:read` of a national body, or `returns:read` of a force, for which there are only "
            "editions that are or were proposed."
        ),
        operation_id="compareScopes",
        operation_class=operation(
            Answer(shape=DifferenceDocument, says="The difference.", headers=("ETag", "Vary")),
            permission=Permission.NATIONAL_READ,
            or_permission=Permission.RETURNS_READ,
            query=(
                Query(
                    name="against",
                    description="The edition before; otherwise the one that it follows, or the one in force.",
                    example="2025-11-wide",
                    pattern=NAME,
                ),
            ),
            kept=True,
            shown=_SHOWN,
            refusals=("no-such-scope", "scope-changed", "nothing-to-compare"),
        ),
    )
    async def difference(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        national = reads_nationally(principal)
        if not national:
            require(principal, Permission.RETURNS_READ if principal.body is None else Permission.NATIONAL_READ)
        against = parameters(request, "against").get("against")
        async with context.db.app() as tx:
            item = await stored_by_name(tx, edition)
            if item is None or not (national or item.was_proposed):
                raise NotFound(NOT_HERE)
            found = await compared(tx, context.editions, item, against, drafts=national)
        return tagged(request, msgspec.json.encode(difference_document(context.library, found)), JSON)

    @post(
        "/{edition:str}/propose",
        status_code=200,
        summary="Propose a draft: it never changes from then on, and every seal is tallied under it",
        description=(
            "It comes into force when both bodies have confirmed it, nothing remains to be judged under it, and its "
            "day has come. Needs the permission `terms:propose` of a national body."
        ),
        operation_id="proposeScope",
        operation_class=operation(
            Answer(shape=ScopeDraft, says="It is proposed.", headers=("ETag",)),
            permission=Permission.TERMS_PROPOSE,
            body=Body(shape=ScopeProposal, required=False),
            idempotent=True,
            if_match=_IF_MATCH,
            must_match=True,
            moved="scope-draft-moved",
            shown=_SHOWN,
            refusals=(
                *("forbidden", "no-such-scope", "precondition-required", "scope-frozen", "scope-changed"),
                *("scope-draft", "scope-exists", "effective-passed", "tallied-until-passed"),
            ),
        ),
    )
    async def propose(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_PROPOSE, _WHAT)
        parameters(request)
        seen, body = seen_of(request), await body_of(request, ScopeProposal)
        return await answered(
            request,
            context,
            adopter,
            msgspec.json.encode(body),
            _tell(context),
            lambda keep: propose(
                context.db, context.editions, adopter, edition, seen, body.effective, context.now(), keep
            ),
        )

    @post(
        "/{edition:str}/confirm",
        status_code=200,
        summary="Confirm a proposed edition for one's own body, signed",
        description=(
            "Of the content with the hash that is sent. Each body confirms once; with the word of both it comes into "
            "force in one step as soon as nothing remains to be judged: `state` and `waits_for` say which. Needs the "
            "permission `terms:confirm` of a national body."
        ),
        operation_id="confirmScope",
        operation_class=operation(
            Answer(shape=ScopeDraft, says="It is confirmed, and perhaps in force.", headers=("ETag",)),
            permission=Permission.TERMS_CONFIRM,
            body=Body(shape=ScopeConfirmation),
            idempotent=True,
            shown=_SHOWN,
            refusals=(
                *("forbidden", "no-such-scope", "scope-not-proposed", "scope-hash-differs"),
                *("scope-overtaken", "already-confirmed", "scope-exists", "scope-changed", "tallied-until-passed"),
            ),
        ),
    )
    async def confirm(
        self, request: AnyRequest, context: Serving, principal: Caller, signing: Keys, edition: FromPath[str]
    ) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_CONFIRM, _WHAT)
        parameters(request)
        body = await body_of(request, ScopeConfirmation)

        async def work(keep: Keeping[Stored] | None) -> Stored:
            sign = sign_of(signing, SIGNED_TYPE)
            done, _ = await confirm(
                context.db, context.editions, adopter, edition, body.hash, context.now(), sign, keep
            )
            return done

        return await answered(request, context, adopter, msgspec.json.encode(body), _tell(context), work)

    @post(
        "/{edition:str}/reject",
        status_code=200,
        summary="Reject a draft or a proposed edition, with the reason",
        description="By either body. Its name is not given again. Needs the permission `terms:confirm` of one.",
        operation_id="rejectScope",
        operation_class=operation(
            Answer(shape=ScopeDraft, says="It is rejected.", headers=("ETag",)),
            permission=Permission.TERMS_CONFIRM,
            body=Body(shape=ScopeRejection),
            idempotent=True,
            shown=_SHOWN,
            refusals=("forbidden", "no-such-scope", "scope-decided", "reason-missing"),
        ),
    )
    async def reject(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_CONFIRM, _WHAT)
        parameters(request)
        body = await reasoned_body(request, ScopeRejection)
        return await answered(
            request,
            context,
            adopter,
            msgspec.json.encode(body),
            _tell(context),
            lambda keep: reject(context.db, adopter, edition, body.reason, context.now(), keep),
        )


def _in_files(context: Context) -> list[Stored]:
    """The editions that are published in files, whether or not the terms had them taken in."""
    return [as_published(context.editions[name]) for name in context.library.scopes]


def _tell(context: Context, status: int = 200) -> Tell[Stored]:
    """An edition where it stands, with the tag of its draft."""

    async def tell(tx: AsyncConnection, item: Stored) -> Known:
        in_its_way = await in_the_way(tx, item, london_date(context.now()))
        return Known(status, draft_document(item, in_its_way), item.etag)

    return tell


async def _sent(request: AnyRequest, context: Context) -> tuple[Draft, bytes]:
    """The draft that was sent, read, and its bytes."""
    return await sent_draft(request, lambda content, media: read_draft(content, media, context.library), ScopeSent, _A)
