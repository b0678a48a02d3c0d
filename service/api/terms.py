"""Routes of editions of the terms: everyone may read those that are or were proposed; a national body drafts and
proposes one, both confirm it, or either rejects it. As scope editions are (``scopes.py``)."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.openapi.spec import Operation
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncConnection

from service.api.adopting import Keys, adopter_of, seen_of, sent_draft, sign_of
from service.api.asking import AnyRequest, body_of, parameters, reasoned_body
from service.api.call import Following, Serving
from service.api.documented import NAME, Answer, Body, Query, operation
from service.api.identity import Caller
from service.api.national import require_national, tagged
from service.api.once import Tell, answered, told
from service.api.public import Given
from service.api.replies import public
from service.api.scope_draft_shapes import ScopeConfirmation, ScopeProposal, ScopeRejection
from service.api.terms_shapes import (
    TermsDifference,
    TermsDocument,
    TermsDraftShown,
    TermsList,
    TermsSent,
    terms_document,
    terms_draft_document,
    terms_line,
)
from service.clock import london_date
from service.contract.written import JSON, YAML
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.returns.context import Context
from service.storage.idempotency import Keeping, Known
from service.terms.difference_document import document_of
from service.terms.draft import TermsDraft, read_terms_draft
from service.terms.editions import Standing, edition_before, holds_from, terms_editions
from service.terms.history import to_know
from service.terms.lifecycle import (
    SIGNED_TYPE,
    confirm_terms,
    draft_terms,
    propose_terms,
    reject_terms,
    rewrite_terms,
)
from service.terms.load import titles_of
from service.terms.store import StoredTerms, terms_by_name
from service.terms.switch import refused_after, terms_in_the_way

_WHAT: Final = "Editions of the terms"
_A: Final = "edition of the terms"
_SHOWN: Final = {"edition": "2027-01"}
_IF_MATCH: Final = "The `ETag` of the draft that was read. Required: 428 without."
_BODY: Final = Body(shape=TermsSent, texts={YAML: "The same as YAML."})
_KEPT: Final = ("ETag", "Cache-Control")
_ANSWER: Final = Answer(shape=TermsDraftShown, says="Where it stands.", headers=("ETag",))
_OPEN: Final = (Standing.DRAFT, Standing.PROPOSED)


def _public(answer: Answer, **shown: str) -> type[Operation]:
    return operation(answer, kept=True, shown=shown, refusals=("parameter", "unavailable"))


class TermsController(Controller):
    """Editions of the terms."""

    path = "/api/terms"
    tags = ["terms"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Editions of the terms of reference, and where each stands",
        description="Who confirmed each, by body. Drafts are for the national bodies. Public: no token is needed.",
        operation_id="listTerms",
        tags=["public"],
        operation_class=_public(Answer(shape=TermsList, says="The editions.", headers=_KEPT)),
    )
    async def list_terms(self, request: AnyRequest, published: Given, context: Serving) -> Response[bytes]:
        parameters(request)
        async with context.db.app() as tx:
            found = await terms_editions(tx, published.terms)
        return public(request, {"items": [terms_line(each) for each in found.values() if each.is_public], "next": None})

    @get(
        "/{edition:str}",
        summary="One edition: contract versions, calendar, milestones, forces, and where it stands",
        operation_id="getTerms",
        tags=["public"],
        operation_class=_public(Answer(shape=TermsDocument, says="The edition.", headers=_KEPT)),
    )
    async def get_terms(
        self, request: AnyRequest, published: Given, context: Serving, edition: FromPath[str]
    ) -> Response[bytes]:
        parameters(request)
        async with context.db.app() as tx:
            found = (await terms_editions(tx, published.terms)).get(edition)
        if found is None or not found.is_public:
            raise NotFound(NOT_HERE)
        return public(request, terms_document(found))

    @post(
        "/",
        status_code=201,
        summary="Draft an edition of the terms",
        description=(
            "As YAML or JSON, at most 256 KiB; what is wrong is told with line and column. It names no scope edition "
            "and no day of adoption. A draft changes nothing, and nobody but the national bodies reads it. Needs the "
            "permission `terms:propose` of a national body."
        ),
        operation_id="draftTerms",
        operation_class=operation(
            {201: Answer(shape=TermsDraftShown, says="It is a draft.", headers=("ETag",))},
            permission=Permission.TERMS_PROPOSE,
            body=_BODY,
            idempotent=True,
            refusals=("forbidden", "terms-exists", "terms-draft"),
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
            lambda keep: draft_terms(context.db, context.library, adopter, sent, context.now(), keep),
        )

    @put(
        "/{edition:str}",
        summary="Write a draft of the terms anew",
        description=(
            "Only while it is a draft: what is proposed never changes. Needs the permission `terms:propose` of a "
            "national body."
        ),
        operation_id="rewriteTerms",
        operation_class=operation(
            _ANSWER,
            permission=Permission.TERMS_PROPOSE,
            body=_BODY,
            if_match=_IF_MATCH,
            must_match=True,
            moved="terms-draft-moved",
            shown=_SHOWN,
            refusals=("forbidden", "no-such-terms", "precondition-required", "terms-frozen", "terms-draft"),
        ),
    )
    async def rewrite(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_PROPOSE, _WHAT)
        parameters(request)
        seen, (sent, _) = seen_of(request), await _sent(request, context)
        done = await rewrite_terms(context.db, adopter, edition, sent, seen, context.now())
        return await told(context, _tell(context), done)

    @get(
        "/{edition:str}/draft",
        summary="An edition of the terms on its way: its document, where it stands, and who said what of it",
        description=(
            "Of a draft the `ETag` is what changes and proposals need. Needs the permission `national:read` of a "
            "national body."
        ),
        operation_id="getTermsDraft",
        operation_class=operation(_ANSWER, permission=Permission.NATIONAL_READ, shown=_SHOWN, refusals=("forbidden",)),
    )
    async def get_draft(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        require_national(principal)
        parameters(request)
        async with context.db.national() as tx:
            found = await terms_by_name(tx, edition)
        if found is None:
            raise NotFound(NOT_HERE)
        return await told(context, _tell(context), found)

    @get(
        "/{edition:str}/difference",
        summary="What an edition of the terms changes in another, in words",
        description=(
            "Forces that join, leave or are followed by another; contract versions; calendar; milestones; and what of "
            "the past is in its way. Needs the permission `national:read` of a national body."
        ),
        operation_id="compareTerms",
        operation_class=operation(
            Answer(shape=TermsDifference, says="The difference.", headers=("ETag", "Vary")),
            permission=Permission.NATIONAL_READ,
            query=(
                Query(
                    name="against",
                    description="The edition before; otherwise the one that it follows, or the one in force.",
                    example="2025-11",
                    pattern=NAME,
                ),
            ),
            kept=True,
            shown=_SHOWN,
            refusals=("forbidden", "no-such-terms", "nothing-to-compare"),
        ),
    )
    async def difference(
        self, request: AnyRequest, published: Given, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        require_national(principal)
        against = parameters(request, "against").get("against")
        async with context.db.national() as tx:
            editions = await terms_editions(tx, published.terms)
            found = editions.get(edition)
            if found is None:
                raise NotFound(NOT_HERE)
            other = edition_before(editions, found, against)
            now = context.now()
            in_its_way: tuple[str, ...] = ()
            if found.kept is not None and found.standing in _OPEN and other.standing is Standing.IN_FORCE:
                in_its_way = await refused_after(tx, context.library, other.terms, found.kept, now)
        shown = document_of(
            other.terms,
            found.terms,
            titles_of(context.library, found.terms),
            in_its_way=in_its_way,
            to_know=to_know(other.terms, found.terms, holds_from(found, london_date(now))),
        )
        return tagged(request, msgspec.json.encode(shown), JSON)

    @post(
        "/{edition:str}/propose",
        status_code=200,
        summary="Propose a draft of the terms: it never changes from then on",
        description=(
            "It comes into force when both bodies have confirmed it and its day has come. Terms that would move what "
            "was expected or reported before are refused. Needs the permission `terms:propose` of a national body."
        ),
        operation_id="proposeTerms",
        operation_class=operation(
            Answer(shape=TermsDraftShown, says="It is proposed.", headers=("ETag",)),
            permission=Permission.TERMS_PROPOSE,
            body=Body(shape=ScopeProposal, required=False),
            idempotent=True,
            if_match=_IF_MATCH,
            must_match=True,
            moved="terms-draft-moved",
            shown=_SHOWN,
            refusals=(
                *("forbidden", "no-such-terms", "precondition-required", "terms-frozen", "terms-history"),
                *("terms-draft", "terms-exists", "terms-changed", "effective-passed"),
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
            lambda keep: propose_terms(
                context.db, context.library, adopter, edition, seen, body.effective, context.now(), keep
            ),
        )

    @post(
        "/{edition:str}/confirm",
        status_code=200,
        summary="Confirm proposed terms for one's own body, signed",
        description=(
            "Of the content with the hash that is sent. Each body confirms once; with the word of both they come into "
            "force in one step, at once or on their day: `state` and `waits_for` say which. Needs the permission "
            "`terms:confirm` of a national body."
        ),
        operation_id="confirmTerms",
        operation_class=operation(
            Answer(shape=TermsDraftShown, says="It is confirmed, and perhaps in force.", headers=("ETag",)),
            permission=Permission.TERMS_CONFIRM,
            body=Body(shape=ScopeConfirmation),
            idempotent=True,
            shown=_SHOWN,
            refusals=(
                *("forbidden", "no-such-terms", "terms-not-proposed", "terms-hash-differs"),
                *("terms-overtaken", "already-confirmed", "terms-exists", "terms-history"),
                *("terms-draft", "terms-changed"),
            ),
        ),
    )
    async def confirm(
        self,
        request: AnyRequest,
        context: Serving,
        current: Following,
        principal: Caller,
        signing: Keys,
        edition: FromPath[str],
    ) -> Response[bytes]:
        adopter = adopter_of(principal, Permission.TERMS_CONFIRM, _WHAT)
        parameters(request)
        body = await body_of(request, ScopeConfirmation)

        async def work(keep: Keeping[StoredTerms] | None) -> StoredTerms:
            sign, now = sign_of(signing, SIGNED_TYPE), context.now()
            done, _ = await confirm_terms(context.db, context.library, adopter, edition, body.hash, now, sign, keep)
            return done

        answer = await answered(request, context, adopter, msgspec.json.encode(body), _tell(context), work)
        await current.look()
        return answer

    @post(
        "/{edition:str}/reject",
        status_code=200,
        summary="Reject a draft or a proposed edition of the terms, with the reason",
        description="By either body. Its name is not given again. Needs the permission `terms:confirm` of one.",
        operation_id="rejectTerms",
        operation_class=operation(
            Answer(shape=TermsDraftShown, says="It is rejected.", headers=("ETag",)),
            permission=Permission.TERMS_CONFIRM,
            body=Body(shape=ScopeRejection),
            idempotent=True,
            shown=_SHOWN,
            refusals=("forbidden", "no-such-terms", "terms-decided", "reason-missing"),
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
            lambda keep: reject_terms(context.db, adopter, edition, body.reason, context.now(), keep),
        )


def _tell(context: Context, status: int = 200) -> Tell[StoredTerms]:
    """An edition where it stands, with the tag of its draft."""

    async def tell(tx: AsyncConnection, item: StoredTerms) -> Known:
        in_its_way = await terms_in_the_way(tx, context.library, item, context.now())
        return Known(status, terms_draft_document(item, in_its_way), item.etag)

    return tell


async def _sent(request: AnyRequest, context: Context) -> tuple[TermsDraft, bytes]:
    """The draft that was sent, read, and its bytes."""
    return await sent_draft(
        request, lambda content, media: read_terms_draft(content, media, context.library), TermsSent, _A
    )
